package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** ListOffsets, OffsetForLeaderEpoch and DeleteRecords. */
final class OffsetCases {
    private final Exchange exchange;

    private OffsetCases(Exchange exchange) {
        this.exchange = exchange;
    }

    static void run(Exchange exchange) throws IOException {
        Uuid id = Topics.make(exchange, "listed", 3);
        for (int batch = 0; batch < 4; batch++) {
            exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, "listed", id, 0, Batches.plain(3)));
        }
        long[] times = {500, 900, 700, 900, 100};
        for (long time : times) {
            var batch = MemoryRecords.withRecords(Compression.gzip().build(), Batches.record(Batches.THEN + time, "a", "a"),
                Batches.record(Batches.THEN + time - 50, "b", "b"));
            exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, "listed", id, 1, batch));
        }
        OffsetCases cases = new OffsetCases(exchange);
        cases.listed("");
        cases.epochs();
        cases.deleted();
        cases.listed(", after deletions");
    }

    private void listed(String when) throws IOException {
        for (int partition = 0; partition < 3; partition++) {
            int index = partition;
            for (long time = -7; time <= -1; time++) {
                long asked = time;
                for (byte isolation = 0; isolation < 2; isolation++) {
                    byte level = isolation;
                    each("time " + asked + " of partition " + index + ", isolation " + level + when, v ->
                        list("listed", at(index, asked)).setIsolationLevel(v >= 2 ? level : 0));
                }
            }
            for (long time : new long[] {0, 1, 2, 100, 449, 450, 451, 500, 899, 900, 901, 1_000_000}) {
                each("time " + time + " after the first of partition " + index + when, v ->
                    list("listed", at(index, Batches.THEN + time)));
            }
            each("time 0 of partition " + index + when, v -> list("listed", at(index, 0)));
        }
        for (int epoch : new int[] {-1, 0, 1, -2}) {
            each("leader epoch " + epoch + when, v -> v < 4 ? null : list("listed", at(0, -1).setCurrentLeaderEpoch(epoch)));
        }
        each("a partition twice" + when, v -> list("listed", at(0, -1), at(1, -1), at(0, -2)));
        each("unknown partition" + when, v -> list("listed", at(9, -1), at(-1, -1), at(0, -1)));
        each("unknown topic" + when, v -> list("nobody", at(0, -1)));
        each("illegal topic" + when, v -> list("a b", at(0, -1)));
        each("no partition" + when, v -> list("listed"));
        each("a replica that is none" + when, v -> list("listed", at(0, -1)).setReplicaId(77));
        each("a debugging consumer" + when, v -> list("listed", at(0, -1)).setReplicaId(-2));
        each("unknown isolation" + when, v -> list("listed", at(0, -1)).setIsolationLevel((byte) (v >= 2 ? 7 : 0)));
    }

    private static ListOffsetsPartition at(int index, long timestamp) {
        return new ListOffsetsPartition().setPartitionIndex(index).setTimestamp(timestamp);
    }

    private static ListOffsetsRequestData list(String topic, ListOffsetsPartition... partitions) {
        var one = new ListOffsetsTopic().setName(topic).setPartitions(List.of(partitions));
        return new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(one));
    }

    private interface Versioned {
        ListOffsetsRequestData request(int version);
    }

    private void each(String title, Versioned request) throws IOException {
        exchange.each(ApiKeys.LIST_OFFSETS, title, request::request);
    }

    private void epochs() throws IOException {
        for (int current : new int[] {-1, 0, 1}) {
            for (int epoch : new int[] {-2, -1, 0, 1, 77}) {
                exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "epoch " + epoch + " for one who knows " + current, v ->
                    epochOf("listed", 0, epoch, current));
            }
        }
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "an empty partition", v -> epochOf("listed", 2, 0, -1));
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "unknown partition", v -> epochOf("listed", 9, 0, -1));
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "unknown topic", v -> epochOf("nobody", 0, 0, -1));
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "nothing", v -> new OffsetForLeaderEpochRequestData());
    }

    private static OffsetForLeaderEpochRequestData epochOf(String name, int index, int epoch, int current) {
        var partition = new OffsetForLeaderPartition().setPartition(index).setLeaderEpoch(epoch);
        var topic = new OffsetForLeaderTopic().setTopic(name).setPartitions(List.of(partition.setCurrentLeaderEpoch(current)));
        var request = new OffsetForLeaderEpochRequestData().setReplicaId(-1);
        request.topics().mustAdd(topic);
        return request;
    }

    private void deleted() throws IOException {
        for (long offset : new long[] {-2, -1, 0, 2, 1, 5, 12, 13, Long.MAX_VALUE}) {
            exchange.each(ApiKeys.DELETE_RECORDS, "up to " + offset, v -> delete("listed", before(v == 0 ? 2 : 0, offset)));
        }
        exchange.each(ApiKeys.DELETE_RECORDS, "two partitions, one unknown", v -> delete("listed", before(1, 3), before(9, 1), before(-1, 1)));
        exchange.each(ApiKeys.DELETE_RECORDS, "unknown topic", v -> delete("nobody", before(0, 0)));
        exchange.each(ApiKeys.DELETE_RECORDS, "nothing", v -> new DeleteRecordsRequestData());
        Topics.make(exchange, "kept", 1, "cleanup.policy=compact");
        exchange.each(ApiKeys.DELETE_RECORDS, "of a compacted topic", v -> delete("kept", before(0, 0)));
    }

    private static DeleteRecordsPartition before(int index, long offset) {
        return new DeleteRecordsPartition().setPartitionIndex(index).setOffset(offset);
    }

    private static DeleteRecordsRequestData delete(String topic, DeleteRecordsPartition... partitions) {
        var one = new DeleteRecordsTopic().setName(topic).setPartitions(new ArrayList<>(List.of(partitions)));
        return new DeleteRecordsRequestData().setTimeoutMs(10_000).setTopics(List.of(one));
    }
}
