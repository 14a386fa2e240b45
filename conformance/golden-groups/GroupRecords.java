import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.LegacyOffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;

/**
 * Golden records of classic groups and committed offsets: keys of each type and values at each version, as the classes of
 * the Apache Kafka on the class path write them, and what the same classes read in them.
 *
 * Columns, parted by tabs: "offset" or "group", the value's version, key and value in hexadecimal ("-" for a tombstone),
 * then what was read. Texts are in hexadecimal, "-" is null. Of an offset: group, topic, partition, offset, leader epoch,
 * metadata, times of commit and end, topic id. Of a group: its id, generation, protocol type, protocol, leader, since
 * when it is in its state, and a column for each member: id, instance, client, host, rebalance and session timeout,
 * subscription and assignment, parted by commas.
 */
public class GroupRecords {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) {
        for (OffsetCommitValue value : offsets()) {
            for (short version = 0; version <= OffsetCommitValue.HIGHEST_SUPPORTED_VERSION; version++) {
                OffsetCommitValue read = read(new OffsetCommitValue(), fitting(value, version), version);
                String fields = String.join("\t", "" + read.offset(), "" + read.leaderEpoch(), text(read.metadata()),
                    "" + read.commitTimestamp(), "" + read.expireTimestamp(), "" + read.topicId());
                String bytes = hex(version, fitting(value, version));
                offset(version, "grüppe", "orders", 7, bytes, fields);
            }
        }
        short newest = OffsetCommitValue.HIGHEST_SUPPORTED_VERSION;
        offset(newest, "", "t", 0, "-", "-");
        offset(newest, "g".repeat(300), "topic.with-all_signs", Integer.MAX_VALUE, "-", "-");
        for (GroupMetadataValue value : groups()) {
            for (short version = 0; version <= GroupMetadataValue.HIGHEST_SUPPORTED_VERSION; version++) {
                group(version, "grüppe", hex(version, value), text(read(new GroupMetadataValue(), value, version)));
            }
        }
        group(GroupMetadataValue.HIGHEST_SUPPORTED_VERSION, "", "-", "-");
    }

    /** A line for each type of key: that of Kafka before 0.9, and that of all since. */
    private static void offset(short version, String group, String topic, int partition, String value, String fields) {
        LegacyOffsetCommitKey old = new LegacyOffsetCommitKey().setGroup(group).setTopic(topic).setPartition(partition);
        OffsetCommitKey key = new OffsetCommitKey().setGroup(group).setTopic(topic).setPartition(partition);
        for (String bytes : List.of(key(old), key(key))) {
            System.out.println(String.join("\t", "offset", "" + version, bytes, value, text(group), text(topic),
                "" + partition, fields));
        }
    }

    private static void group(short version, String group, String value, String fields) {
        GroupMetadataKey key = new GroupMetadataKey().setGroup(group);
        System.out.println(String.join("\t", "group", "" + version, key(key), value, text(group), fields));
    }

    private static List<OffsetCommitValue> offsets() {
        return List.of(
            new OffsetCommitValue(),
            new OffsetCommitValue().setOffset(42).setLeaderEpoch(7).setMetadata("mine").setCommitTimestamp(1_700_000_000_000L)
                .setTopicId(new Uuid(0x0123456789abcdefL, 0x7edcba9876543210L)),
            new OffsetCommitValue().setOffset(Long.MAX_VALUE).setMetadata("ünï→code ✓\u0000\t").setCommitTimestamp(1)
                .setExpireTimestamp(1_700_000_600_000L),
            new OffsetCommitValue().setOffset(0).setLeaderEpoch(Integer.MAX_VALUE).setMetadata("m".repeat(300)));
    }

    private static List<GroupMetadataValue> groups() {
        GroupMetadataValue.MemberMetadata plain = new GroupMetadataValue.MemberMetadata().setMemberId("a-1")
            .setClientId("a").setClientHost("/127.0.0.1").setSessionTimeout(45_000).setRebalanceTimeout(300_000)
            .setSubscription(new byte[] {0, 1, 2}).setAssignment(new byte[] {(byte) 255});
        GroupMetadataValue.MemberMetadata fixed = plain.duplicate().setMemberId("ü-2").setGroupInstanceId("instänce")
            .setSubscription(new byte[200]).setAssignment(new byte[0]);
        return List.of(
            new GroupMetadataValue().setProtocolType("").setProtocol(null).setLeader(null).setMembers(new ArrayList<>()),
            new GroupMetadataValue().setProtocolType("consumer").setGeneration(3).setProtocol(null).setLeader(null)
                .setCurrentStateTimestamp(1_700_000_000_000L).setMembers(new ArrayList<>()),
            new GroupMetadataValue().setProtocolType("consumer").setGeneration(Integer.MAX_VALUE).setProtocol("range")
                .setLeader("a-1").setCurrentStateTimestamp(5).setMembers(List.of(plain, fixed)),
            new GroupMetadataValue().setProtocolType("connect").setGeneration(1).setProtocol("sessioned").setLeader("a-1")
                .setMembers(List.of(plain)));
    }

    /** Only version 1 can say when an offset ends; the others refuse to. */
    private static OffsetCommitValue fitting(OffsetCommitValue value, short version) {
        OffsetCommitValue fitting = value.duplicate();
        return version == 1 ? fitting : fitting.setExpireTimestamp(-1);
    }

    private static <T extends Message> T read(T into, Message from, short version) {
        into.read(new ByteBufferAccessor(MessageUtil.toByteBufferAccessor(from, version).buffer()), version);
        return into;
    }

    private static String hex(short version, Message value) {
        return HEX.formatHex(MessageUtil.toVersionPrefixedBytes(version, value));
    }

    private static String key(ApiMessage key) {
        return HEX.formatHex(MessageUtil.toCoordinatorTypePrefixedBytes(key));
    }

    private static String text(GroupMetadataValue value) {
        List<String> columns = new ArrayList<>(List.of("" + value.generation(), text(value.protocolType()),
            text(value.protocol()), text(value.leader()), "" + value.currentStateTimestamp()));
        value.members().forEach(member -> columns.add(String.join(",", text(member.memberId()),
            text(member.groupInstanceId()), text(member.clientId()), text(member.clientHost()),
            "" + member.rebalanceTimeout(), "" + member.sessionTimeout(), HEX.formatHex(member.subscription()),
            HEX.formatHex(member.assignment()))));
        return String.join("\t", columns);
    }

    private static String text(String text) {
        return text == null ? "-" : HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
