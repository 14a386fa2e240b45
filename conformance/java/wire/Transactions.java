package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Transactions by raw requests: every API at every version, good and bad, at each transaction.version.
 *
 * <p>Arguments: host, port. What is decided is waited for, so that no answer depends on how fast markers are written. What
 * only clients of level 1 and above send is not asked at level 0: Kafka cannot write what it decides on it, and its
 * transactional id is stuck.
 */
public final class Transactions {
    private static final String TOPIC = "transacted";
    private static final String GROUP = "g";

    private final Exchange exchange;
    private final Uuid id;
    private final int level;
    private final String prefix;

    private record Producer(String transactionalId, long id, int epoch) {
        Producer at(int other) {
            return new Producer(transactionalId, id, other);
        }

        Producer of(long other) {
            return new Producer(transactionalId, other, epoch);
        }

        Producer as(String other) {
            return new Producer(other, id, epoch);
        }
    }

    private Transactions(Exchange exchange, Uuid id, int level) {
        this.exchange = exchange;
        this.id = id;
        this.level = level;
        this.prefix = "at level " + level + ", ";
    }

    public static void main(String[] arguments) throws Exception {
        Exchange exchange = new Exchange(arguments[0], Integer.parseInt(arguments[1]));
        Uuid id = Topics.make(exchange, TOPIC, 3);
        for (byte type = 0; type <= 1; type++) {
            var find = new FindCoordinatorRequestData().setKeyType(type).setCoordinatorKeys(List.of("first"));
            exchange.until(ApiKeys.FIND_COORDINATOR, find,
                (FindCoordinatorResponseData found) -> found.coordinators().get(0).errorCode() == 0);
        }
        // So many names reach every partition of __transaction_state.
        List<String> names = IntStream.range(0, 1_000).mapToObj(n -> "any-" + n).toList();
        exchange.until(ApiKeys.DESCRIBE_TRANSACTIONS, new DescribeTransactionsRequestData().setTransactionalIds(names),
            (DescribeTransactionsResponseData told) -> told.transactionStates().stream().allMatch(state ->
                state.errorCode() == Errors.TRANSACTIONAL_ID_NOT_FOUND.code()));
        exchange.until(ApiKeys.INIT_PRODUCER_ID, init("first"), (InitProducerIdResponseData answer) -> answer.errorCode() == 0);
        exchange.each(ApiKeys.FIND_COORDINATOR, "of transactional ids", v -> {
            var request = new FindCoordinatorRequestData();
            if (v >= 1) {
                request.setKeyType((byte) 1);
            }
            return v < 4 ? request.setKey("one") : request.setCoordinatorKeys(List.of("one", "", "grüße"));
        });
        for (int level = 2; level >= 0; level--) {
            new Transactions(exchange, id, level).run();
        }
        System.out.flush();
    }

    private void run() throws IOException {
        if (level < 2) {
            var update = new FeatureUpdateKey().setFeature("transaction.version").setMaxVersionLevel((short) level)
                .setUpgradeType((byte) (level == 0 ? 3 : 2));
            var request = new UpdateFeaturesRequestData();
            request.featureUpdates().mustAdd(update);
            exchange.until(ApiKeys.UPDATE_FEATURES, request, (UpdateFeaturesResponseData told) -> told.errorCode() == 0);
        }
        producers();
        partitions();
        offsets();
        ends();
        produces();
        markers();
        readers();
        descriptions();
    }

    private void each(ApiKeys api, String title, java.util.function.IntFunction<org.apache.kafka.common.protocol.ApiMessage> request)
        throws IOException {
        exchange.each(api, prefix + title, request);
    }

    private void tell(ApiKeys api, int version, String title, org.apache.kafka.common.protocol.ApiMessage request) throws IOException {
        exchange.tell(api, version, prefix + title, request);
    }

    // Words.

    private int latest(ApiKeys api, int atLevel0) {
        return level == 0 ? atLevel0 : Exchange.latest(api);
    }

    private static InitProducerIdRequestData init(String transactionalId) {
        return new InitProducerIdRequestData().setTransactionalId(transactionalId).setTransactionTimeoutMs(60_000);
    }

    private String named(String name) {
        return name + "-" + level;
    }

    /** A producer that has begun nothing, and is not the first of its name. */
    private Producer fresh(String name) throws IOException {
        exchange.until(ApiKeys.INIT_PRODUCER_ID, init(named(name)), (InitProducerIdResponseData answer) -> answer.errorCode() == 0);
        InitProducerIdResponseData given = exchange.until(ApiKeys.INIT_PRODUCER_ID, init(named(name)),
            (InitProducerIdResponseData answer) -> answer.errorCode() == 0);
        return new Producer(named(name), given.producerId(), given.producerEpoch());
    }

    private static AddPartitionsToTxnTopicCollection topics(String name, int... partitions) {
        AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
        topics.mustAdd(topic(name, partitions));
        return topics;
    }

    private static AddPartitionsToTxnTopic topic(String name, int... partitions) {
        List<Integer> all = new ArrayList<>();
        for (int partition : partitions) {
            all.add(partition);
        }
        return new AddPartitionsToTxnTopic().setName(name).setPartitions(all);
    }

    private static AddPartitionsToTxnRequestData add(Producer producer, AddPartitionsToTxnTopicCollection topics) {
        return new AddPartitionsToTxnRequestData().setV3AndBelowTransactionalId(producer.transactionalId())
            .setV3AndBelowProducerId(producer.id()).setV3AndBelowProducerEpoch((short) producer.epoch())
            .setV3AndBelowTopics(topics);
    }

    private static AddPartitionsToTxnTransaction part(Producer producer, boolean verify, AddPartitionsToTxnTopicCollection topics) {
        return new AddPartitionsToTxnTransaction().setTransactionalId(producer.transactionalId()).setVerifyOnly(verify)
            .setProducerId(producer.id()).setProducerEpoch((short) producer.epoch()).setTopics(topics);
    }

    private static AddPartitionsToTxnRequestData batch(AddPartitionsToTxnTransaction... transactions) {
        AddPartitionsToTxnTransactionCollection all = new AddPartitionsToTxnTransactionCollection();
        for (AddPartitionsToTxnTransaction transaction : transactions) {
            all.mustAdd(transaction);
        }
        return new AddPartitionsToTxnRequestData().setTransactions(all);
    }

    private static EndTxnRequestData end(Producer producer, boolean committed) {
        return new EndTxnRequestData().setTransactionalId(producer.transactionalId()).setProducerId(producer.id())
            .setProducerEpoch((short) producer.epoch()).setCommitted(committed);
    }

    /** Opens a transaction that holds partition 0, without printing. */
    private Producer opened(String name) throws IOException {
        Producer producer = fresh(name);
        exchange.ask(ApiKeys.ADD_PARTITIONS_TO_TXN, 3, add(producer, topics(TOPIC, 0)));
        return producer;
    }

    /** Waits until the transaction has ended everywhere. */
    private void settled(Producer producer) throws IOException {
        var describe = new DescribeTransactionsRequestData().setTransactionalIds(List.of(producer.transactionalId()));
        exchange.until(ApiKeys.DESCRIBE_TRANSACTIONS, describe, (DescribeTransactionsResponseData told) ->
            !told.transactionStates().get(0).transactionState().startsWith("Prepare"));
    }

    private Producer ended(Producer producer, boolean committed, int version) throws IOException {
        var told = (EndTxnResponseData) exchange.ask(ApiKeys.END_TXN, version, end(producer, committed));
        settled(producer);
        return told.producerId() < 0 ? producer : producer.of(told.producerId()).at(told.producerEpoch());
    }

    private static MemoryRecords records(Producer producer, int sequence, int count) {
        return MemoryRecords.withTransactionalRecords(Compression.NONE, producer.id(), (short) producer.epoch(), sequence,
            Batches.records(count));
    }

    // APIs.

    private void producers() throws IOException {
        each(ApiKeys.INIT_PRODUCER_ID, "an empty id", v -> init(""));
        for (int timeout : new int[] {0, -1, 900_000, 900_001, Integer.MAX_VALUE}) {
            each(ApiKeys.INIT_PRODUCER_ID, "a timeout of " + timeout, v -> init(named("timeout")).setTransactionTimeoutMs(timeout));
        }
        for (int version = 0; version <= Exchange.latest(ApiKeys.INIT_PRODUCER_ID); version++) {
            String name = named("init-" + version);
            tell(ApiKeys.INIT_PRODUCER_ID, version, "new", init(name));
            tell(ApiKeys.INIT_PRODUCER_ID, version, "and again", init(name));
            Producer now = fresh("init-" + version);
            if (version >= 3) {
                tell(ApiKeys.INIT_PRODUCER_ID, version, "as who it was", as(now));
                tell(ApiKeys.INIT_PRODUCER_ID, version, "as who it was, again", as(now));
                tell(ApiKeys.INIT_PRODUCER_ID, version, "as it was long ago", as(now.at(0)));
                tell(ApiKeys.INIT_PRODUCER_ID, version, "with an epoch to come", as(now.at(now.epoch() + 7)));
                tell(ApiKeys.INIT_PRODUCER_ID, version, "as somebody else", as(now.of(now.id() + 1_000_000)));
                tell(ApiKeys.INIT_PRODUCER_ID, version, "as somebody, while there is nobody", as(now.as(named("nobody-" + version))));
            }
            Producer open = opened("interrupted-" + version);
            tell(ApiKeys.INIT_PRODUCER_ID, version, "while a transaction is open", init(open.transactionalId()));
            settled(open);
            tell(ApiKeys.INIT_PRODUCER_ID, version, "after that was aborted", init(open.transactionalId()));
            tell(ApiKeys.END_TXN, Exchange.latest(ApiKeys.END_TXN) - 1, "the one that was fenced", end(open, true));
        }
    }

    private static InitProducerIdRequestData as(Producer producer) {
        return init(producer.transactionalId()).setProducerId(producer.id()).setProducerEpoch((short) producer.epoch());
    }

    private void partitions() throws IOException {
        for (int version = 0; version <= 3; version++) {
            Producer one = fresh("add-" + version);
            adds(version, "of nobody", one.as(named("nobody")), topics(TOPIC, 0));
            adds(version, "of an empty id", one.as(""), topics(TOPIC, 0));
            adds(version, "of another producer", one.of(one.id() + 1_000_000), topics(TOPIC, 0));
            adds(version, "with an epoch to come", one.at(one.epoch() + 1), topics(TOPIC, 0));
            adds(version, "with an epoch of the past", one.at(one.epoch() - 1), topics(TOPIC, 0));
            AddPartitionsToTxnTopicCollection some = topics(TOPIC, 0, 9);
            some.mustAdd(topic("nobody", 0));
            adds(version, "with some that are not there", one, some);
            adds(version, "an internal topic", one, topics("__consumer_offsets", 0));
            adds(version, "nothing", one, new AddPartitionsToTxnTopicCollection());
            adds(version, "two", one, topics(TOPIC, 0, 1));
            adds(version, "two again", one, topics(TOPIC, 0, 1));
            adds(version, "and one more", one, topics(TOPIC, 2));
            ended(one, true, 4);
            adds(version, "in the next transaction", one, topics(TOPIC, 2));
        }
        for (int version = 4; version <= latest(ApiKeys.ADD_PARTITIONS_TO_TXN, 3); version++) {
            Producer one = opened("batch-a-" + version);
            Producer two = fresh("batch-b-" + version);
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "verified", batch(part(one, true, topics(TOPIC, 0, 1))));
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "verified of the past", batch(part(one.at(one.epoch() - 1), true, topics(TOPIC, 0))));
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "verified of another", batch(part(one.of(one.id() + 1_000_000), true, topics(TOPIC, 0))));
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "several",
                batch(part(one, true, topics(TOPIC, 0)), part(two, false, topics(TOPIC, 1)), part(two.as("nobody"), true, topics(TOPIC, 0)),
                    part(two.as(""), false, topics(TOPIC, 0)), part(two.as("other"), false, topics("nobody", 0))));
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "verified after that", batch(part(two, true, topics(TOPIC, 1))));
            tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, "nothing", batch());
        }
    }

    private void adds(int version, String title, Producer producer, AddPartitionsToTxnTopicCollection topics) throws IOException {
        tell(ApiKeys.ADD_PARTITIONS_TO_TXN, version, title, add(producer, topics));
    }

    private static AddOffsetsToTxnRequestData addOffsets(Producer producer, String group) {
        return new AddOffsetsToTxnRequestData().setTransactionalId(producer.transactionalId()).setProducerId(producer.id())
            .setProducerEpoch((short) producer.epoch()).setGroupId(group);
    }

    private static TxnOffsetCommitRequestData commit(Producer producer, String group, int version, long offset) {
        TxnOffsetCommitRequestPartition good = committed(0, offset, "mine");
        TxnOffsetCommitRequestPartition missing = committed(9, offset, "mine");
        TxnOffsetCommitRequestPartition long_ = committed(1, offset, "x".repeat(4097));
        TxnOffsetCommitRequestTopic topic = new TxnOffsetCommitRequestTopic().setName(TOPIC).setPartitions(List.of(good, missing, long_));
        TxnOffsetCommitRequestTopic nobody =
            new TxnOffsetCommitRequestTopic().setName("nobody").setPartitions(List.of(committed(0, offset, "")));
        return new TxnOffsetCommitRequestData().setTransactionalId(producer.transactionalId()).setProducerId(producer.id())
            .setProducerEpoch((short) producer.epoch()).setGroupId(group).setTopics(List.of(topic, nobody));
    }

    private static TxnOffsetCommitRequestPartition committed(int partition, long offset, String metadata) {
        return new TxnOffsetCommitRequestPartition().setPartitionIndex(partition).setCommittedOffset(offset)
            .setCommittedMetadata(metadata);
    }

    private void fetched(String title, String group) throws IOException {
        for (boolean stable : new boolean[] {false, true}) {
            var topic = new OffsetFetchRequestTopics().setName(TOPIC).setPartitionIndexes(List.of(0, 1));
            var request = new OffsetFetchRequestData().setRequireStable(stable).setGroups(List.of(
                new OffsetFetchRequestGroup().setGroupId(group).setTopics(List.of(topic))));
            tell(ApiKeys.OFFSET_FETCH, 9, title + (stable ? ", stable" : ""), request);
        }
    }

    private void offsets() throws IOException {
        for (int version = 0; version <= Exchange.latest(ApiKeys.ADD_OFFSETS_TO_TXN); version++) {
            Producer one = fresh("offsets-" + version);
            tell(ApiKeys.ADD_OFFSETS_TO_TXN, version, "of nobody", addOffsets(one.as("nobody"), GROUP));
            tell(ApiKeys.ADD_OFFSETS_TO_TXN, version, "of the past", addOffsets(one.at(one.epoch() - 1), GROUP));
            tell(ApiKeys.ADD_OFFSETS_TO_TXN, version, "of a group", addOffsets(one, GROUP));
            tell(ApiKeys.ADD_OFFSETS_TO_TXN, version, "of no group", addOffsets(one, ""));
        }
        for (int version = 0; version <= latest(ApiKeys.TXN_OFFSET_COMMIT, 4); version++) {
            Producer one = fresh("commit-" + version);
            String group = named("of-" + version);
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of nobody", commit(one.as("nobody"), group, version, 1));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of another producer", commit(one.of(one.id() + 1_000_000), group, version, 1));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of the past", commit(one.at(one.epoch() - 1), group, version, 1));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "without a group", commit(one, "", version, 1));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of a group that was not added", commit(one, group, version, 4));
            exchange.ask(ApiKeys.ADD_OFFSETS_TO_TXN, 3, addOffsets(one, group));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of a group that was added", commit(one, group, version, 5));
            if (version >= 3) {
                tell(ApiKeys.TXN_OFFSET_COMMIT, version, "by a stranger", commit(one, group, version, 6).setMemberId("who").setGenerationId(3));
                tell(ApiKeys.TXN_OFFSET_COMMIT, version, "by a static stranger",
                    commit(one, group, version, 6).setMemberId("who").setGenerationId(3).setGroupInstanceId("there"));
                tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of a generation of nobody",
                    commit(one, named("nobody-" + version), version, 6).setGenerationId(3));
            }
            fetched("open, by version " + version, group);
            one = ended(one, true, version >= 5 && level > 0 ? 5 : 4);
            fetched("committed, by version " + version, group);
            exchange.ask(ApiKeys.ADD_OFFSETS_TO_TXN, 3, addOffsets(one, group));
            tell(ApiKeys.TXN_OFFSET_COMMIT, version, "of the next transaction", commit(one, group, version, 8));
            ended(one, false, version >= 5 && level > 0 ? 5 : 4);
            fetched("aborted, by version " + version, group);
        }
    }

    private void ends() throws IOException {
        for (int version = 0; version <= latest(ApiKeys.END_TXN, 4); version++) {
            for (boolean commits : new boolean[] {true, false}) {
                String word = commits ? "commit " : "abort ";
                Producer one = fresh("end-" + commits + "-" + version);
                tell(ApiKeys.END_TXN, version, word + "of nobody", end(one.as("nobody"), commits));
                tell(ApiKeys.END_TXN, version, word + "of an empty id", end(one.as(""), commits));
                tell(ApiKeys.END_TXN, version, word + "of another producer", end(one.of(one.id() + 1_000_000), commits));
                tell(ApiKeys.END_TXN, version, word + "with an epoch to come", end(one.at(one.epoch() + 1), commits));
                tell(ApiKeys.END_TXN, version, word + "before anything began", end(one, commits));
                settled(one);
                one = opened("end-" + commits + "-" + version);
                tell(ApiKeys.END_TXN, version, word + "of the past", end(one.at(one.epoch() - 1), commits));
                tell(ApiKeys.END_TXN, version, word + "of what is open", end(one, commits));
                settled(one);
                tell(ApiKeys.END_TXN, version, word + "again", end(one, commits));
                tell(ApiKeys.END_TXN, version, word + "and the opposite", end(one, !commits));
                settled(one);
            }
        }
    }

    private void produced(int version, String title, String transactionalId, MemoryRecords records) throws IOException {
        tell(ApiKeys.PRODUCE, version, title,
            Batches.produce(version, -1, TOPIC, id, 0, records).setTransactionalId(transactionalId));
    }

    private void produces() throws IOException {
        for (int version = 3; version <= latest(ApiKeys.PRODUCE, 11); version++) {
            Producer one = fresh("produce-" + version);
            String name = one.transactionalId();
            produced(version, "in no transaction's name", null, records(one, 0, 1));
            produced(version, "of a partition that was not added", name, records(one, 0, 2));
            exchange.ask(ApiKeys.ADD_PARTITIONS_TO_TXN, 3, add(one, topics(TOPIC, 0)));
            produced(version, "of nobody", "nobody", records(one, 0, 1));
            produced(version, "of another producer", name, records(one.of(one.id() + 1_000_000), 0, 1));
            produced(version, "of the past", name, records(one.at(one.epoch() - 1), 0, 1));
            produced(version, "with an epoch to come", name, records(one.at(one.epoch() + 1), 0, 1));
            produced(version, "of a partition that was added", name, records(one, version >= 12 && level > 0 ? 2 : 0, 2));
            produced(version, "the same again", name, records(one, version >= 12 && level > 0 ? 2 : 0, 2));
            produced(version, "a gap", name, records(one, 9, 2));
            produced(version, "plain, in between", name, Batches.idempotent(one.id(), one.epoch(), 4, 1));
            Producer next = ended(one, version % 2 == 0, version >= 12 && level > 0 ? 5 : 4);
            produced(version, "late", name, records(one, 4, 1));
            produced(version, "in the next one", name, records(next, next.epoch() == one.epoch() ? 4 : 0, 1));
            ended(next, true, version >= 12 && level > 0 ? 5 : 4);
            tell(ApiKeys.PRODUCE, version, "of two producers", Batches.request(-1, Batches.topic(version, TOPIC, id,
                Batches.part(0, records(one, 0, 1)), Batches.part(1, records(one.of(one.id() + 1), 0, 1)))).setTransactionalId(name));
        }
    }

    private static WritableTxnMarker marker(Producer producer, boolean committed, int coordinatorEpoch, int version, int level,
        String topic, Integer... partitions) {
        WritableTxnMarker marker = new WritableTxnMarker().setProducerId(producer.id()).setProducerEpoch((short) producer.epoch())
            .setTransactionResult(committed).setCoordinatorEpoch(coordinatorEpoch)
            .setTopics(List.of(new WritableTxnMarkerTopic().setName(topic).setPartitionIndexes(List.of(partitions))));
        return version >= 2 ? marker.setTransactionVersion((byte) Math.min(level, 2)) : marker;
    }

    private void markers() throws IOException {
        each(ApiKeys.WRITE_TXN_MARKERS, "nothing", v -> new WriteTxnMarkersRequestData());
        for (int version = 1; version <= Exchange.latest(ApiKeys.WRITE_TXN_MARKERS); version++) {
            Producer one = new Producer("", 5_000_000 + 10 * level + version, 3);
            written(version, "where there is no transaction", marker(one, true, 4, version, level, TOPIC, 0, 1, 9));
            written(version, "again", marker(one, true, 4, version, level, TOPIC, 0));
            written(version, "of the past", marker(one.at(2), true, 4, version, level, TOPIC, 0));
            written(version, "of a coordinator of the past", marker(one, true, 3, version, level, TOPIC, 0));
            written(version, "of the next epoch", marker(one.at(4), false, 4, version, level, TOPIC, 0));
            written(version, "to a topic that is not there", marker(one, true, 4, version, level, "nobody", 0));
            written(version, "to a group", marker(one, true, 4, version, level, "__consumer_offsets", 0));
            written(version, "to a group, of the past", marker(one.at(2), true, 4, version, level, "__consumer_offsets", 0));
            written(version, "of two", marker(one.at(5), true, 4, version, level, TOPIC, 0), marker(one.of(one.id() + 100), false, 0, version, level, TOPIC, 2, 1));
        }
    }

    private void written(int version, String title, WritableTxnMarker... markers) throws IOException {
        tell(ApiKeys.WRITE_TXN_MARKERS, version, title, new WriteTxnMarkersRequestData().setMarkers(List.of(markers)));
    }

    private void offsetsOf(String title, String topic) throws IOException {
        for (byte isolation = 0; isolation <= 1; isolation++) {
            var partition = new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(-1);
            var request = new ListOffsetsRequestData().setReplicaId(-1).setIsolationLevel(isolation)
                .setTopics(List.of(new ListOffsetsTopic().setName(topic).setPartitions(List.of(partition))));
            tell(ApiKeys.LIST_OFFSETS, 7, title + ", isolation " + isolation, request);
        }
    }

    private void readers() throws IOException {
        String topic = named("read");
        Uuid read = Topics.make(exchange, topic, 1);
        int next = level == 0 ? 4 : 5;
        Producer one = fresh("reader-a");
        Producer two = fresh("reader-b");
        for (Producer producer : List.of(one, two)) {
            exchange.ask(ApiKeys.ADD_PARTITIONS_TO_TXN, 3, add(producer, topics(topic, 0)));
        }
        for (Producer producer : List.of(one, two)) {
            exchange.ask(ApiKeys.PRODUCE, 11, Batches.produce(11, -1, topic, read, 0, records(producer, 0, 2))
                .setTransactionalId(producer.transactionalId()));
        }
        offsetsOf("two open", topic);
        one = ended(one, false, next);
        offsetsOf("one aborted", topic);
        ended(two, true, next);
        offsetsOf("both ended", topic);
    }

    private void descriptions() throws IOException {
        Producer open = opened("described");
        Producer complete = opened("described-complete");
        complete = ended(complete, true, level == 0 ? 4 : 5);
        List<String> ids = List.of(open.transactionalId(), "nobody", "", complete.transactionalId(), named("reader-a"));
        each(ApiKeys.DESCRIBE_TRANSACTIONS, "several", v -> new DescribeTransactionsRequestData().setTransactionalIds(ids));
        each(ApiKeys.DESCRIBE_TRANSACTIONS, "nothing", v -> new DescribeTransactionsRequestData());
        long producer = open.id();
        each(ApiKeys.LIST_TRANSACTIONS, "all", v -> new ListTransactionsRequestData());
        each(ApiKeys.LIST_TRANSACTIONS, "by state", v ->
            new ListTransactionsRequestData().setStateFilters(List.of("Ongoing", "CompleteAbort", "no state", "Dead", "ongoing")));
        each(ApiKeys.LIST_TRANSACTIONS, "by producer", v -> new ListTransactionsRequestData().setProducerIdFilters(List.of(producer, 77L)));
        each(ApiKeys.LIST_TRANSACTIONS, "by duration", v -> v < 1 ? null : new ListTransactionsRequestData().setDurationFilter(3_600_000));
        each(ApiKeys.LIST_TRANSACTIONS, "by any duration", v -> v < 1 ? null : new ListTransactionsRequestData().setDurationFilter(0));
        for (String pattern : List.of("", "descr.*", "desc", "(", "[a-z-]+" + level)) {
            each(ApiKeys.LIST_TRANSACTIONS, "by the pattern " + pattern, v ->
                v < 2 ? null : new ListTransactionsRequestData().setTransactionalIdPattern(pattern));
        }
        ended(open, false, level == 0 ? 4 : 5);
    }
}
