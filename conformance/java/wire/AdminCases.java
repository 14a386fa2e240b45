package wire;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.protocol.ApiKeys;

/** What administrators of a cluster ask: directories, producers, the quorum, features, leaders, replicas, members. */
final class AdminCases {
    private static final String TOPIC = "administered";
    private static final int UPGRADE = 1;
    private static final int SAFE_DOWNGRADE = 2;
    private static final int UNSAFE_DOWNGRADE = 3;

    private AdminCases() {
    }

    static void run(Exchange exchange) throws IOException {
        Uuid id = Topics.make(exchange, TOPIC, 3);
        for (int producer = 0; producer < 3; producer++) {
            var records = Batches.idempotent(70_000 + producer, producer, 0, 2 + producer);
            exchange.ask(ApiKeys.PRODUCE, 12, Batches.produce(12, -1, TOPIC, id, 0, records));
        }
        logDirs(exchange);
        producers(exchange);
        quorum(exchange);
        features(exchange);
        elections(exchange);
        reassignments(exchange);
        for (int broker : new int[] {77, 0, -1}) {
            exchange.each(ApiKeys.UNREGISTER_BROKER, "broker " + broker, v ->
                new UnregisterBrokerRequestData().setBrokerId(broker));
        }
    }

    private static void logDirs(Exchange exchange) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_LOG_DIRS, "everything", v -> new DescribeLogDirsRequestData().setTopics(null));
        logDirs(exchange, "nothing");
        logDirs(exchange, "one partition", logDir(TOPIC, 0));
        logDirs(exchange, "some partitions", logDir(TOPIC, 2, 0, 0, 9), logDir("nobody", 0), logDir("a b", 0));
        logDirs(exchange, "no partitions", logDir(TOPIC));
    }

    private static void logDirs(Exchange exchange, String title, DescribableLogDirTopic... topics) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_LOG_DIRS, title, v -> {
            var all = new DescribeLogDirsRequestData.DescribableLogDirTopicCollection();
            List.of(topics).forEach(topic -> all.mustAdd(topic.duplicate()));
            return new DescribeLogDirsRequestData().setTopics(all);
        });
    }

    private static DescribableLogDirTopic logDir(String topic, Integer... partitions) {
        return new DescribableLogDirTopic().setTopic(topic).setPartitions(List.of(partitions));
    }

    private static void producers(Exchange exchange) throws IOException {
        for (String topic : List.of(TOPIC, "nobody", "a b", "")) {
            exchange.each(ApiKeys.DESCRIBE_PRODUCERS, "partitions of " + topic, v -> {
                var asked = new DescribeProducersRequestData.TopicRequest().setName(topic);
                return new DescribeProducersRequestData().setTopics(List.of(asked.setPartitionIndexes(List.of(0, 1, 9, -1))));
            });
        }
        exchange.each(ApiKeys.DESCRIBE_PRODUCERS, "nothing", v -> new DescribeProducersRequestData());
    }

    private static void quorum(Exchange exchange) throws IOException {
        quorum(exchange, "the metadata partition", quorumTopic("__cluster_metadata", 0));
        quorum(exchange, "another partition", quorumTopic("__cluster_metadata", 1));
        quorum(exchange, "two partitions", quorumTopic("__cluster_metadata", 0, 1));
        quorum(exchange, "no partition", quorumTopic("__cluster_metadata"));
        quorum(exchange, "another topic", quorumTopic(TOPIC, 0));
        quorum(exchange, "two topics", quorumTopic("__cluster_metadata", 0), quorumTopic(TOPIC, 0));
        quorum(exchange, "nothing");
    }

    private static void quorum(Exchange exchange, String title, DescribeQuorumRequestData.TopicData... topics) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_QUORUM, title, v -> new DescribeQuorumRequestData().setTopics(List.of(topics)));
    }

    private static DescribeQuorumRequestData.TopicData quorumTopic(String name, Integer... partitions) {
        var asked = Arrays.stream(partitions).map(partition ->
            new DescribeQuorumRequestData.PartitionData().setPartitionIndex(partition));
        return new DescribeQuorumRequestData.TopicData().setTopicName(name).setPartitions(asked.toList());
    }

    /** Levels are put back to where they were, so that other cases find what they expect. */
    private static void features(Exchange exchange) throws IOException {
        feature(exchange, "a level too high", "transaction.version", 3, UPGRADE);
        feature(exchange, "a level below 0", "transaction.version", -1, UNSAFE_DOWNGRADE);
        feature(exchange, "an unknown feature", "no.such.feature", 1, UPGRADE);
        feature(exchange, "an unknown feature to 0", "no.such.feature", 0, SAFE_DOWNGRADE);
        feature(exchange, "a feature without name", "", 1, UPGRADE);
        feature(exchange, "no known type", "transaction.version", 1, 0);
        feature(exchange, "no known type either", "transaction.version", 1, 9);
        feature(exchange, "a downgrade that is none", "transaction.version", 1, UPGRADE);
        feature(exchange, "the same level", "transaction.version", 2, UPGRADE);
        feature(exchange, "the same level, safely down", "transaction.version", 2, SAFE_DOWNGRADE);
        feature(exchange, "a downgrade", "transaction.version", 1, SAFE_DOWNGRADE);
        levels(exchange);
        feature(exchange, "up by a downgrade", "transaction.version", 2, UNSAFE_DOWNGRADE);
        feature(exchange, "an unsafe downgrade", "transaction.version", 0, UNSAFE_DOWNGRADE);
        levels(exchange);
        feature(exchange, "and up again", "transaction.version", 2, UPGRADE);
        feature(exchange, "no eligible leader replicas", "eligible.leader.replicas.version", 0, SAFE_DOWNGRADE);
        feature(exchange, "eligible leader replicas", "eligible.leader.replicas.version", 1, UPGRADE);
        levels(exchange);
        for (int level : new int[] {0, 6, 7, 22, 29, 30, 31, 99}) {
            feature(exchange, "the metadata version to " + level, "metadata.version", level, level < 30 ? SAFE_DOWNGRADE : UPGRADE);
        }
        feature(exchange, "the metadata version, unsafely", "metadata.version", 29, UNSAFE_DOWNGRADE);
        feature(exchange, "the quorum's version, the same", "kraft.version", 1, UPGRADE);
        feature(exchange, "the quorum's version, the same, down", "kraft.version", 1, SAFE_DOWNGRADE);
        feature(exchange, "the quorum's version down", "kraft.version", 0, SAFE_DOWNGRADE);
        feature(exchange, "the quorum's version too high", "kraft.version", 2, UPGRADE);
        update(exchange, "two features, one wrong", false, update("group.version", 0, SAFE_DOWNGRADE), update("share.version", 9, UPGRADE));
        update(exchange, "two features", false, update("share.version", 1, UPGRADE), update("group.version", 1, UPGRADE));
        update(exchange, "nothing", false);
        exchange.tell(ApiKeys.UPDATE_FEATURES, 0, "a downgrade of old", features(false,
            new FeatureUpdateKey().setFeature("transaction.version").setMaxVersionLevel((short) 1).setAllowDowngrade(true)));
        levels(exchange);
    }

    private static void levels(Exchange exchange) throws IOException {
        exchange.tell(ApiKeys.API_VERSIONS, 4, "finalized levels",
            new ApiVersionsRequestData().setClientSoftwareName("wire").setClientSoftwareVersion("1"));
    }

    private static void feature(Exchange exchange, String title, String feature, int level, int type) throws IOException {
        update(exchange, title + ", validated", true, update(feature, level, type));
        update(exchange, title, false, update(feature, level, type));
    }

    private static void update(Exchange exchange, String title, boolean validateOnly, FeatureUpdateKey... updates) throws IOException {
        exchange.each(ApiKeys.UPDATE_FEATURES, title, v -> features(validateOnly, updates));
    }

    private static UpdateFeaturesRequestData features(boolean validateOnly, FeatureUpdateKey... updates) {
        UpdateFeaturesRequestData request = new UpdateFeaturesRequestData().setValidateOnly(validateOnly);
        List.of(updates).forEach(update -> request.featureUpdates().mustAdd(update.duplicate()));
        return request;
    }

    private static FeatureUpdateKey update(String feature, int level, int type) {
        return new FeatureUpdateKey().setFeature(feature).setMaxVersionLevel((short) level).setUpgradeType((byte) type);
    }

    private static void elections(Exchange exchange) throws IOException {
        for (int type = 0; type < 3; type++) {
            String kind = "election of type " + type;
            elect(exchange, kind + ": all", type, (TopicPartitions[]) null);
            elect(exchange, kind + ": none", type);
            elect(exchange, kind + ": a leader", type, election(TOPIC, 0));
            elect(exchange, kind + ": twice", type, election(TOPIC, 1, 1));
            elect(exchange, kind + ": unknown ones", type, election(TOPIC, 9, -1), election("nobody", 0), election("a b", 0));
            elect(exchange, kind + ": no partitions", type, election(TOPIC));
        }
        elect(exchange, "election of no known type", -1, election(TOPIC, 0));
    }

    private static void elect(Exchange exchange, String title, int type, TopicPartitions... topics) throws IOException {
        exchange.each(ApiKeys.ELECT_LEADERS, title, v -> {
            var request = new ElectLeadersRequestData().setElectionType((byte) type).setTimeoutMs(10_000).setTopicPartitions(null);
            if (topics != null) {
                request.setTopicPartitions(new ElectLeadersRequestData.TopicPartitionsCollection());
                List.of(topics).forEach(topic -> request.topicPartitions().mustAdd(topic.duplicate()));
            }
            return request;
        });
    }

    private static TopicPartitions election(String topic, Integer... partitions) {
        return new TopicPartitions().setTopic(topic).setPartitions(List.of(partitions));
    }

    private static void reassignments(Exchange exchange) throws IOException {
        for (boolean mayChange : new boolean[] {true, false}) {
            String suffix = mayChange ? "" : ", the same number";
            reassign(exchange, "the same replica" + suffix, mayChange, TOPIC, 0, List.of(1));
            reassign(exchange, "nothing to cancel" + suffix, mayChange, TOPIC, 0, null);
            reassign(exchange, "no replica" + suffix, mayChange, TOPIC, 0, List.of());
            reassign(exchange, "an unknown broker" + suffix, mayChange, TOPIC, 0, List.of(2));
            reassign(exchange, "an unknown broker beside it" + suffix, mayChange, TOPIC, 0, List.of(1, 2));
            reassign(exchange, "a broker twice" + suffix, mayChange, TOPIC, 0, List.of(1, 1));
            reassign(exchange, "a broker below 0" + suffix, mayChange, TOPIC, 0, List.of(-1));
            reassign(exchange, "an unknown partition" + suffix, mayChange, TOPIC, 9, List.of(1));
            reassign(exchange, "an unknown topic" + suffix, mayChange, "nobody", 0, List.of(1));
            reassign(exchange, "an unknown topic to cancel" + suffix, mayChange, "nobody", 0, null);
        }
        exchange.each(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, "nothing", v -> new AlterPartitionReassignmentsRequestData());
        exchange.each(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, "no partition", v ->
            new AlterPartitionReassignmentsRequestData().setTopics(List.of(new ReassignableTopic().setName(TOPIC))));
        exchange.each(ApiKeys.LIST_PARTITION_REASSIGNMENTS, "all", v -> new ListPartitionReassignmentsRequestData().setTopics(null));
        exchange.each(ApiKeys.LIST_PARTITION_REASSIGNMENTS, "nothing", v -> new ListPartitionReassignmentsRequestData().setTopics(List.of()));
        for (String topic : List.of(TOPIC, "nobody")) {
            exchange.each(ApiKeys.LIST_PARTITION_REASSIGNMENTS, "partitions of " + topic, v -> {
                var asked = new ListPartitionReassignmentsTopics().setName(topic).setPartitionIndexes(List.of(0, 9));
                return new ListPartitionReassignmentsRequestData().setTopics(List.of(asked));
            });
        }
    }

    private static void reassign(Exchange exchange, String title, boolean mayChange, String topic, int partition, List<Integer> replicas) throws IOException {
        exchange.each(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, title, v -> {
            var one = new ReassignablePartition().setPartitionIndex(partition).setReplicas(replicas);
            var request = new AlterPartitionReassignmentsRequestData().setAllowReplicationFactorChange(mayChange);
            return request.setTopics(List.of(new ReassignableTopic().setName(topic).setPartitions(List.of(one))));
        });
    }
}
