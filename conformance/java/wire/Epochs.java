package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * A partition whose leader was elected several times, with records in some of the epochs.
 *
 * <p>Arguments: host, port, then what to do in this life of the broker: "make", "write" and a number of records, or
 * "ask". Where each epoch ends, what a fetch is told that goes on from an epoch it took part in or did not, and what
 * one is told that knows another leader epoch, is printed.
 */
public final class Epochs {
    private static final String NAME = "epochs";
    private static final int LAST_EPOCH = 12;
    private static final int LAST_OFFSET = 13;

    private final Exchange exchange;
    private Uuid id;

    private Epochs(Exchange exchange) {
        this.exchange = exchange;
    }

    public static void main(String[] arguments) throws Exception {
        Epochs epochs = new Epochs(new Exchange(arguments[0], Integer.parseInt(arguments[1])));
        switch (arguments[2]) {
            case "make" -> Topics.make(epochs.exchange, NAME, 2);
            case "write" -> epochs.write(Integer.parseInt(arguments[3]));
            default -> epochs.ask();
        }
        System.out.flush();
    }

    private void write(int records) throws IOException {
        id = Topics.served(exchange, NAME, 2);
        exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, NAME, id, 0, Batches.plain(records)));
    }

    private void ask() throws IOException {
        id = Topics.served(exchange, NAME, 2);
        exchange.each(ApiKeys.METADATA, "after elections", v -> new MetadataRequestData()
            .setAllowAutoTopicCreation(true).setTopics(List.of(new MetadataRequestTopic().setName(NAME))));
        for (int partition = 0; partition < 2; partition++) {
            int index = partition;
            for (int epoch = -1; epoch <= LAST_EPOCH; epoch++) {
                int asked = epoch;
                exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "end of epoch " + epoch + " of " + partition, v ->
                    end(index, asked, -1));
                exchange.last(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "end of epoch 0 of " + partition + " by one who knows " + epoch,
                    end(index, 0, epoch));
                each("time -1 of " + partition + " by one who knows " + epoch, -1, index, epoch);
                fetch("by one who knows " + epoch, index, 0, epoch, -1);
                for (long offset = 0; offset <= LAST_OFFSET; offset++) {
                    fetch("going on from epoch " + epoch, index, offset, -1, epoch);
                }
            }
            for (long time = -6; time <= -1; time++) {
                each("time " + time + " of " + partition, time, index, -1);
            }
            for (long time = 0; time < 5; time++) {
                each("time " + time + " after the first of " + partition, Batches.THEN + time, index, -1);
            }
        }
        for (byte isolation = 0; isolation < 2; isolation++) {
            byte level = isolation;
            exchange.each(ApiKeys.FETCH, "far beyond the end of epoch 0, isolation " + level, v -> v < 12 ? null
                : FetchCases.request(topic(v, partition(0, LAST_OFFSET, -1, 0))).setSessionEpoch(-1).setIsolationLevel(level));
        }
        session();
    }

    /** News of a diverging epoch reaches a session too. */
    private void session() throws IOException {
        for (int version = 12; version <= Exchange.latest(ApiKeys.FETCH); version++) {
            var begin = FetchCases.request(topic(version, partition(0, 1, -1, 0), partition(1, 0, -1, 0)));
            var begun = exchange.tell(ApiKeys.FETCH, version, "session begun", begin.setSessionEpoch(0));
            int session = ((org.apache.kafka.common.message.FetchResponseData) begun).sessionId();
            for (int epoch = 1; epoch < 3; epoch++) {
                var next = FetchCases.request(topic(version, partition(0, LAST_OFFSET, -1, epoch)));
                exchange.tell(ApiKeys.FETCH, version, "session goes on", next.setSessionId(session).setSessionEpoch(epoch));
            }
        }
    }

    private void fetch(String title, int partition, long offset, int known, int last) throws IOException {
        exchange.each(ApiKeys.FETCH, "offset " + offset + " of " + partition + " " + title, v -> v < 12 && last >= 0 ? null
            : FetchCases.request(topic(v, partition(partition, offset, v >= 9 ? known : -1, last))).setSessionEpoch(-1));
    }

    private static FetchPartition partition(int index, long offset, int known, int last) {
        return FetchCases.partition(index, offset).setCurrentLeaderEpoch(known).setLastFetchedEpoch(last);
    }

    private org.apache.kafka.common.message.FetchRequestData.FetchTopic topic(int version, FetchPartition... partitions) {
        return FetchCases.topic(version, NAME, id, partitions);
    }

    private static OffsetForLeaderEpochRequestData end(int index, int epoch, int known) {
        var partition = new OffsetForLeaderPartition().setPartition(index).setLeaderEpoch(epoch);
        var topic = new OffsetForLeaderTopic().setTopic(NAME).setPartitions(List.of(partition.setCurrentLeaderEpoch(known)));
        var request = new OffsetForLeaderEpochRequestData().setReplicaId(-1);
        request.topics().mustAdd(topic);
        return request;
    }

    private void each(String title, long time, int index, int known) throws IOException {
        exchange.each(ApiKeys.LIST_OFFSETS, title, v -> {
            var partition = new ListOffsetsPartition().setPartitionIndex(index).setTimestamp(time);
            var topic = new ListOffsetsTopic().setName(NAME);
            topic.setPartitions(List.of(partition.setCurrentLeaderEpoch(v >= 4 ? known : -1)));
            return new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(topic));
        });
    }
}
