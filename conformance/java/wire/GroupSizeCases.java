package wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Groups that ask for more than fits into a batch of __consumer_offsets, and their neighbours in the same partition. */
final class GroupSizeCases {
    private static final int SESSION_MS = 30_000;
    private static final int BATCH_BYTES_MAX = 1_048_588;
    /** Java's hash of both is the same, and so is their partition. */
    private static final String LARGE = "Aa", NEIGHBOUR = "BB";

    private final Exchange exchange;
    private final String topic;
    private final Uuid id;

    GroupSizeCases(Exchange exchange, String topic, Uuid id) {
        this.exchange = exchange;
        this.topic = topic;
        this.id = id;
    }

    void ask() throws IOException {
        String neighbour = member(NEIGHBOUR, "a neighbour", 0);
        exchange.last(ApiKeys.SYNC_GROUP, "of a neighbour", sync(NEIGHBOUR, neighbour, 1, 3, 5));
        assignments(neighbour);
        subscriptions();
        staticMember();
        offsets(neighbour);
        deletions();
    }

    private void assignments(String neighbour) throws IOException {
        String member = member(LARGE, "to be large", 0);
        for (int version = 0, generation = 1; version <= Exchange.latest(ApiKeys.SYNC_GROUP); version++, generation++) {
            exchange.tell(ApiKeys.SYNC_GROUP, version, "too large", sync(LARGE, member, generation, BATCH_BYTES_MAX, version));
            exchange.last(ApiKeys.HEARTBEAT, "after a sync that is too large", heartbeat(LARGE, member, generation));
            exchange.last(ApiKeys.HEARTBEAT, "of a neighbour", heartbeat(NEIGHBOUR, neighbour, 1));
            describe("after a sync that is too large");
            exchange.last(ApiKeys.JOIN_GROUP, "after a sync that is too large", join(LARGE, member, 0));
        }
        longest("the longest assignment that fits", member, BATCH_BYTES_MAX);
        otherBounds(member);
        exchange.last(ApiKeys.HEARTBEAT, "of a neighbour", heartbeat(NEIGHBOUR, neighbour, 1));
    }

    /** The bound is that of the topic, and may change while the broker runs. */
    private void otherBounds(String member) throws IOException {
        int boundBefore = BATCH_BYTES_MAX;
        for (int bound : new int[] {2 * BATCH_BYTES_MAX, 1_000, BATCH_BYTES_MAX}) {
            var change = new AlterableConfig().setName("max.message.bytes").setValue(String.valueOf(bound));
            var topic = new AlterConfigsResource().setResourceType((byte) 2).setResourceName("__consumer_offsets");
            topic.configs().add(change);
            var request = new IncrementalAlterConfigsRequestData();
            request.resources().add(topic);
            exchange.last(ApiKeys.INCREMENTAL_ALTER_CONFIGS, "batches of " + bound, request);
            // Kafka answers before its log knows.
            int between = (bound + boundBefore) / 2;
            for (int tries = 0; tries < 1_000 && fits(member, between) != bound > boundBefore; tries++) {
            }
            boundBefore = bound;
            longest("the longest assignment that fits into batches of " + bound, member, bound);
        }
    }

    /** Halves the way between what fits and what does not, and prints where they meet. */
    private void longest(String title, String member, int bound) throws IOException {
        int fits = 0, tooLarge = bound;
        while (tooLarge - fits > 1) {
            int length = (fits + tooLarge) / 2;
            if (fits(member, length)) {
                fits = length;
            } else {
                tooLarge = length;
            }
        }
        exchange.print("SYNC_GROUP", Exchange.latest(ApiKeys.SYNC_GROUP), title, JsonNodeFactory.instance.numberNode(fits));
    }

    /** Whether the log takes an assignment of so many bytes; the leader has to join anew for each. */
    private boolean fits(String member, int length) throws IOException {
        var joined = (JoinGroupResponseData) exchange.ask(ApiKeys.JOIN_GROUP, Exchange.latest(ApiKeys.JOIN_GROUP), join(LARGE, member, 0));
        var synced = (SyncGroupResponseData) exchange.ask(ApiKeys.SYNC_GROUP, Exchange.latest(ApiKeys.SYNC_GROUP),
            sync(LARGE, member, joined.generationId(), length, 5));
        return synced.errorCode() == 0;
    }

    /** What members say counts when the leader has assigned. */
    private void subscriptions() throws IOException {
        String member = member("talkative", "that says too much", BATCH_BYTES_MAX);
        exchange.last(ApiKeys.SYNC_GROUP, "of a member that says too much", sync("talkative", member, 1, 3, 5));
        exchange.last(ApiKeys.JOIN_GROUP, "that says less", join("talkative", member, 3));
        exchange.last(ApiKeys.SYNC_GROUP, "of a member that says less", sync("talkative", member, 2, 3, 5));
        exchange.last(ApiKeys.JOIN_GROUP, "that says too much again", join("talkative", member, BATCH_BYTES_MAX));
        exchange.last(ApiKeys.SYNC_GROUP, "of a member that says too much again", sync("talkative", member, 3, 3, 5));
    }

    private void staticMember() throws IOException {
        for (int version = 5; version <= Exchange.latest(ApiKeys.JOIN_GROUP); version++) {
            String group = "talkative-" + version;
            var joined = (JoinGroupResponseData) exchange.tell(ApiKeys.JOIN_GROUP, version, "static",
                join(group, "", 3).setGroupInstanceId("fixed"));
            var sync = sync(group, joined.memberId(), 1, 3, 5).setGroupInstanceId("fixed");
            exchange.last(ApiKeys.SYNC_GROUP, "static", sync);
            exchange.tell(ApiKeys.JOIN_GROUP, version, "static, a second process that says too much",
                join(group, "", BATCH_BYTES_MAX).setGroupInstanceId("fixed"));
            exchange.last(ApiKeys.SYNC_GROUP, "static, the first process still", sync);
            exchange.last(ApiKeys.HEARTBEAT, "static, the first process still",
                heartbeat(group, joined.memberId(), 1).setGroupInstanceId("fixed"));
        }
    }

    private void offsets(String neighbour) throws IOException {
        exchange.each(ApiKeys.OFFSET_COMMIT, "of too many offsets", v -> commit("too-many", topic, id, 400, 3, "m".repeat(4_000)));
        exchange.last(ApiKeys.DESCRIBE_GROUPS, "after a commit of too many offsets",
            new DescribeGroupsRequestData().setGroups(List.of("too-many")));
        exchange.last(ApiKeys.OFFSET_COMMIT, "of many offsets", commit("many", topic, id, 200, 3, "m".repeat(4_000)));
        exchange.last(ApiKeys.HEARTBEAT, "of a neighbour", heartbeat(NEIGHBOUR, neighbour, 1));
    }

    /** Offsets of a group with so long a name that what ends them is more than a batch. */
    private void deletions() throws IOException {
        String wide = "wide", group = "long".repeat(6_000);
        Uuid wideId = Topics.make(exchange, wide, 60);
        for (int from : new int[] {0, 30}) {
            var request = commit(group, wide, wideId, 30, 60, "");
            request.topics().get(0).partitions().forEach(one -> one.setPartitionIndex(from + one.partitionIndex()));
            exchange.last(ApiKeys.OFFSET_COMMIT, "of a group with a long name", request);
        }
        var asked = new OffsetDeleteRequestTopic().setName(wide);
        for (int partition = 0; partition < 60; partition++) {
            asked.partitions().add(new OffsetDeleteRequestPartition().setPartitionIndex(partition));
        }
        var topics = new OffsetDeleteRequestTopicCollection();
        topics.add(asked);
        exchange.last(ApiKeys.OFFSET_DELETE, "of more than a batch", new OffsetDeleteRequestData().setGroupId(group).setTopics(topics));
        exchange.last(ApiKeys.DELETE_GROUPS, "of more than a batch", new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
    }

    private String member(String group, String title, int metadata) throws IOException {
        var first = (JoinGroupResponseData) exchange.last(ApiKeys.JOIN_GROUP, title, join(group, "", metadata));
        exchange.last(ApiKeys.JOIN_GROUP, title + ", with its id", join(group, first.memberId(), metadata));
        return first.memberId();
    }

    private void describe(String title) throws IOException {
        exchange.last(ApiKeys.DESCRIBE_GROUPS, title, new DescribeGroupsRequestData().setGroups(List.of(LARGE, NEIGHBOUR)));
    }

    private static JoinGroupRequestData join(String group, String member, int metadata) {
        var protocols = new JoinGroupRequestProtocolCollection();
        protocols.add(new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[metadata]));
        return new JoinGroupRequestData().setGroupId(group).setMemberId(member).setProtocolType("consumer")
            .setProtocols(protocols).setSessionTimeoutMs(SESSION_MS).setRebalanceTimeoutMs(SESSION_MS);
    }

    private static SyncGroupRequestData sync(String group, String member, int generation, int bytes, int version) {
        var request = new SyncGroupRequestData().setGroupId(group).setMemberId(member).setGenerationId(generation);
        request.assignments().add(new SyncGroupRequestAssignment().setMemberId(member).setAssignment(new byte[bytes]));
        return version < 5 ? request : request.setProtocolType("consumer").setProtocolName("range");
    }

    private static HeartbeatRequestData heartbeat(String group, String member, int generation) {
        return new HeartbeatRequestData().setGroupId(group).setMemberId(member).setGenerationId(generation);
    }

    private static OffsetCommitRequestData commit(
            String group, String topic, Uuid id, int count, int partitions, String metadata) {
        var asked = new OffsetCommitRequestTopic().setName(topic).setTopicId(id);
        for (int number = 0; number < count; number++) {
            asked.partitions().add(new OffsetCommitRequestPartition().setPartitionIndex(number % partitions)
                .setCommittedOffset(number).setCommittedMetadata(metadata));
        }
        var request = new OffsetCommitRequestData().setGroupId(group).setGenerationIdOrMemberEpoch(-1);
        request.topics().add(asked);
        return request;
    }
}
