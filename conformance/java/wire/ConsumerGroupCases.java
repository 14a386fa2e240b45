package wire;

import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData.TopicPartitions;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
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
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.protocol.ApiKeys;

/** Groups of the consumer protocol (KIP-848), against a broker that assigns at once. */
final class ConsumerGroupCases {
    private static final int TIMEOUT_MS = 30_000;

    private final Exchange exchange;
    private final String topic;
    private final Uuid id;

    ConsumerGroupCases(Exchange exchange, String topic, Uuid id) {
        this.exchange = exchange;
        this.topic = topic;
        this.id = id;
    }

    void ask() throws IOException {
        refused();
        for (int version = 0; version <= Exchange.latest(ApiKeys.CONSUMER_GROUP_HEARTBEAT); version++) {
            life("consumers-" + version, version);
        }
        two();
        fenced();
        staticMembers();
        subscriptions();
        patterns();
        assignors();
        otherProtocols();
        topicsThatChange();
    }

    /** What is no heartbeat of a member. */
    private void refused() throws IOException {
        beat("of nothing", new ConsumerGroupHeartbeatRequestData());
        beat("without a group", join("", "m"));
        beat("of a group of blanks", join(" \t", "m"));
        beat("of a member without a name", join("refused-unnamed", "").setMemberEpoch(3));
        beat("of a blank member", join("refused-blank", " "));
        beat("with an empty instance", join("refused", "m").setInstanceId(""));
        beat("with an empty rack", join("refused", "m").setRackId(" "));
        beat("without a timeout", join("refused", "m").setRebalanceTimeoutMs(-1));
        beat("without partitions", join("refused", "m").setTopicPartitions(null));
        beat("that joins with partitions", join("refused", "m").setTopicPartitions(has(0)));
        beat("without topics", join("refused", "m").setSubscribedTopicNames(null));
        beat("of an unknown assignor", join("refused", "m").setServerAssignor("sticky"));
        beat("of an empty assignor", join("refused", "m").setServerAssignor(""));
        beat("in an impossible epoch", join("refused", "m").setMemberEpoch(-3));
        beat("of a stranger", beat("refused", "m", 1));
        beat("of a stranger that leaves", beat("refused", "m", -1));
        beat("of a stranger that leaves for a while", beat("refused", "m", -2).setInstanceId("i"));
        beat("that leaves for a while without an instance", beat("refused", "m", -2));
        for (String group : List.of("refused", "")) {
            describe("no group", group);
        }
        exchange.each(ApiKeys.CONSUMER_GROUP_DESCRIBE, "nothing", v -> new ConsumerGroupDescribeRequestData());
    }

    /** A group of one member, from its first heartbeat to its deletion. */
    private void life(String group, int version) throws IOException {
        var joined = beat(version, "joins", join(group, "one"));
        beat(version, "joins twice", join(group, "one"));
        int epoch = joined.memberEpoch();
        beat(version, "has it", beat(group, "one", epoch).setTopicPartitions(has(0, 1, 2)));
        beat(version, "lives", beat(group, "one", epoch));
        beat(version, "says all again", join(group, "one").setMemberEpoch(epoch).setTopicPartitions(has(0, 1, 2)));
        beat(version, "in an earlier epoch", beat(group, "one", epoch - 1));
        beat(version, "in an earlier epoch, with what it has", beat(group, "one", epoch - 1).setTopicPartitions(has(0, 1, 2)));
        beat(version, "in a later epoch", beat(group, "one", epoch + 1));
        beat(version, "another member", beat(group, "two", epoch));
        describe("of one", group);
        exchange.each(ApiKeys.DESCRIBE_GROUPS, "of one", v -> new DescribeGroupsRequestData().setGroups(List.of(group)));
        list("of one");
        commits(group, "one", epoch);
        fetches(group, "one", epoch);
        exchange.each(ApiKeys.OFFSET_DELETE, "of a consumer group with members", v -> deleteOffsets(group));
        exchange.each(ApiKeys.DELETE_GROUPS, "of the consumer protocol, with members", v ->
            new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
        exchange.each(ApiKeys.HEARTBEAT, "of the other protocol", v ->
            new HeartbeatRequestData().setGroupId(group).setMemberId("one").setGenerationId(epoch));
        beat(version, "leaves", beat(group, "one", -1));
        beat(version, "leaves twice", beat(group, "one", -1));
        describe("empty", group);
        list("empty");
        commits(group, "", -1);
        fetches(group, "", -1);
        exchange.each(ApiKeys.OFFSET_DELETE, "of an empty consumer group", v -> deleteOffsets(group));
        var again = beat(version, "joins anew", join(group, "three"));
        beat(version, "and leaves", beat(group, "three", -1));
        exchange.last(ApiKeys.DELETE_GROUPS, "an empty consumer group", new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
        beat(version, "after it was deleted", beat(group, "three", again.memberEpoch()));
        describe("deleted", group);
    }

    /** The second member waits for what the first gives up. */
    private void two() throws IOException {
        String group = "two";
        int first = beat(1, "first", join(group, "one")).memberEpoch();
        var waits = beat(1, "second", join(group, "two"));
        describe("one has what two is to have", group);
        var gives = beat(1, "first is to give up", beat(group, "one", first).setTopicPartitions(has(0, 1, 2)));
        describe("one is to give up", group);
        beat(1, "first keeps all for now", beat(group, "one", gives.memberEpoch()).setTopicPartitions(has(0, 1, 2)));
        beat(1, "second waits", beat(group, "two", waits.memberEpoch()).setTopicPartitions(List.of()));
        int[] kept = partitions(gives);
        var given = beat(1, "first has given up", beat(group, "one", gives.memberEpoch()).setTopicPartitions(has(kept)));
        describe("one has given up", group);
        var gets = beat(1, "second gets", beat(group, "two", waits.memberEpoch()).setTopicPartitions(List.of()));
        describe("both have theirs", group);
        commits(group, "one", given.memberEpoch());
        commits(group, "two", gets.memberEpoch());
        beat(1, "first leaves", beat(group, "one", -1));
        describe("two alone", group);
        var alone = beat(1, "second is told", beat(group, "two", gets.memberEpoch()));
        beat(1, "second has all", beat(group, "two", alone.memberEpoch()).setTopicPartitions(has(0, 1, 2)));
        describe("two has all", group);
    }

    private void fenced() throws IOException {
        String group = "fenced";
        int epoch = beat(1, "alone", join(group, "one")).memberEpoch();
        beat(1, "another", join(group, "two"));
        var next = beat(1, "moves on", beat(group, "one", epoch).setTopicPartitions(has(0, 1, 2)));
        beat(1, "of the epoch before, which owns what it is to have", beat(group, "one", epoch).setTopicPartitions(has(partitions(next))));
        beat(1, "of the epoch before, which owns more", beat(group, "one", epoch).setTopicPartitions(has(0, 1, 2)));
        beat(1, "of no partitions", beat(group, "one", epoch).setTopicPartitions(List.of()));
        beat(1, "of a topic that is not there", beat(group, "one", epoch).setTopicPartitions(
            List.of(new TopicPartitions().setTopicId(new Uuid(5, 5)).setPartitions(List.of(0)))));
        commits(group, "one", epoch);
        beat(1, "that begins anew", join(group, "one"));
        describe("begun anew", group);
    }

    private void staticMembers() throws IOException {
        String group = "static-consumers";
        var first = beat(1, "static", fixed(group, "one"));
        beat(1, "static, another process while the first lives", fixed(group, "other"));
        beat(1, "static, of another member's instance", beat(group, "other", first.memberEpoch()).setInstanceId("fixed"));
        beat(1, "static, goes for a while", beat(group, "one", -2).setInstanceId("fixed"));
        describe("static, away", group);
        list("static, away");
        var second = beat(1, "static, is back", fixed(group, "two"));
        describe("static, back", group);
        beat(1, "static, the first process", beat(group, "one", first.memberEpoch()).setInstanceId("fixed"));
        beat(1, "static, the first process without its instance", beat(group, "one", first.memberEpoch()));
        beat(1, "static, the second process", beat(group, "two", second.memberEpoch()).setInstanceId("fixed"));
        beat(1, "static, leaves for good, by a wrong member", beat(group, "one", -1).setInstanceId("fixed"));
        beat(1, "static, leaves for good", beat(group, "two", -1).setInstanceId("fixed"));
        describe("static, gone", group);
    }

    private void subscriptions() throws IOException {
        String group = "subscriptions";
        int epoch = beat(1, "of no topics", join(group, "one").setSubscribedTopicNames(List.of())).memberEpoch();
        describe("of no topics", group);
        epoch = beat(1, "of topics that are not there", beat(group, "one", epoch).setSubscribedTopicNames(List.of("nobody", "nowhere"))).memberEpoch();
        describe("of topics that are not there", group);
        epoch = beat(1, "of the topic", beat(group, "one", epoch).setSubscribedTopicNames(List.of(topic, topic, "nobody"))).memberEpoch();
        describe("of the topic", group);
        epoch = beat(1, "has it", beat(group, "one", epoch).setTopicPartitions(has(0, 1, 2))).memberEpoch();
        epoch = beat(1, "with another rack", beat(group, "one", epoch).setRackId("rack")).memberEpoch();
        epoch = beat(1, "with another timeout", beat(group, "one", epoch).setRebalanceTimeoutMs(60_000)).memberEpoch();
        epoch = beat(1, "of nothing any more", beat(group, "one", epoch).setSubscribedTopicNames(List.of())).memberEpoch();
        beat(1, "has given all up", beat(group, "one", epoch).setTopicPartitions(List.of()));
        describe("of nothing any more", group);
    }

    private void patterns() throws IOException {
        String group = "patterns";
        for (String bad : List.of("(", "a**", "[z-a]", "\\", "(?=a)", "\\p{Foo}", "a{2000}")) {
            beat(1, "of the pattern " + bad, join("bad-patterns", "m").setSubscribedTopicNames(null).setSubscribedTopicRegex(bad));
        }
        describe("of bad patterns", "bad-patterns");
        var joined = beat(1, "of a pattern", join(group, "one").setSubscribedTopicNames(null).setSubscribedTopicRegex("committ.*"));
        var told = told(group, joined.memberEpoch(), 3);
        describe("of a pattern", group);
        var bad = beat(group, "one", told.memberEpoch()).setSubscribedTopicRegex("(");
        beat(1, "of a bad pattern then", bad);
        var names = beat(1, "of a pattern and a name", beat(group, "one", told.memberEpoch())
            .setTopicPartitions(has(0, 1, 2)).setSubscribedTopicNames(List.of(topic)));
        beat(1, "of no pattern any more", beat(group, "one", names.memberEpoch()).setSubscribedTopicRegex(""));
        describe("of no pattern any more", group);
    }

    /** Patterns are resolved when it comes to that: the member asks until it has so many partitions. */
    private ConsumerGroupHeartbeatResponseData told(String group, int epoch, int partitions) throws IOException {
        ConsumerGroupHeartbeatResponseData[] last = {new ConsumerGroupHeartbeatResponseData().setMemberEpoch(epoch)};
        var described = new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group));
        exchange.until(ApiKeys.CONSUMER_GROUP_DESCRIBE, described, (ConsumerGroupDescribeResponseData answer) -> {
            try {
                last[0] = (ConsumerGroupHeartbeatResponseData) exchange.ask(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1,
                    beat(group, "one", last[0].memberEpoch()));
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
            var member = answer.groups().get(0).members().get(0);
            return member.assignment().topicPartitions().stream().mapToInt(it -> it.partitions().size()).sum() == partitions
                && member.memberEpoch() == last[0].memberEpoch();
        });
        return last[0];
    }

    private void assignors() throws IOException {
        String group = "assignors";
        int one = beat(1, "range", join(group, "one").setServerAssignor("range")).memberEpoch();
        describe("range", group);
        one = beat(1, "uniform", beat(group, "one", one).setServerAssignor("uniform").setTopicPartitions(has(0, 1, 2))).memberEpoch();
        describe("uniform", group);
        beat(1, "no word of it", join(group, "two"));
        beat(1, "range, again", join(group, "three").setServerAssignor("range"));
        describe("of three", group);
        beat(1, "sticky", beat(group, "one", one).setServerAssignor("sticky"));
    }

    /** Names that belong to groups of the other kind. */
    private void otherProtocols() throws IOException {
        String group = "only-offsets";
        exchange.last(ApiKeys.OFFSET_COMMIT, "makes a group", commit(group, "", -1, Exchange.latest(ApiKeys.OFFSET_COMMIT)));
        describe("a group of offsets", group);
        beat("into a group of offsets", beat(group, "one", 1));
        beat(1, "that takes a group of offsets over", join(group, "one"));
        describe("taken over", group);
        fetches(group, "one", 1);
        beat(1, "that leaves it", beat(group, "one", -1));
        list("taken over");
    }

    private void topicsThatChange() throws IOException {
        String group = "changes", grows = "grows";
        Uuid grown = Topics.make(exchange, grows, 1);
        // Once one group is given the topic, the coordinator knows of it.
        exchange.until(ApiKeys.CONSUMER_GROUP_HEARTBEAT, join("changes-probe", "one").setSubscribedTopicNames(List.of(grows)),
            (ConsumerGroupHeartbeatResponseData answer) -> !answer.assignment().topicPartitions().isEmpty());
        exchange.ask(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1, beat("changes-probe", "one", -1));
        UnaryOperator<ConsumerGroupHeartbeatRequestData> both = it -> it.setSubscribedTopicNames(List.of(grows, topic));
        var joined = beat(1, "of two topics", both.apply(join(group, "one")));
        var had = List.of(new TopicPartitions().setTopicId(grown).setPartitions(List.of(0)), has(0, 1, 2).get(0));
        beat(1, "has both", beat(group, "one", joined.memberEpoch()).setTopicPartitions(had));
        describe("of two topics", group);
        Topics.remove(exchange, grows);
        var described = new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group));
        ConsumerGroupHeartbeatResponseData[] last = {joined};
        exchange.until(ApiKeys.CONSUMER_GROUP_DESCRIBE, described, (ConsumerGroupDescribeResponseData answer) -> {
            try {
                last[0] = (ConsumerGroupHeartbeatResponseData) exchange.ask(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1,
                    beat(group, "one", last[0].memberEpoch()).setTopicPartitions(has(0, 1, 2)));
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
            return answer.groups().get(0).members().get(0).memberEpoch() > joined.memberEpoch();
        });
        describe("of one topic that is left", group);
    }

    private void commits(String group, String member, int epoch) throws IOException {
        String who = member.isEmpty() ? "nobody" : member;
        exchange.each(ApiKeys.OFFSET_COMMIT, "of " + who + " in a consumer group", v -> commit(group, member, epoch, v));
        if (epoch > 0) {
            exchange.each(ApiKeys.OFFSET_COMMIT, "of " + who + " in an earlier epoch", v -> commit(group, member, epoch - 1, v));
            exchange.each(ApiKeys.OFFSET_COMMIT, "of " + who + " in a later epoch", v -> commit(group, member, epoch + 1, v));
            exchange.each(ApiKeys.OFFSET_COMMIT, "of a stranger in a consumer group", v -> commit(group, "stranger", epoch, v));
            exchange.each(ApiKeys.OFFSET_COMMIT, "of nobody while there are consumers", v -> commit(group, "", -1, v));
        }
    }

    private void fetches(String group, String member, int epoch) throws IOException {
        for (int asked : epoch > 0 ? new int[] {epoch, epoch - 1, epoch + 1} : new int[] {epoch}) {
            exchange.each(ApiKeys.OFFSET_FETCH, "of " + member + " in epoch " + (asked - epoch), v -> {
                if (v < 9) {
                    return null;
                }
                var of = new OffsetFetchRequestTopics().setName(topic).setTopicId(id).setPartitionIndexes(List.of(0, 1, 2));
                return new OffsetFetchRequestData().setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group)
                    .setMemberId(member).setMemberEpoch(asked).setTopics(List.of(of))));
            });
        }
        exchange.each(ApiKeys.OFFSET_FETCH, "of a stranger in a consumer group", v -> v < 9 ? null : new OffsetFetchRequestData()
            .setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group).setMemberId("stranger").setMemberEpoch(1).setTopics(null))));
        exchange.each(ApiKeys.OFFSET_FETCH, "of a consumer group", v -> v < 8 ? null : new OffsetFetchRequestData()
            .setGroups(List.of(new OffsetFetchRequestGroup().setGroupId(group).setTopics(null))));
    }

    private OffsetCommitRequestData commit(String group, String member, int epoch, int version) {
        var of = new OffsetCommitRequestTopic().setName(topic).setTopicId(id);
        of.partitions().add(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(version));
        var request = new OffsetCommitRequestData().setGroupId(group).setMemberId(member).setGenerationIdOrMemberEpoch(epoch);
        request.topics().add(of);
        return request;
    }

    private OffsetDeleteRequestData deleteOffsets(String group) {
        var topics = new OffsetDeleteRequestTopicCollection();
        topics.add(new OffsetDeleteRequestTopic().setName(topic).setPartitions(List.of(new OffsetDeleteRequestPartition())));
        return new OffsetDeleteRequestData().setGroupId(group).setTopics(topics);
    }

    private void describe(String title, String group) throws IOException {
        exchange.each(ApiKeys.CONSUMER_GROUP_DESCRIBE, title, v ->
            new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group)).setIncludeAuthorizedOperations(v == 1));
    }

    private void list(String title) throws IOException {
        exchange.last(ApiKeys.LIST_GROUPS, title, new ListGroupsRequestData());
        for (String type : List.of("consumer", "Consumer", "classic")) {
            exchange.last(ApiKeys.LIST_GROUPS, title + ", of type " + type, new ListGroupsRequestData().setTypesFilter(List.of(type)));
        }
        for (String state : List.of("stable", "Assigning", "reconciling", "Empty")) {
            exchange.last(ApiKeys.LIST_GROUPS, title + ", in state " + state,
                new ListGroupsRequestData().setStatesFilter(List.of(state)).setTypesFilter(List.of("consumer")));
        }
    }

    private void beat(String title, ConsumerGroupHeartbeatRequestData request) throws IOException {
        exchange.each(ApiKeys.CONSUMER_GROUP_HEARTBEAT, title, v -> request);
    }

    private ConsumerGroupHeartbeatResponseData beat(int version, String title, ConsumerGroupHeartbeatRequestData request)
        throws IOException {
        return (ConsumerGroupHeartbeatResponseData) exchange.tell(ApiKeys.CONSUMER_GROUP_HEARTBEAT, version, title, request);
    }

    private static ConsumerGroupHeartbeatRequestData beat(String group, String member, int epoch) {
        return new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(epoch);
    }

    private ConsumerGroupHeartbeatRequestData join(String group, String member) {
        return beat(group, member, 0).setRebalanceTimeoutMs(TIMEOUT_MS).setSubscribedTopicNames(List.of(topic))
            .setTopicPartitions(List.of());
    }

    private ConsumerGroupHeartbeatRequestData fixed(String group, String member) {
        return join(group, member).setInstanceId("fixed");
    }

    private List<TopicPartitions> has(int... partitions) {
        return List.of(new TopicPartitions().setTopicId(id).setPartitions(java.util.Arrays.stream(partitions).boxed().toList()));
    }

    private static int[] partitions(ConsumerGroupHeartbeatResponseData told) {
        return told.assignment().topicPartitions().stream().flatMap(it -> it.partitions().stream()).mapToInt(it -> it).toArray();
    }
}
