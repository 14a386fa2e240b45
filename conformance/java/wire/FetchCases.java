package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/** Fetch without sessions: bounds of bytes, positions, epochs, isolation, and partitions that are not there. */
final class FetchCases {
    private final Exchange exchange;
    private final Uuid id;

    private FetchCases(Exchange exchange, Uuid id) {
        this.exchange = exchange;
        this.id = id;
    }

    static void run(Exchange exchange) throws IOException {
        FetchCases cases = new FetchCases(exchange, Topics.make(exchange, "fetched", 3));
        for (int batch = 0; batch < 5; batch++) {
            exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, "fetched", cases.id, 0, Batches.plain(3)));
            exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, "fetched", cases.id, 1, Batches.plain(1)));
        }
        cases.positions();
        cases.bounds();
        cases.epochs();
        cases.strangers();
    }

    private void positions() throws IOException {
        for (long offset : new long[] {0, 1, 3, 14, 15}) {
            each("offset " + offset + " of 15", v -> one(v, partition(0, offset)));
            each("offset " + offset + " of 15, read committed", v -> one(v, partition(0, offset)).setIsolationLevel((byte) 1));
        }
        for (long offset : new long[] {16, -1, -2, Long.MAX_VALUE}) {
            each("offset " + offset + " of 15", v -> one(v, partition(0, offset)));
        }
        each("an empty partition", v -> one(v, partition(2, 0)));
        each("unknown isolation", v -> one(v, partition(0, 0)).setIsolationLevel((byte) 7));
        each("no topic", v -> request());
        each("no partition", v -> one(v));
    }

    private void bounds() throws IOException {
        for (int bytes : new int[] {0, 1, 100, 200, 300, -1}) {
            each("partition max bytes " + bytes, v -> one(v, partition(0, 0).setPartitionMaxBytes(bytes)));
            each("max bytes " + bytes, v -> one(v, partition(0, 0)).setMaxBytes(bytes));
            each("max bytes " + bytes + ", two partitions", v -> one(v, partition(0, 0), partition(1, 0)).setMaxBytes(bytes));
            each("partition max bytes " + bytes + ", two partitions", v ->
                one(v, partition(1, 0).setPartitionMaxBytes(bytes), partition(0, 0).setPartitionMaxBytes(bytes)));
        }
        each("an empty partition first and few bytes", v -> one(v, partition(2, 0), partition(0, 0)).setMaxBytes(1));
        each("min bytes that are there", v -> one(v, partition(0, 0)).setMinBytes(100).setMaxWaitMs(60_000));
        each("min bytes that are not there", v -> one(v, partition(0, 0)).setMinBytes(1_000_000).setMaxWaitMs(1));
        each("min bytes 0 at the end", v -> one(v, partition(0, 15)).setMinBytes(0).setMaxWaitMs(60_000));
        each("a wait below 0", v -> one(v, partition(0, 15)).setMinBytes(1).setMaxWaitMs(-1));
        each("an error does not wait", v -> one(v, partition(0, 15), partition(1, 99)).setMinBytes(1).setMaxWaitMs(60_000));
        long asked = System.nanoTime();
        exchange.last(ApiKeys.FETCH, "an unknown partition beside one that waits",
            one(18, partition(0, 15), partition(9, 0)).setMinBytes(1).setMaxWaitMs(400));
        boolean waited = System.nanoTime() - asked >= 400_000_000L;
        exchange.print("FETCH", 18, "an unknown partition lets others wait", exchange.normal.word(waited ? "waited" : "at once"));
        each("one partition twice", v -> one(v, partition(0, 0), partition(0, 3)));
        each("one topic twice", v -> request(topic(v, "fetched", id, partition(0, 0)), topic(v, "fetched", id, partition(1, 0))));
    }

    private void epochs() throws IOException {
        for (int epoch : new int[] {-1, 0, 1, 9, -2}) {
            each("leader epoch " + epoch, v -> v < 9 ? null : one(v, partition(0, 3).setCurrentLeaderEpoch(epoch)));
            each("last fetched epoch " + epoch, v -> v < 12 ? null : one(v, partition(0, 3).setLastFetchedEpoch(epoch)));
            each("last fetched epoch " + epoch + " past the end", v ->
                v < 12 ? null : one(v, partition(0, 30).setLastFetchedEpoch(epoch).setCurrentLeaderEpoch(0)));
        }
    }

    private void strangers() throws IOException {
        for (int index : new int[] {3, -1}) {
            each("partition " + index, v -> one(v, partition(index, 0)));
        }
        each("unknown topic", v -> request(topic(v, "nobody", new Uuid(7, 7), partition(0, 0))));
        each("no id or name", v -> request(topic(v, "", Uuid.ZERO_UUID, partition(0, 0))));
        each("illegal name", v -> request(topic(v, "a b", new Uuid(7, 8), partition(0, 0))));
        each("unknown and known", v ->
            request(topic(v, "nobody", new Uuid(7, 7), partition(0, 0)), topic(v, "fetched", id, partition(1, 4))));
        each("a replica that is none", v -> v >= 15 ? null : one(v, partition(0, 0)).setReplicaId(77));
        each("a debugging consumer", v -> v >= 15 ? null : one(v, partition(0, 0)).setReplicaId(-2));
        each("a rack", v -> one(v, partition(0, 0)).setRackId(v >= 11 ? "r" : ""));
        each("another cluster", v -> v < 12 ? null : one(v, partition(0, 0)).setClusterId("another"));
    }

    static FetchPartition partition(int index, long offset) {
        var partition = new FetchPartition().setPartition(index).setFetchOffset(offset);
        return partition.setPartitionMaxBytes(1 << 20);
    }

    static FetchTopic topic(int version, String name, Uuid id, FetchPartition... partitions) {
        FetchTopic topic = new FetchTopic().setPartitions(new ArrayList<>(List.of(partitions)));
        return version >= 13 ? topic.setTopicId(id) : topic.setTopic(name);
    }

    static FetchRequestData request(FetchTopic... topics) {
        return new FetchRequestData().setMaxBytes(1 << 20).setMinBytes(0).setMaxWaitMs(0).setTopics(List.of(topics));
    }

    private FetchRequestData one(int version, FetchPartition... partitions) {
        return request(topic(version, "fetched", id, partitions));
    }

    private interface Versioned {
        FetchRequestData request(int version);
    }

    private void each(String title, Versioned request) throws IOException {
        exchange.each(ApiKeys.FETCH, title, request::request);
    }
}
