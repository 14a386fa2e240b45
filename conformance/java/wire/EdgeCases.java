package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/** What no client of good sense sends: the same thing twice in one request, numbers from the ends of their range. */
final class EdgeCases {
    private static final String NAME = "edges";
    private static final int[] FAR = {Integer.MIN_VALUE, -3, -2, Integer.MAX_VALUE};

    private final Exchange exchange;
    private final Uuid id;

    private EdgeCases(Exchange exchange) throws IOException {
        this.exchange = exchange;
        this.id = Topics.make(exchange, NAME, 3);
    }

    static void run(Exchange exchange) throws IOException {
        EdgeCases cases = new EdgeCases(exchange);
        cases.produced();
        cases.contradicted();
        cases.fetched();
        cases.listed();
        cases.epochs();
        cases.deleted();
        cases.described();
        cases.producers();
    }

    private void produced() throws IOException {
        exchange.each(ApiKeys.PRODUCE, "one partition twice", v -> v < 3 ? null : Batches.request(-1, Batches.topic(v, NAME, id,
            Batches.part(0, Batches.plain(1)), Batches.part(0, Batches.plain(2)))));
        exchange.each(ApiKeys.PRODUCE, "one topic twice", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, NAME, id, Batches.part(0, Batches.plain(1))),
            Batches.topic(v, NAME, id, Batches.part(1, Batches.plain(2)))));
        exchange.each(ApiKeys.PRODUCE, "one topic and partition twice", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, NAME, id, Batches.part(1, Batches.plain(3))),
            Batches.topic(v, NAME, id, Batches.part(1, Batches.plain(4)))));
        exchange.each(ApiKeys.PRODUCE, "an unknown partition twice", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, NAME, id, Batches.part(2, Batches.plain(1)), Batches.part(9, Batches.plain(1)), Batches.part(9, Batches.plain(2)))));
        for (int timeout : new int[] {Integer.MIN_VALUE, -1, 0}) {
            exchange.each(ApiKeys.PRODUCE, "timeout " + timeout, v -> v < 3 ? null
                : Batches.produce(v, -1, NAME, id, 2, Batches.plain(1)).setTimeoutMs(timeout));
        }
        exchange.each(ApiKeys.PRODUCE, "acks from afar", v -> v < 3 ? null
            : Batches.produce(v, Short.MIN_VALUE, NAME, id, 2, Batches.plain(1)));
        for (int partition = 0; partition < 3; partition++) {
            int index = partition;
            exchange.each(ApiKeys.FETCH, "all that was produced in " + partition, v ->
                FetchCases.request(FetchCases.topic(v, NAME, id, FetchCases.partition(index, 0))));
        }
    }

    /** Records that are taken, and others of the same partition that are refused before the log sees them. */
    private void contradicted() throws IOException {
        String topic = "contradicted";
        Uuid id = Topics.make(exchange, topic, 3);
        var two = Batches.joined(Batches.plain(1), Batches.plain(1));
        exchange.each(ApiKeys.PRODUCE, "one partition twice, good and then invalid", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, topic, id, Batches.part(0, Batches.plain(1)), Batches.part(0, two))));
        exchange.each(ApiKeys.PRODUCE, "one partition twice, invalid and then good", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, topic, id, Batches.part(1, two), Batches.part(1, Batches.plain(1)))));
        exchange.each(ApiKeys.PRODUCE, "one partition twice, both invalid", v -> v < 3 ? null : Batches.request(-1,
            Batches.topic(v, topic, id, Batches.part(2, two), Batches.part(2, two))));
        for (int partition = 0; partition < 3; partition++) {
            exchange.last(ApiKeys.FETCH, "all that was produced good and invalid in " + partition, FetchCases.request(
                FetchCases.topic(Exchange.latest(ApiKeys.FETCH), topic, id, FetchCases.partition(partition, 0))));
        }
    }

    private void fetched() throws IOException {
        for (int far : FAR) {
            fetch("partition " + far, FetchCases.partition(far, 0));
            fetch("partition bytes " + far, FetchCases.partition(0, 0).setPartitionMaxBytes(far));
            exchange.each(ApiKeys.FETCH, "bytes " + far, v -> one(v, FetchCases.partition(0, 0)).setMaxBytes(far));
            exchange.each(ApiKeys.FETCH, "wait " + far, v -> one(v, FetchCases.partition(0, 0)).setMaxWaitMs(far));
            exchange.each(ApiKeys.FETCH, "at least " + far, v -> one(v, FetchCases.partition(0, 0)).setMinBytes(far).setMaxWaitMs(1));
            exchange.each(ApiKeys.FETCH, "session epoch " + far, v -> v < 7 ? null
                : one(v, FetchCases.partition(0, 0)).setSessionEpoch(far));
            exchange.each(ApiKeys.FETCH, "session " + far + " anew", v -> v < 7 ? null
                : one(v, FetchCases.partition(0, 0)).setSessionId(far).setSessionEpoch(-1));
            exchange.each(ApiKeys.FETCH, "session " + far, v -> v < 7 ? null
                : one(v, FetchCases.partition(0, 0)).setSessionId(far).setSessionEpoch(1));
            exchange.each(ApiKeys.FETCH, "epochs " + far, v -> v < 12 ? null
                : one(v, FetchCases.partition(0, 0).setCurrentLeaderEpoch(far).setLastFetchedEpoch(far)));
            exchange.each(ApiKeys.FETCH, "log start of a follower " + far, v -> v < 5 ? null
                : one(v, FetchCases.partition(0, 0).setLogStartOffset(far)));
        }
        for (long offset : new long[] {Long.MIN_VALUE, Long.MAX_VALUE - 1}) {
            fetch("offset " + offset, FetchCases.partition(0, offset));
        }
        exchange.each(ApiKeys.FETCH, "isolation below 0", v -> one(v, FetchCases.partition(0, 0)).setIsolationLevel((byte) -1));
        exchange.each(ApiKeys.FETCH, "two of one topic, two of another, mixed", v -> FetchCases.request(
            FetchCases.topic(v, NAME, id, FetchCases.partition(1, 0)), FetchCases.topic(v, "nobody", new Uuid(7, 9), FetchCases.partition(0, 0)),
            FetchCases.topic(v, NAME, id, FetchCases.partition(0, 0), FetchCases.partition(1, 1))));
    }

    private void fetch(String title, FetchPartition partition) throws IOException {
        exchange.each(ApiKeys.FETCH, title, v -> one(v, partition));
    }

    private org.apache.kafka.common.message.FetchRequestData one(int version, FetchPartition partition) {
        return FetchCases.request(FetchCases.topic(version, NAME, id, partition)).setSessionEpoch(-1);
    }

    private void listed() throws IOException {
        exchange.each(ApiKeys.LIST_OFFSETS, "one topic twice", v -> list(at(0, -1), at(1, -1)));
        exchange.each(ApiKeys.LIST_OFFSETS, "one topic and partition twice", v -> list(at(0, -1), at(0, -2)));
        exchange.each(ApiKeys.LIST_OFFSETS, "one topic and partition thrice", v -> list(at(0, -1), at(0, -2), at(0, -3)));
        for (long time : new long[] {Long.MIN_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE}) {
            exchange.each(ApiKeys.LIST_OFFSETS, "time " + time, v -> list(at(0, time)));
        }
        for (int far : FAR) {
            exchange.each(ApiKeys.LIST_OFFSETS, "partition " + far, v -> list(at(far, -1)));
            exchange.each(ApiKeys.LIST_OFFSETS, "leader epoch " + far, v -> v < 4 ? null : list(at(0, -1).setCurrentLeaderEpoch(far)));
            exchange.each(ApiKeys.LIST_OFFSETS, "replica " + far, v -> list(at(0, -1)).setReplicaId(far));
            exchange.each(ApiKeys.LIST_OFFSETS, "timeout " + far, v -> v < 10 ? null : list(at(0, -3)).setTimeoutMs(far));
        }
    }

    private static ListOffsetsPartition at(int index, long time) {
        return new ListOffsetsPartition().setPartitionIndex(index).setTimestamp(time);
    }

    /** Each partition in an entry of its own for the topic. */
    private static ListOffsetsRequestData list(ListOffsetsPartition... partitions) {
        List<ListOffsetsTopic> topics = new ArrayList<>();
        for (ListOffsetsPartition partition : partitions) {
            topics.add(new ListOffsetsTopic().setName(NAME).setPartitions(List.of(partition)));
        }
        return new ListOffsetsRequestData().setReplicaId(-1).setTopics(topics);
    }

    private void epochs() throws IOException {
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "one partition twice", v -> end(-1, asked(0, 0, -1), asked(0, 1, -1)));
        for (int far : FAR) {
            exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "epoch " + far, v -> end(-1, asked(0, far, -1)));
            exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "known epoch " + far, v -> end(-1, asked(0, 0, far)));
            exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "partition " + far, v -> end(-1, asked(far, 0, -1)));
            exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "replica " + far, v -> v < 3 ? null : end(far, asked(0, 0, -1)));
        }
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "replica 1", v -> v < 3 ? null : end(1, asked(0, 0, -1)));
        exchange.each(ApiKeys.OFFSET_FOR_LEADER_EPOCH, "one topic twice", v -> {
            var request = end(-1, asked(0, 0, -1));
            request.topics().mustAdd(end(-1, asked(1, 0, -1)).topics().iterator().next().duplicate());
            return request;
        });
    }

    private static OffsetForLeaderPartition asked(int index, int epoch, int known) {
        return new OffsetForLeaderPartition().setPartition(index).setLeaderEpoch(epoch).setCurrentLeaderEpoch(known);
    }

    private static OffsetForLeaderEpochRequestData end(int replica, OffsetForLeaderPartition... partitions) {
        var request = new OffsetForLeaderEpochRequestData().setReplicaId(replica);
        request.topics().mustAdd(new OffsetForLeaderTopic().setTopic(NAME).setPartitions(List.of(partitions)));
        return request;
    }

    private void deleted() throws IOException {
        exchange.each(ApiKeys.DELETE_RECORDS, "one partition twice", v -> delete(10_000, before(0, 1), before(0, 2)));
        exchange.each(ApiKeys.DELETE_RECORDS, "one partition twice, one bad", v -> delete(10_000, before(0, 999), before(0, 2)));
        exchange.each(ApiKeys.DELETE_RECORDS, "one topic twice", v -> {
            var request = delete(10_000, before(0, 2));
            var topics = new ArrayList<>(request.topics());
            topics.addAll(delete(10_000, before(1, 2), before(0, 3)).topics());
            return request.setTopics(topics);
        });
        exchange.each(ApiKeys.DELETE_RECORDS, "no partition", v -> delete(10_000));
        for (int timeout : new int[] {Integer.MIN_VALUE, -1, 0}) {
            exchange.each(ApiKeys.DELETE_RECORDS, "timeout " + timeout, v -> delete(timeout, before(0, 3)));
        }
        for (long far : new long[] {Long.MIN_VALUE, -2}) {
            exchange.each(ApiKeys.DELETE_RECORDS, "offset " + far, v -> delete(10_000, before(0, far)));
        }
        exchange.each(ApiKeys.LIST_OFFSETS, "starts after deletions", v -> list(at(0, -2), at(1, -2), at(2, -2)));
    }

    private static DeleteRecordsPartition before(int index, long offset) {
        return new DeleteRecordsPartition().setPartitionIndex(index).setOffset(offset);
    }

    private static DeleteRecordsRequestData delete(int timeout, DeleteRecordsPartition... partitions) {
        var one = new DeleteRecordsTopic().setName(NAME).setPartitions(new ArrayList<>(List.of(partitions)));
        return new DeleteRecordsRequestData().setTimeoutMs(timeout).setTopics(new ArrayList<>(List.of(one)));
    }

    private void described() throws IOException {
        exchange.each(ApiKeys.DESCRIBE_CONFIGS, "one topic twice", v -> new DescribeConfigsRequestData().setResources(
            List.of(topicSettings("retention.ms"), topicSettings("segment.ms"), topicSettings("retention.ms", "retention.ms"))));
        exchange.each(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, "one topic twice", v -> new DescribeTopicPartitionsRequestData()
            .setTopics(List.of(new TopicRequest().setName(NAME), new TopicRequest().setName(NAME))));
        exchange.each(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, "an empty name", v -> new DescribeTopicPartitionsRequestData()
            .setTopics(List.of(new TopicRequest().setName(""), new TopicRequest().setName("__consumer_offsets"))));
        for (int count : FAR) {
            exchange.each(ApiKeys.CREATE_PARTITIONS, "grown to " + count, v -> grow(count).setValidateOnly(true));
        }
        exchange.each(ApiKeys.CREATE_PARTITIONS, "assigned to no one at all", v -> {
            var request = grow(4).setValidateOnly(true);
            request.topics().iterator().next().setAssignments(List.of());
            return request;
        });
    }

    private static DescribeConfigsResource topicSettings(String... keys) {
        return new DescribeConfigsResource().setResourceType((byte) 2).setResourceName(NAME).setConfigurationKeys(List.of(keys));
    }

    private static CreatePartitionsRequestData grow(int count) {
        var request = new CreatePartitionsRequestData().setTimeoutMs(30_000);
        request.topics().mustAdd(new CreatePartitionsTopic().setName(NAME).setCount(count).setAssignments(null));
        return request;
    }

    private void producers() throws IOException {
        for (int far : FAR) {
            exchange.each(ApiKeys.INIT_PRODUCER_ID, "timeout " + far, v -> producer(far, -1, -1));
        }
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "a producer below -1", v -> v < 3 ? null : producer(1, -2, 0));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "an epoch below -1", v -> v < 3 ? null : producer(1, 5, -2));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "both below -1", v -> v < 3 ? null : producer(1, -2, -2));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "the last epoch", v -> v < 3 ? null : producer(1, 5, Short.MAX_VALUE));
    }

    private static InitProducerIdRequestData producer(int timeout, long id, int epoch) {
        return new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(timeout)
            .setProducerId(id).setProducerEpoch((short) epoch);
    }
}
