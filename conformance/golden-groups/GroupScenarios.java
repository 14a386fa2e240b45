import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorShard;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupCurrentMemberAssignmentKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupCurrentMemberAssignmentValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMemberMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMemberMetadataValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupPartitionMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupRegularExpressionKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupRegularExpressionValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberValue;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMetadataKey;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMetadataValue;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * Plays scenarios of consumer groups on the coordinator of the Apache Kafka on the class path, and writes what it
 * answers into them: java GroupScenarios FILE...
 *
 * A scenario is a list of commands; what is indented under a command is what came of it, and is written anew. The
 * commands are those of crates/group-coordinator/tests/groups/play.rs, which plays the same files on Milena. With the
 * argument --bytes instead: the records that the plays of these files wrote, as hex, one line for each.
 */
public class GroupScenarios {
    /** Wall clock when a scenario begins. */
    private static final long START = 1_700_000_000_000L;
    private static final GroupCoordinatorMetrics METRICS = new GroupCoordinatorMetrics();

    private final Map<String, String> settings = new HashMap<>();
    private final List<CoordinatorRecord> log = new ArrayList<>();
    private final Map<String, String> aliases = new HashMap<>();
    private final Map<String, String> ids = new HashMap<>();
    private List<Parked> parked = new ArrayList<>();
    private List<String> replies = new ArrayList<>();
    private int written;
    private long now;
    private Timers timers;
    private GroupCoordinatorShard shard;
    private Tasks tasks = new Tasks();
    private MetadataImage image = MetadataImage.EMPTY;
    /** The epoch that each process was told last. */
    private final Map<String, Integer> epochs = new HashMap<>();
    private final Map<String, Uuid> topicIds = new LinkedHashMap<>();

    private record Parked(CompletableFuture<?> future, Supplier<String> text, Runnable meet) { }

    public static void main(String[] arguments) throws Exception {
        boolean bytes = arguments[0].equals("--bytes");
        for (String file : Arrays.copyOfRange(arguments, bytes ? 1 : 0, arguments.length)) {
            GroupScenarios play = new GroupScenarios();
            Path path = Path.of(file);
            String text = play.play(Files.readAllLines(path));
            if (bytes) {
                play.print();
            } else {
                Files.writeString(path, text);
            }
        }
        System.exit(0);
    }

    private void print() {
        GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
        HexFormat hex = HexFormat.of();
        for (CoordinatorRecord record : log) {
            byte[] value = serde.serializeValue(record);
            System.out.println(hex.formatHex(serde.serializeKey(record)) + " " + (value == null ? "-" : hex.formatHex(value)));
        }
    }

    private String play(List<String> lines) throws Exception {
        StringBuilder out = new StringBuilder();
        for (String line : lines) {
            if (line.startsWith("  ")) {
                continue;
            }
            out.append(line).append('\n');
            if (!line.isBlank() && !line.startsWith("#")) {
                for (String result : command(line.trim().split(" +"))) {
                    out.append("  ").append(result).append('\n');
                }
            }
        }
        return out.toString();
    }

    private List<String> command(String[] words) throws Exception {
        Map<String, String> options = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (String word : Arrays.copyOfRange(words, 1, words.length)) {
            int equals = word.indexOf('=');
            if (equals < 0) {
                names.add(word);
            } else {
                options.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        if (words[0].equals("settings")) {
            settings.putAll(options);
            return List.of();
        }
        if (words[0].equals("topics")) {
            topics(options);
            return List.of();
        }
        if (shard == null || words[0].equals("load")) {
            load();
        }
        String group = options.getOrDefault("group", "g");
        switch (words[0]) {
            case "load" -> { }
            case "tick" -> {
                return tick(Long.parseLong(names.get(0)));
            }
            case "hb" -> hb(names.get(0), group, options);
            case "resolve" -> tasks.run();
            case "describe-consumer" -> replies.add("describe-consumer: " + describeConsumer(group));
            case "join" -> join(names.get(0), group, options);
            case "sync" -> sync(names.get(0), group, options);
            case "heartbeat" -> heartbeat(names.get(0), group, options);
            case "leave" -> leave(names, group);
            case "commit" -> commit(names.get(0), group, options);
            case "describe" -> replies.add("describe: " + describe(group));
            case "list" -> replies.add("list: " + shard.listGroups(List.of(), List.of(), Long.MAX_VALUE).stream()
                .map(g -> g.groupId() + " " + g.groupType() + " " + g.groupState() + " " + quoted(g.protocolType()))
                .sorted().collect(Collectors.joining(", ")));
            case "delete" -> {
                var result = shard.deleteGroups(context("admin", 2), List.of(group));
                apply(result);
                replies.add("delete: " + error(result.response().iterator().next().errorCode()));
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return results("");
    }

    /** The shard is gone; a new one is made from the log. */
    private void load() {
        Properties properties = new Properties();
        properties.put("process.roles", "broker");
        properties.put("node.id", "1");
        properties.put("controller.quorum.bootstrap.servers", "localhost:1");
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("log.dirs", "/tmp/none");
        settings.forEach(properties::put);
        KafkaConfig config = KafkaConfig.fromProps(properties, false);
        GroupCoordinatorConfig groupConfig = new GroupCoordinatorConfig(config);
        LogContext context = new LogContext();
        SnapshotRegistry registry = new SnapshotRegistry(context);
        timers = new Timers();
        parked = new ArrayList<>();
        GroupCoordinatorShard.Builder builder = new GroupCoordinatorShard.Builder(
            groupConfig, new GroupConfigManager(new Properties(), groupConfig, new ShareGroupConfig(config)));
        builder.withAuthorizerPlugin(Optional.empty());
        shard = builder.withLogContext(context).withSnapshotRegistry(registry).withTime(new Clock()).withTimer(timers)
            .withExecutor(tasks = new Tasks()).withCoordinatorMetrics(METRICS)
            .withTopicPartition(new TopicPartition("__consumer_offsets", 0)).build();
        for (int offset = 0; offset < log.size(); offset++) {
            shard.replay(offset, -1, (short) -1, log.get(offset));
        }
        shard.onLoaded(new KRaftCoordinatorMetadataImage(image));
    }

    private List<String> tick(long ms) {
        List<String> results = new ArrayList<>();
        long end = now + ms;
        while (true) {
            long due = timers.nextDeadline();
            if (due > end) {
                now = end;
                return results;
            }
            now = due;
            timers.popDue();
            if (timers.nextDeadline() > now) {
                results.addAll(results("@" + now + " "));
            }
        }
    }

    private void apply(CoordinatorResult<?, CoordinatorRecord> result) {
        for (CoordinatorRecord record : result.records()) {
            log.add(record);
            if (result.replayRecords()) {
                shard.replay(log.size() - 1, -1, (short) -1, record);
            }
        }
        if (result.appendFuture() != null) {
            result.appendFuture().complete(null);
        }
    }

    /** What has happened since the last call. */
    private List<String> results(String prefix) {
        List<Parked> done = parked.stream().filter(one -> one.future.isDone()).toList();
        done.forEach(one -> one.meet.run());
        done.forEach(one -> replies.add(one.text.get()));
        parked.removeAll(done);
        Collections.sort(replies);
        List<String> results = new ArrayList<>(replies);
        replies = new ArrayList<>();
        List<String> run = new ArrayList<>();
        Class<?> kind = null;
        for (; written < log.size(); written++) {
            // Where Kafka goes through a map, the order means nothing.
            if (kind != log.get(written).key().getClass()) {
                run.stream().sorted().forEach(results::add);
                run.clear();
                kind = log.get(written).key().getClass();
            }
            run.add("log " + text(log.get(written)));
        }
        run.stream().sorted().forEach(results::add);
        return results.stream().map(line -> prefix + line).toList();
    }

    private void join(String name, String group, Map<String, String> options) throws Exception {
        JoinGroupRequestData request = new JoinGroupRequestData()
            .setGroupId(group)
            .setMemberId(memberId(name, options))
            .setGroupInstanceId(options.get("instance"))
            .setSessionTimeoutMs(Integer.parseInt(options.getOrDefault("session", "45000")))
            .setRebalanceTimeoutMs(Integer.parseInt(options.getOrDefault("rebalance", "60000")))
            .setProtocolType(options.getOrDefault("type", "consumer"));
        for (String protocol : options.getOrDefault("protocols", "range:" + name).split(",")) {
            String[] parts = protocol.split(":", 2);
            if (!protocol.equals("-")) {
                request.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol()
                    .setName(parts[0]).setMetadata(bytes(parts[1])));
            }
        }
        CompletableFuture<JoinGroupResponseData> future = new CompletableFuture<>();
        int version = Integer.parseInt(options.getOrDefault("v", "9"));
        try {
            apply(shard.classicGroupJoin(context(name, version), request, future));
        } catch (RuntimeException exception) {
            // As the service around the shard answers it.
            future.complete(new JoinGroupResponseData().setErrorCode(Errors.forException(exception).code()));
        }
        parked.add(new Parked(future, () -> name + " join: " + text(future.join()), () -> meet(name, future.join())));
    }

    private void meet(String name, JoinGroupResponseData joined) {
        if (!joined.memberId().isEmpty() && !aliases.containsKey(joined.memberId())) {
            String alias = name;
            while (aliases.containsValue(alias)) {
                alias += "'";
            }
            aliases.put(joined.memberId(), alias);
            ids.put(name, joined.memberId());
        }
    }

    private String text(JoinGroupResponseData joined) {
        if (joined.errorCode() != 0) {
            return error(joined.errorCode()) + " id=" + alias(joined.memberId()) + " generation=" + joined.generationId()
                + " protocol=" + quoted(joined.protocolName()) + " type=" + quoted(joined.protocolType());
        }
        String members = joined.members().stream().map(member -> " " + alias(member.memberId())
                + (member.groupInstanceId() == null ? "" : "@" + member.groupInstanceId()) + "=" + string(member.metadata()))
            .sorted().collect(Collectors.joining());
        return "generation " + joined.generationId() + " of " + joined.protocolType() + "/" + joined.protocolName()
            + ", id " + alias(joined.memberId()) + ", leader " + alias(joined.leader())
            + (joined.skipAssignment() ? ", skip" : "") + (members.isEmpty() ? "" : ", members" + members);
    }

    private void sync(String name, String group, Map<String, String> options) throws Exception {
        SyncGroupRequestData request = new SyncGroupRequestData()
            .setGroupId(group)
            .setGenerationId(Integer.parseInt(options.get("gen")))
            .setMemberId(memberId(name, options))
            .setGroupInstanceId(options.get("instance"))
            .setProtocolType(options.get("type"))
            .setProtocolName(options.get("protocol"));
        for (String assignment : options.getOrDefault("assign", "").split(",")) {
            if (!assignment.isEmpty()) {
                String[] parts = assignment.split(":", 2);
                request.assignments().add(new SyncGroupRequestData.SyncGroupRequestAssignment()
                    .setMemberId(id(parts[0])).setAssignment(bytes(parts[1])));
            }
        }
        CompletableFuture<SyncGroupResponseData> future = new CompletableFuture<>();
        try {
            apply(shard.classicGroupSync(context(name, 5), request, future));
        } catch (RuntimeException exception) {
            future.complete(new SyncGroupResponseData().setErrorCode(Errors.forException(exception).code()));
        }
        parked.add(new Parked(future, () -> name + " sync: " + text(future.join()), () -> { }));
    }

    private String text(SyncGroupResponseData synced) {
        return synced.errorCode() != 0 ? error(synced.errorCode())
            : synced.protocolType() + "/" + synced.protocolName() + " " + quoted(string(synced.assignment()));
    }

    private void heartbeat(String name, String group, Map<String, String> options) throws Exception {
        HeartbeatRequestData request = new HeartbeatRequestData()
            .setGroupId(group)
            .setGenerationId(Integer.parseInt(options.get("gen")))
            .setMemberId(memberId(name, options))
            .setGroupInstanceId(options.get("instance"));
        replies.add(name + " heartbeat: " + attempt(() -> {
            var result = shard.classicGroupHeartbeat(contextOf(name, 4), request);
            apply(result);
            return error(result.response().errorCode());
        }));
    }

    private void leave(List<String> members, String group) throws Exception {
        LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(group);
        for (String member : members) {
            String[] parts = member.split("@", 2);
            request.members().add(new LeaveGroupRequestData.MemberIdentity()
                .setMemberId(parts[0].isEmpty() ? "" : id(parts[0]))
                .setGroupInstanceId(parts.length > 1 ? parts[1] : null));
        }
        // A group that is not there: the service around the shard says so of each member.
        String unknown = members.stream().map(member -> member + " UNKNOWN_MEMBER_ID").collect(Collectors.joining(", "));
        replies.add("leave: " + attempt(() -> {
            var result = shard.classicGroupLeave(contextOf("admin", 5), request);
            apply(result);
            return result.response().members().stream().map(member -> (member.memberId().isEmpty() ? "" : alias(member.memberId()))
                    + (member.groupInstanceId() == null ? "" : "@" + member.groupInstanceId()) + " " + error(member.errorCode()))
                .collect(Collectors.joining(", "));
        }).replaceAll("^UNKNOWN_MEMBER_ID$", unknown));
    }

    private void commit(String name, String group, Map<String, String> options) throws Exception {
        OffsetCommitRequestData request = new OffsetCommitRequestData()
            .setGroupId(group)
            .setGenerationIdOrMemberEpoch(Integer.parseInt(options.getOrDefault("gen", "-1")))
            .setMemberId(memberId(name, options))
            .setGroupInstanceId(options.get("instance"))
            .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(options.getOrDefault("topic", "t"))
                .setTopicId(topicIds.getOrDefault(options.getOrDefault("topic", "t"), Uuid.ZERO_UUID)).setPartitions(List.of(
                new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(Integer.parseInt(options.getOrDefault("partition", "0"))).setCommittedMetadata("")
                    .setCommittedOffset(Long.parseLong(options.getOrDefault("offset", "1")))))));
        replies.add(name + " commit: " + attempt(() -> {
            var result = shard.commitOffset(contextOf(name, Integer.parseInt(options.getOrDefault("v", "9"))), request);
            apply(result);
            return error(result.response().topics().get(0).partitions().get(0).errorCode());
        }));
    }

    private String describe(String group) throws Exception {
        var described = shard.describeGroups(context("admin", 6), List.of(group), Long.MAX_VALUE).get(0);
        if (described.errorCode() != 0) {
            return error(described.errorCode());
        }
        return described.groupState() + " " + described.protocolType() + "/" + described.protocolData()
            + described.members().stream().map(member -> " " + alias(member.memberId()) + "=" + string(member.memberMetadata())
                + ":" + string(member.memberAssignment())).sorted().collect(Collectors.joining());
    }

    private String attempt(Supplier<String> attempt) {
        try {
            return attempt.get();
        } catch (RuntimeException exception) {
            return Errors.forException(exception).name();
        }
    }

    private String text(CoordinatorRecord record) {
        if (record.key() instanceof OffsetCommitKey key) {
            return key.group() + "/" + key.topic() + "-" + key.partition() + ": "
                + (record.value() == null ? "gone" : "offset " + ((OffsetCommitValue) record.value().message()).offset());
        }
        if (!(record.key() instanceof GroupMetadataKey)) {
            return consumerText(record);
        }
        String group = ((GroupMetadataKey) record.key()).group();
        if (record.value() == null) {
            return group + ": gone";
        }
        GroupMetadataValue value = (GroupMetadataValue) record.value().message();
        String members = value.members().stream().map(member -> " " + alias(member.memberId())
                + (member.groupInstanceId() == null ? "" : "@" + member.groupInstanceId()) + "=" + string(member.subscription())
                + ":" + string(member.assignment()) + ":" + member.rebalanceTimeout() + ":" + member.sessionTimeout())
            .sorted().collect(Collectors.joining());
        return group + ": generation " + value.generation() + " of " + quoted(value.protocolType()) + "/" + quoted(value.protocol())
            + ", leader " + (value.leader() == null ? "null" : alias(value.leader())) + ", since @"
            + (value.currentStateTimestamp() - START) + (members.isEmpty() ? "" : ", members" + members);
    }

    private String memberId(String name, Map<String, String> options) {
        String id = options.get("id");
        return id == null ? ids.getOrDefault(name, "") : id.equals("none") ? "" : id(id);
    }

    private String id(String name) {
        return ids.getOrDefault(name, name);
    }

    private String alias(String memberId) {
        if (memberId.isEmpty() || aliases.containsKey(memberId)) {
            return memberId.isEmpty() ? "-" : aliases.get(memberId);
        }
        // An id that nobody was told yet: the name in front of the random part.
        return memberId.length() > 37 ? memberId.substring(0, memberId.length() - 37) + "?" : memberId;
    }

    private static String error(short code) {
        return code == 0 ? "ok" : Errors.forCode(code).name();
    }

    private static String quoted(String text) {
        return text == null ? "null" : "'" + text + "'";
    }

    /**
     * Metadata that begins with + is a consumer's subscription to the topics that follow, separated by +; behind ! what
     * the consumer has. Metadata that begins with = is an assignment, such as =t:0.1;u:2.
     */
    private static byte[] bytes(String text) {
        if (text.startsWith("=")) {
            ConsumerProtocolAssignment assignment = new ConsumerProtocolAssignment();
            partitions(text.substring(1).replace('.', ',')).forEach((topic, partitions) -> assignment.assignedPartitions().add(
                new ConsumerProtocolAssignment.TopicPartition().setTopic(topic).setPartitions(partitions)));
            return MessageUtil.toVersionPrefixedBytes((short) 0, assignment);
        }
        if (!text.startsWith("+")) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        String[] parts = text.substring(1).split("!", 2);
        ConsumerProtocolSubscription subscription = new ConsumerProtocolSubscription()
            .setTopics(List.of(parts[0].split("\\+")));
        if (parts.length > 1) {
            partitions(parts[1].replace('.', ',')).forEach((topic, partitions) -> subscription.ownedPartitions().add(
                new ConsumerProtocolSubscription.TopicPartition().setTopic(topic).setPartitions(partitions)));
        }
        return MessageUtil.toVersionPrefixedBytes((short) (parts.length > 1 ? 1 : 0), subscription);
    }

    private static String string(byte[] bytes) {
        if (bytes.length < 2 || bytes[0] != 0) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        short version = buffer.getShort();
        try {
            StringBuilder topics = new StringBuilder();
            ConsumerProtocolSubscription subscription = new ConsumerProtocolSubscription(new ByteBufferAccessor(buffer), version);
            subscription.topics().forEach(topic -> topics.append('+').append(topic));
            if (version > 0) {
                Map<String, List<Integer>> owned = new TreeMap<>();
                subscription.ownedPartitions().forEach(owns -> owned.put(owns.topic(), owns.partitions()));
                topics.append('!').append(text(owned));
            }
            if (!buffer.hasRemaining()) {
                return topics.toString();
            }
        } catch (RuntimeException exception) {
            // It is an assignment then.
        }
        Map<String, List<Integer>> assigned = new TreeMap<>();
        new ConsumerProtocolAssignment(new ByteBufferAccessor(buffer.position(2)), version).assignedPartitions()
            .forEach(topic -> assigned.put(topic.topic(), topic.partitions()));
        return "=" + text(assigned);
    }

    /** Partitions such as t:0,1;u:2; - for none. */
    private static Map<String, List<Integer>> partitions(String text) {
        Map<String, List<Integer>> partitions = new LinkedHashMap<>();
        for (String topic : text.split(";")) {
            if (!topic.equals("-") && !topic.isEmpty()) {
                String[] parts = topic.split(":", 2);
                partitions.put(parts[0], Arrays.stream(parts[1].split(",")).map(Integer::parseInt).toList());
            }
        }
        return partitions;
    }

    private static String text(Map<String, List<Integer>> partitions) {
        String text = new TreeMap<>(partitions).entrySet().stream().map(entry -> entry.getKey() + ":"
            + entry.getValue().stream().sorted().map(String::valueOf).collect(Collectors.joining(","))).collect(Collectors.joining(";"));
        return text.isEmpty() ? "-" : text;
    }

    /** The cluster has these topics from here on, too; - takes one away. Partitions are on brokers in two racks by turns. */
    private void topics(Map<String, String> options) {
        MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
        if (image.cluster().brokers().isEmpty()) {
            for (int broker = 0; broker < 2; broker++) {
                delta.replay(new RegisterBrokerRecord().setBrokerId(broker).setRack("r" + broker).setFenced(false));
            }
        }
        new TreeMap<>(options).forEach((name, count) -> {
            Uuid id = topicIds.computeIfAbsent(name, any -> new Uuid(1, topicIds.size() + 1));
            if (count.equals("-")) {
                delta.replay(new RemoveTopicRecord().setTopicId(id));
                topicIds.remove(name);
                topicIds.put(name + "~", id);
                return;
            }
            var known = image.topics().getTopic(id);
            if (known == null) {
                delta.replay(new TopicRecord().setName(name).setTopicId(id));
            }
            for (int partition = known == null ? 0 : known.partitions().size(); partition < Integer.parseInt(count); partition++) {
                List<Integer> replicas = List.of(partition % 2);
                delta.replay(new PartitionRecord().setTopicId(id).setPartitionId(partition).setReplicas(replicas).setIsr(replicas)
                    .setLeader(replicas.get(0)).setDirectories(List.of(Uuid.fromString("AAAAAAAAAAAAAAAAAAAABA"))));
            }
        });
        image = delta.apply(new MetadataProvenance(image.provenance().lastContainedOffset() + 1, 0, 0, true));
        if (shard != null) {
            shard.onMetadataUpdate(new KRaftCoordinatorMetadataDelta(delta), new KRaftCoordinatorMetadataImage(image));
        }
    }

    private String topicName(Uuid id) {
        return topicIds.entrySet().stream().filter(entry -> entry.getValue().equals(id)).map(Map.Entry::getKey).findFirst()
            .orElse(id.toString());
    }

    /** ConsumerGroupHeartbeat. */
    private void hb(String name, String group, Map<String, String> options) throws Exception {
        String said = options.getOrDefault("epoch", "0");
        int epoch = said.equals(".") ? epochs.getOrDefault(name, 0) : Integer.parseInt(said);
        String id = options.getOrDefault("id", name);
        ConsumerGroupHeartbeatRequestData request = new ConsumerGroupHeartbeatRequestData()
            .setGroupId(group)
            .setMemberId(id.equals("none") ? "" : id(id))
            .setMemberEpoch(epoch)
            .setInstanceId(options.get("instance"))
            .setRackId(options.get("rack"))
            .setRebalanceTimeoutMs(Integer.parseInt(options.getOrDefault("rebalance", epoch == 0 ? "60000" : "-1")))
            .setServerAssignor(options.get("assignor"));
        if (options.containsKey("topics")) {
            String topics = options.get("topics");
            request.setSubscribedTopicNames(topics.equals("-") ? List.of() : List.of(topics.split(",")));
        }
        if (options.containsKey("regex")) {
            request.setSubscribedTopicRegex(options.get("regex").equals("-") ? "" : options.get("regex"));
        }
        if (options.containsKey("owned") || epoch == 0) {
            List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned = new ArrayList<>();
            partitions(options.getOrDefault("owned", "-")).forEach((topic, partitions) -> owned.add(
                new ConsumerGroupHeartbeatRequestData.TopicPartitions().setTopicId(topicIds.get(topic)).setPartitions(partitions)));
            request.setTopicPartitions(owned);
        }
        ConsumerGroupHeartbeatResponseData[] heard = new ConsumerGroupHeartbeatResponseData[1];
        String verdict = attempt(() -> {
            var result = shard.consumerGroupHeartbeat(contextOf(name, 1), request);
            apply(result);
            heard[0] = result.response();
            return error(result.response().errorCode());
        });
        if (heard[0] == null) {
            replies.add(name + " hb: " + verdict);
            return;
        }
        meet(name, heard[0].memberId());
        epochs.put(name, heard[0].memberEpoch());
        Map<String, List<Integer>> assigned = new TreeMap<>();
        if (heard[0].assignment() != null) {
            heard[0].assignment().topicPartitions().forEach(topic -> assigned.put(topicName(topic.topicId()), topic.partitions()));
        }
        replies.add(name + " hb: " + verdict + " id=" + alias(heard[0].memberId()) + " epoch=" + heard[0].memberEpoch() + " interval="
            + heard[0].heartbeatIntervalMs() + (heard[0].assignment() == null ? "" : " assigned " + text(assigned)));
    }

    private void meet(String name, String memberId) {
        meet(name, new JoinGroupResponseData().setMemberId(memberId));
    }

    private String describeConsumer(String group) {
        var described = shard.consumerGroupDescribe(List.of(group), Long.MAX_VALUE).get(0);
        if (described.errorCode() != 0) {
            return error(described.errorCode());
        }
        return described.groupState() + " epoch=" + described.groupEpoch() + " assignment=" + described.assignmentEpoch() + " "
            + described.assignorName() + described.members().stream().map(member -> " [" + alias(member.memberId()) + " epoch="
                + member.memberEpoch() + " instance=" + quoted(member.instanceId()) + " rack=" + quoted(member.rackId()) + " client="
                + quoted(member.clientId()) + "@" + quoted(member.clientHost()) + " topics="
                + member.subscribedTopicNames().stream().sorted().collect(Collectors.joining(",")) + " regex="
                + quoted(member.subscribedTopicRegex()) + " has " + described(member.assignment()) + " target "
                + described(member.targetAssignment()) + " type=" + member.memberType() + "]").sorted().collect(Collectors.joining());
    }

    private static String described(ConsumerGroupDescribeResponseData.Assignment assignment) {
        Map<String, List<Integer>> partitions = new TreeMap<>();
        assignment.topicPartitions().forEach(topic -> partitions.put(topic.topicName(), topic.partitions()));
        return text(partitions);
    }

    private String consumerText(CoordinatorRecord record) {
        Object key = record.key();
        Object value = record.value() == null ? null : record.value().message();
        if (key instanceof ConsumerGroupMetadataKey group) {
            return group.groupId() + ": " + (value instanceof ConsumerGroupMetadataValue is
                ? "epoch " + is.epoch() + " hash " + is.metadataHash() : "gone");
        } else if (key instanceof ConsumerGroupPartitionMetadataKey group) {
            return group.groupId() + ": topics " + (value == null ? "gone" : "there");
        } else if (key instanceof ConsumerGroupMemberMetadataKey member) {
            return member.groupId() + "/" + alias(member.memberId()) + ": " + (value instanceof ConsumerGroupMemberMetadataValue is
                ? "instance=" + quoted(is.instanceId()) + " rack=" + quoted(is.rackId()) + " client=" + quoted(is.clientId()) + "@"
                    + quoted(is.clientHost()) + " topics=" + String.join(",", is.subscribedTopicNames()) + " regex="
                    + quoted(is.subscribedTopicRegex()) + " rebalance=" + is.rebalanceTimeoutMs() + " assignor="
                    + quoted(is.serverAssignor()) + (is.classicMemberMetadata() == null ? "" : " classic session="
                    + is.classicMemberMetadata().sessionTimeoutMs() + is.classicMemberMetadata().supportedProtocols().stream()
                        .map(protocol -> " " + protocol.name() + "=" + string(protocol.metadata())).collect(Collectors.joining()))
                : "member gone");
        } else if (key instanceof ConsumerGroupTargetAssignmentMetadataKey group) {
            return group.groupId() + ": target " + (value instanceof ConsumerGroupTargetAssignmentMetadataValue is
                ? "epoch " + is.assignmentEpoch() + " " + (is.assignmentTimestamp() == 0 ? "once" : "@" + (is.assignmentTimestamp() - START))
                : "gone");
        } else if (key instanceof ConsumerGroupTargetAssignmentMemberKey member) {
            Map<String, List<Integer>> partitions = new TreeMap<>();
            if (value instanceof ConsumerGroupTargetAssignmentMemberValue is) {
                is.topicPartitions().forEach(topic -> partitions.put(topicName(topic.topicId()), topic.partitions()));
            }
            return member.groupId() + "/" + alias(member.memberId()) + ": target " + (value == null ? "gone" : text(partitions));
        } else if (key instanceof ConsumerGroupCurrentMemberAssignmentKey member) {
            return member.groupId() + "/" + alias(member.memberId()) + ": " + (value instanceof ConsumerGroupCurrentMemberAssignmentValue is
                ? "epoch " + is.memberEpoch() + " after " + is.previousMemberEpoch() + " state " + is.state() + " has "
                    + since(is.assignedPartitions()) + " revoking " + since(is.partitionsPendingRevocation())
                : "assignment gone");
        } else if (key instanceof ConsumerGroupRegularExpressionKey regex) {
            return regex.groupId() + "~" + regex.regularExpression() + ": " + (value instanceof ConsumerGroupRegularExpressionValue is
                ? String.join(",", is.topics()) + " version " + is.version() + " @" + (is.timestamp() - START) : "gone");
        }
        throw new IllegalStateException(key.toString());
    }

    /** Partitions with the epochs in which they were assigned, such as t:0@3,1@4. */
    private String since(List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> owned) {
        TreeSet<String> topics = new TreeSet<>();
        for (var topic : owned) {
            TreeMap<Integer, Integer> epochs = new TreeMap<>();
            for (int at = 0; at < topic.partitions().size(); at++) {
                epochs.put(topic.partitions().get(at), topic.assignmentEpochs().get(at));
            }
            topics.add(topicName(topic.topicId()) + ":" + epochs.entrySet().stream()
                .map(entry -> entry.getKey() + "@" + entry.getValue()).collect(Collectors.joining(",")));
        }
        return topics.isEmpty() ? "-" : String.join(";", topics);
    }

    private AuthorizableRequestContext contextOf(String client, int version) {
        try {
            return context(client, version);
        } catch (Exception exception) {
            throw new IllegalStateException(exception);
        }
    }

    private static AuthorizableRequestContext context(String client, int version) throws Exception {
        InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        return new AuthorizableRequestContext() {
            public String listenerName() { return "PLAINTEXT"; }
            public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
            public KafkaPrincipal principal() { return KafkaPrincipal.ANONYMOUS; }
            public InetAddress clientAddress() { return address; }
            public int requestType() { return 11; }
            public int requestVersion() { return version; }
            public String clientId() { return client; }
            public int correlationId() { return 0; }
        };
    }

    private class Clock implements Time {
        public long milliseconds() { return START + now; }
        public long nanoseconds() { return now * 1_000_000; }
        public void sleep(long ms) { throw new UnsupportedOperationException(); }
        public void waitObject(Object object, Supplier<Boolean> condition, long deadline) { throw new UnsupportedOperationException(); }
    }

    private class Timers implements CoordinatorTimer<CoordinatorRecord> {
        private record Entry(String key, long deadline, TimeoutOperation<CoordinatorRecord> operation) { }
        private final Map<String, Long> numbers = new HashMap<>();
        private final TreeMap<Long, Entry> entries = new TreeMap<>();
        private long next;

        public void schedule(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            cancel(key);
            numbers.put(key, next);
            entries.put(next++, new Entry(key, now + Math.max(unit.toMillis(delay), 0), operation));
        }
        public void schedule(String key, long delay, TimeUnit unit, boolean retry, long backoff, TimeoutOperation<CoordinatorRecord> operation) {
            schedule(key, delay, unit, retry, operation);
        }
        public void scheduleIfAbsent(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            if (!isScheduled(key)) {
                schedule(key, delay, unit, retry, operation);
            }
        }
        public void cancel(String key) {
            Long number = numbers.remove(key);
            if (number != null) {
                entries.remove(number);
            }
        }
        public boolean isScheduled(String key) { return numbers.containsKey(key); }

        long nextDeadline() {
            return entries.values().stream().mapToLong(Entry::deadline).min().orElse(Long.MAX_VALUE);
        }

        /** Runs the first of those that are due now. */
        void popDue() {
            Entry due = entries.values().stream().filter(entry -> entry.deadline <= now).findFirst().orElseThrow();
            cancel(due.key);
            apply(due.operation.generateRecords());
        }
    }

    /** What is done beside the coordinator's loop; here when the scenario says so. */
    private class Tasks implements CoordinatorExecutor<CoordinatorRecord> {
        private final Map<String, Runnable> tasks = new LinkedHashMap<>();

        public <R> boolean schedule(String key, TaskRunnable<R> task, TaskOperation<CoordinatorRecord, R> operation) {
            return tasks.putIfAbsent(key, () -> {
                try {
                    apply(operation.onComplete(task.run(), null));
                } catch (Throwable failed) {
                    throw new IllegalStateException(failed);
                }
            }) == null;
        }
        public boolean isScheduled(String key) { return tasks.containsKey(key); }
        public void cancel(String key) { tasks.remove(key); }

        void run() {
            List<Runnable> all = List.copyOf(tasks.values());
            tasks.clear();
            all.forEach(Runnable::run);
        }
    }
}
