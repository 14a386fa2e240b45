package wire;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Groups and committed offsets, against a broker that neither delays the first rebalance nor spaces assignments: every API
 * at every version, in lives of groups of one member.
 *
 * <p>Arguments: host, port.
 */
public final class Groups {
    private static final String TOPIC = "committed";
    private static final int SESSION_MS = 30_000;
    private static final byte[] WORDS = {1, 2, 3};

    private final Exchange exchange;
    private final Uuid id;

    private Groups(Exchange exchange) throws IOException {
        this.exchange = exchange;
        this.id = Topics.make(exchange, TOPIC, 3);
    }

    public static void main(String[] arguments) throws Exception {
        Exchange exchange = new Exchange(arguments[0], Integer.parseInt(arguments[1]));
        Groups groups = new Groups(exchange);
        exchange.until(ApiKeys.FIND_COORDINATOR,
            new FindCoordinatorRequestData().setCoordinatorKeys(List.of("first")),
            (FindCoordinatorResponseData found) -> found.coordinators().get(0).errorCode() == 0);
        // So many names reach every partition of __consumer_offsets.
        List<String> names = IntStream.range(0, 1_000).mapToObj(n -> "any-" + n).toList();
        exchange.until(ApiKeys.DESCRIBE_GROUPS, new DescribeGroupsRequestData().setGroups(names),
            (DescribeGroupsResponseData told) -> told.groups().stream().allMatch(group ->
                group.errorCode() == Errors.GROUP_ID_NOT_FOUND.code()));
        groups.coordinators();
        groups.strangers();
        groups.refusedJoins();
        groups.lives();
        groups.staticMembers();
        groups.simpleOffsets();
        groups.deletions();
        new ConsumerGroupCases(exchange, TOPIC, groups.id).ask();
        new GroupSizeCases(exchange, TOPIC, groups.id).ask();
        System.out.flush();
    }

    private void coordinators() throws IOException {
        for (int type : new int[] {0, 3, 9, -1}) {
            exchange.each(ApiKeys.FIND_COORDINATOR, "type " + type, v -> {
                var request = new FindCoordinatorRequestData();
                if (v >= 1) {
                    request.setKeyType((byte) type);
                }
                return v < 4 ? request.setKey("one") : request.setCoordinatorKeys(List.of("one", "", "one", "grüße"));
            });
        }
        exchange.each(ApiKeys.FIND_COORDINATOR, "of nothing", v -> new FindCoordinatorRequestData());
    }

    /** Whoever is in no group. */
    private void strangers() throws IOException {
        for (String group : List.of("nobody", "")) {
            exchange.each(ApiKeys.HEARTBEAT, "of a stranger in '" + group + "'", v ->
                new HeartbeatRequestData().setGroupId(group).setGenerationId(1).setMemberId("who"));
            exchange.each(ApiKeys.SYNC_GROUP, "of a stranger in '" + group + "'", v -> sync(group, "who", 1, v));
            exchange.each(ApiKeys.LEAVE_GROUP, "of a stranger in '" + group + "'", v -> leave(group, "who", v));
            exchange.each(ApiKeys.DESCRIBE_GROUPS, "no group '" + group + "'", v ->
                new DescribeGroupsRequestData().setGroups(List.of(group)).setIncludeAuthorizedOperations(v >= 3));
            exchange.each(ApiKeys.DELETE_GROUPS, "no group '" + group + "'", v ->
                new DeleteGroupsRequestData().setGroupsNames(List.of(group, group)));
            exchange.each(ApiKeys.OFFSET_DELETE, "no group '" + group + "'", v -> deleteOffsets(group, TOPIC, 0));
            fetchOffsets("no group '" + group + "'", group);
            exchange.each(ApiKeys.OFFSET_COMMIT, "by a stranger in '" + group + "'", v -> commit(group, "who", 4, v, 5));
        }
        exchange.each(ApiKeys.SYNC_GROUP, "without protocol", v ->
            new SyncGroupRequestData().setGroupId("nobody").setGenerationId(1).setMemberId("who"));
        exchange.each(ApiKeys.LEAVE_GROUP, "of nobody", v -> v < 3 ? null : new LeaveGroupRequestData().setGroupId("nobody"));
        exchange.each(ApiKeys.DESCRIBE_GROUPS, "nothing", v -> new DescribeGroupsRequestData());
        exchange.each(ApiKeys.DELETE_GROUPS, "nothing", v -> new DeleteGroupsRequestData());
        exchange.each(ApiKeys.LIST_GROUPS, "while there are none", v -> new ListGroupsRequestData());
    }

    private void refusedJoins() throws IOException {
        exchange.each(ApiKeys.JOIN_GROUP, "without a group", v -> join("", "", "consumer", "range"));
        exchange.each(ApiKeys.JOIN_GROUP, "as somebody unknown", v -> join("refused", "who", "consumer", "range"));
        exchange.each(ApiKeys.JOIN_GROUP, "without protocols", v -> join("refused", "", "consumer"));
        exchange.each(ApiKeys.JOIN_GROUP, "without a protocol type", v -> join("refused", "", "", "range"));
        for (int session : new int[] {0, -1, 5_999, 1_800_001}) {
            exchange.each(ApiKeys.JOIN_GROUP, "with a session of " + session, v ->
                join("refused", "", "consumer", "range").setSessionTimeoutMs(session));
        }
        exchange.each(ApiKeys.DESCRIBE_GROUPS, "refused", v -> new DescribeGroupsRequestData().setGroups(List.of("refused")));
    }

    /** A group of one member at each version, from its first join to its deletion. */
    private void lives() throws IOException {
        for (int version = 0; version <= Exchange.latest(ApiKeys.JOIN_GROUP); version++) {
            life("life-" + version, version);
        }
    }

    private void life(String group, int version) throws IOException {
        var joined = (JoinGroupResponseData) exchange.tell(ApiKeys.JOIN_GROUP, version, "first", join(group, "", "consumer", "range", "roundrobin"));
        String member = joined.memberId();
        if (joined.errorCode() != 0) {
            exchange.tell(ApiKeys.JOIN_GROUP, version, "again", join(group, member, "consumer", "range", "roundrobin"));
        }
        describe(group, "while it completes");
        exchange.each(ApiKeys.HEARTBEAT, "while it completes", v -> heartbeat(group, member, 1));
        exchange.each(ApiKeys.OFFSET_COMMIT, "while it completes", v -> commit(group, member, 1, v, 3));
        exchange.each(ApiKeys.SYNC_GROUP, "of another generation", v -> sync(group, member, 7, v));
        exchange.each(ApiKeys.SYNC_GROUP, "of another protocol", v -> v < 5 ? null : sync(group, member, 1, v).setProtocolName("sticky"));
        exchange.each(ApiKeys.SYNC_GROUP, "of the leader", v -> sync(group, member, 1, v));
        describe(group, "stable");
        exchange.each(ApiKeys.HEARTBEAT, "of a member", v -> heartbeat(group, member, 1));
        exchange.each(ApiKeys.HEARTBEAT, "of an older generation", v -> heartbeat(group, member, 0));
        exchange.each(ApiKeys.HEARTBEAT, "of somebody else", v -> heartbeat(group, "who", 1));
        exchange.each(ApiKeys.OFFSET_COMMIT, "of a member", v -> commit(group, member, 1, v, 40 + v));
        exchange.each(ApiKeys.OFFSET_COMMIT, "of an older generation", v -> commit(group, member, 0, v, 2));
        exchange.each(ApiKeys.OFFSET_COMMIT, "of nobody, while there are members", v -> commit(group, "", -1, v, 2));
        fetchOffsets("of a group with members", group);
        exchange.each(ApiKeys.OFFSET_DELETE, "of a group with members", v -> deleteOffsets(group, TOPIC, 0, 9));
        exchange.each(ApiKeys.DELETE_GROUPS, "with members", v -> new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
        exchange.tell(ApiKeys.JOIN_GROUP, version, "once more", join(group, member, "consumer", "range", "roundrobin"));
        exchange.tell(ApiKeys.JOIN_GROUP, version, "of another protocol type", join(group, "", "connect", "range"));
        exchange.tell(ApiKeys.JOIN_GROUP, version, "without a protocol in common", join(group, "", "consumer", "sticky"));
        list("while there are groups");
        int left = Math.min(version, Exchange.latest(ApiKeys.LEAVE_GROUP));
        exchange.tell(ApiKeys.LEAVE_GROUP, left, "of a member", leave(group, member, left));
        exchange.tell(ApiKeys.LEAVE_GROUP, left, "twice", leave(group, member, left));
        describe(group, "empty");
        list("empty");
        exchange.each(ApiKeys.OFFSET_COMMIT, "of nobody", v -> commit(group, "", -1, v, 80 + v));
        exchange.each(ApiKeys.OFFSET_DELETE, "of an empty group", v -> deleteOffsets(group, TOPIC, 1, 9));
        fetchOffsets("of an empty group", group);
        int deleted = Math.min(version, Exchange.latest(ApiKeys.DELETE_GROUPS));
        exchange.tell(ApiKeys.DELETE_GROUPS, deleted, "an empty one", new DeleteGroupsRequestData().setGroupsNames(List.of(group, "nobody")));
        fetchOffsets("of a deleted group", group);
    }

    private void staticMembers() throws IOException {
        for (int version = 5; version <= Exchange.latest(ApiKeys.JOIN_GROUP); version++) {
            String group = "static-" + version;
            var first = (JoinGroupResponseData) exchange.tell(ApiKeys.JOIN_GROUP, version, "static", fixed(group, ""));
            exchange.last(ApiKeys.SYNC_GROUP, "static", sync(group, first.memberId(), 1, 5).setGroupInstanceId("fixed"));
            var second = (JoinGroupResponseData) exchange.tell(ApiKeys.JOIN_GROUP, version, "static, a second process", fixed(group, ""));
            exchange.each(ApiKeys.HEARTBEAT, "of a fenced process", v ->
                v < 3 ? null : heartbeat(group, first.memberId(), 1).setGroupInstanceId("fixed"));
            exchange.last(ApiKeys.SYNC_GROUP, "of a fenced process", sync(group, first.memberId(), 1, 5).setGroupInstanceId("fixed"));
            exchange.last(ApiKeys.SYNC_GROUP, "of the second process", sync(group, second.memberId(), 1, 5).setGroupInstanceId("fixed"));
            exchange.each(ApiKeys.HEARTBEAT, "of the second process", v ->
                v < 3 ? null : heartbeat(group, second.memberId(), 1).setGroupInstanceId("fixed"));
            exchange.tell(ApiKeys.JOIN_GROUP, version, "static, as who it was", fixed(group, first.memberId()));
            exchange.each(ApiKeys.OFFSET_COMMIT, "of a fenced process", v ->
                v < 7 ? null : commit(group, first.memberId(), 1, v, 3).setGroupInstanceId("fixed"));
            describe(group, "static");
            exchange.last(ApiKeys.LEAVE_GROUP, "by instance ids", new LeaveGroupRequestData().setGroupId(group).setMembers(List.of(
                new MemberIdentity().setMemberId("").setGroupInstanceId("nobody"),
                new MemberIdentity().setMemberId(first.memberId()).setGroupInstanceId("fixed"),
                new MemberIdentity().setMemberId("").setGroupInstanceId("fixed"))));
            describe(group, "static, empty");
        }
    }

    /** A client that only keeps its offsets here. */
    private void simpleOffsets() throws IOException {
        exchange.each(ApiKeys.OFFSET_COMMIT, "of a client without a group", v -> commit("simple", "", -1, v, v));
        exchange.each(ApiKeys.OFFSET_COMMIT, "with too much metadata", v -> {
            var request = commit("simple", "", -1, v, 9);
            request.topics().get(0).partitions().get(0).setCommittedMetadata("x".repeat(4097));
            return request;
        });
        exchange.each(ApiKeys.OFFSET_COMMIT, "without metadata", v -> {
            var request = commit("simple", "", -1, v, 10);
            request.topics().get(0).partitions().get(0).setCommittedMetadata(null);
            return request;
        });
        exchange.each(ApiKeys.OFFSET_COMMIT, "of topics that are not there", v -> {
            var unknown = new OffsetCommitRequestTopic().setName("nobody").setTopicId(new Uuid(1, 2));
            unknown.partitions().add(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(1));
            var request = commit("simple", "", -1, v, 11);
            request.topics().add(unknown);
            return request;
        });
        exchange.each(ApiKeys.OFFSET_COMMIT, "of nothing", v -> new OffsetCommitRequestData().setGroupId("simple"));
        exchange.each(ApiKeys.OFFSET_COMMIT, "of negative offsets", v -> commit("simple", "", -1, v, -7));
        exchange.each(ApiKeys.OFFSET_COMMIT, "of a retention", v ->
            v > 4 ? null : commit("simple", "", -1, v, 12).setRetentionTimeMs(1_000_000));
        describe("simple", "simple");
        list("with a simple one");
        fetchOffsets("of a client without a group", "simple");
        exchange.each(ApiKeys.OFFSET_DELETE, "of a client without a group", v -> deleteOffsets("simple", TOPIC, 0, 9));
        exchange.each(ApiKeys.OFFSET_DELETE, "of a topic that is not there", v -> deleteOffsets("simple", "nobody", 0));
    }

    private void deletions() throws IOException {
        String short_lived = "committed-and-gone";
        Uuid gone = Topics.make(exchange, short_lived, 1);
        var topic = new OffsetCommitRequestTopic().setName(short_lived).setTopicId(gone);
        topic.partitions().add(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(1));
        exchange.last(ApiKeys.OFFSET_COMMIT, "of a topic that is going to be deleted",
            new OffsetCommitRequestData().setGroupId("survivor").setTopics(List.of(topic)));
        Topics.remove(exchange, short_lived);
        exchange.until(ApiKeys.OFFSET_FETCH, all("survivor", Exchange.latest(ApiKeys.OFFSET_FETCH)),
            (OffsetFetchResponseData fetched) -> fetched.groups().get(0).topics().isEmpty());
        exchange.each(ApiKeys.DELETE_GROUPS, "twice", v -> new DeleteGroupsRequestData().setGroupsNames(List.of("simple", "simple")));
    }

    private void describe(String group, String title) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_GROUPS, title, v ->
            new DescribeGroupsRequestData().setGroups(List.of(group)).setIncludeAuthorizedOperations(v >= 3));
    }

    private void list(String title) throws IOException {
        exchange.each(ApiKeys.LIST_GROUPS, title, v -> new ListGroupsRequestData());
        for (String state : List.of("Stable", "stable", "Empty", "PreparingRebalance", "nonsense", "")) {
            exchange.each(ApiKeys.LIST_GROUPS, title + ", in state " + state, v ->
                v < 4 ? null : new ListGroupsRequestData().setStatesFilter(List.of(state)));
        }
        for (String type : List.of("classic", "Classic", "consumer", "nonsense")) {
            exchange.each(ApiKeys.LIST_GROUPS, title + ", of type " + type, v ->
                v < 5 ? null : new ListGroupsRequestData().setTypesFilter(List.of(type)));
        }
    }

    private void fetchOffsets(String title, String group) throws IOException {
        exchange.each(ApiKeys.OFFSET_FETCH, title, v -> {
            if (v < 8) {
                return new OffsetFetchRequestData().setGroupId(group).setRequireStable(v == 7).setTopics(List.of(
                    new OffsetFetchRequestTopic().setName(TOPIC).setPartitionIndexes(List.of(0, 1, 9)),
                    new OffsetFetchRequestTopic().setName("nobody").setPartitionIndexes(List.of(0))));
            }
            var known = new OffsetFetchRequestTopics().setName(TOPIC).setTopicId(id).setPartitionIndexes(List.of(0, 1, 9));
            var unknown = new OffsetFetchRequestTopics().setName("nobody").setTopicId(new Uuid(1, 2)).setPartitionIndexes(List.of(0));
            var one = new OffsetFetchRequestGroup().setGroupId(group).setTopics(List.of(known, unknown));
            var other = new OffsetFetchRequestGroup().setGroupId("nobody-else").setTopics(List.of(known.duplicate()));
            return new OffsetFetchRequestData().setGroups(List.of(one, other)).setRequireStable(true);
        });
        exchange.each(ApiKeys.OFFSET_FETCH, title + ", all", v -> v < 2 ? null : all(group, v));
        exchange.each(ApiKeys.OFFSET_FETCH, title + ", nothing", v -> v < 8
            ? new OffsetFetchRequestData().setGroupId(group)
            : new OffsetFetchRequestData().setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group))));
    }

    private static OffsetFetchRequestData all(String group, int version) {
        return version < 8
            ? new OffsetFetchRequestData().setGroupId(group).setTopics(null)
            : new OffsetFetchRequestData().setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group).setTopics(null)));
    }

    private static JoinGroupRequestData join(String group, String member, String type, String... names) {
        var protocols = new JoinGroupRequestProtocolCollection();
        for (String name : names) {
            protocols.add(new JoinGroupRequestProtocol().setName(name).setMetadata(WORDS));
        }
        return new JoinGroupRequestData().setGroupId(group).setMemberId(member).setProtocolType(type)
            .setProtocols(protocols).setSessionTimeoutMs(SESSION_MS).setRebalanceTimeoutMs(SESSION_MS);
    }

    private static JoinGroupRequestData fixed(String group, String member) {
        return join(group, member, "consumer", "range").setGroupInstanceId("fixed");
    }

    private static SyncGroupRequestData sync(String group, String member, int generation, int version) {
        var request = new SyncGroupRequestData().setGroupId(group).setMemberId(member).setGenerationId(generation);
        request.assignments().add(new SyncGroupRequestAssignment().setMemberId(member).setAssignment(WORDS));
        return version < 5 ? request : request.setProtocolType("consumer").setProtocolName("range");
    }

    private static HeartbeatRequestData heartbeat(String group, String member, int generation) {
        return new HeartbeatRequestData().setGroupId(group).setMemberId(member).setGenerationId(generation);
    }

    private static LeaveGroupRequestData leave(String group, String member, int version) {
        var request = new LeaveGroupRequestData().setGroupId(group);
        return version < 3 ? request.setMemberId(member)
            : request.setMembers(List.of(new MemberIdentity().setMemberId(member)));
    }

    private OffsetCommitRequestData commit(String group, String member, int generation, int version, long offset) {
        var topic = new OffsetCommitRequestTopic().setName(TOPIC).setTopicId(id);
        for (int partition : new int[] {0, 1, 9}) {
            topic.partitions().add(new OffsetCommitRequestPartition().setPartitionIndex(partition)
                .setCommittedOffset(offset + partition).setCommittedLeaderEpoch(version >= 6 ? 0 : -1).setCommittedMetadata("words"));
        }
        var request = new OffsetCommitRequestData().setGroupId(group).setMemberId(member).setGenerationIdOrMemberEpoch(generation);
        request.topics().add(topic);
        return request;
    }

    private static OffsetDeleteRequestData deleteOffsets(String group, String topic, int... partitions) {
        var asked = new OffsetDeleteRequestTopic().setName(topic);
        for (int partition : partitions) {
            asked.partitions().add(new OffsetDeleteRequestPartition().setPartitionIndex(partition));
        }
        var topics = new OffsetDeleteRequestTopicCollection();
        topics.add(asked);
        return new OffsetDeleteRequestData().setGroupId(group).setTopics(topics);
    }
}
