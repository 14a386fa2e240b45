import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Prints what the assignors of the Apache Kafka on the class path make of random groups that live through some
 * generations. One line each, with tabs between:
 *
 * assignor, topic=partitions ..., member|instance|topics|owned|generation|user data in hex ..., member=partitions ...
 *
 * With the argument "racks" (KIP-881) members have one more field, their rack or nothing, and each line one more column:
 * topic=racks of the replicas of each partition, such as a,bc,- with - for none.
 *
 * Members and topics have one letter and one digit, so that Kafka's hash maps go through them in their order.
 */
public class Assignors {
    private static final Node NODE = new Node(1, "localhost", 9092);

    private static final Map<Character, Node> IN_RACKS = Map.of('a', new Node(2, "localhost", 9093, "a"),
        'b', new Node(3, "localhost", 9094, "b"), 'c', new Node(4, "localhost", 9095, "c"), '-', NODE);

    /** Where replicas and members are; null where racks are not looked at. */
    private static class Places {
        private final Random random;
        private final Map<String, List<String>> replicas = new TreeMap<>();

        Places(Random random) {
            this.random = random;
        }

        String ofMember() {
            return List.of("a", "b", "c", "").get(random.nextInt(4));
        }

        List<String> ofPartitions(String topic, int count) {
            List<String> racks = replicas.computeIfAbsent(topic, name -> new ArrayList<>());
            while (racks.size() < count)
                racks.add(List.of("a", "b", "c", "ab", "bc", "ac", "abc", "-").get(random.nextInt(8)));
            return racks;
        }
    }

    private static class Member {
        String instance = "";
        String rack = "";
        Set<String> topics = new TreeSet<>();
        List<TopicPartition> owned = List.of();
        int generation = -1;
        ConsumerPartitionAssignor assignor;
    }

    public static void main(String[] arguments) {
        boolean withRacks = List.of(arguments).contains("racks");
        for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) {
            int groups = name.contains("sticky") || (withRacks && name.equals("range")) ? 24 : 6;
            for (int seed = 0; seed < groups; seed++)
                live(name, new Random(seed), withRacks ? new Places(new Random(1000 + seed)) : null);
        }
    }

    private static ConsumerPartitionAssignor assignor(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
    }

    private static void live(String name, Random random, Places places) {
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (int topic = 0; topic < 1 + random.nextInt(3); topic++)
            counts.put("t" + topic, 1 + random.nextInt(6));
        boolean readAll = random.nextBoolean();
        TreeMap<String, Member> members = new TreeMap<>();
        for (int number = 0; number < 1 + random.nextInt(5); number++)
            members.put("m" + number, member(name, counts, readAll, random, places));
        for (int generation = 1; generation <= 4; generation++) {
            Map<String, List<TopicPartition>> assignment = round(name, counts, members, places);
            for (Map.Entry<String, Member> each : members.entrySet()) {
                Member member = each.getValue();
                // Now and then somebody misses a generation.
                if (random.nextInt(8) == 0)
                    continue;
                List<TopicPartition> assigned = assignment.get(each.getKey());
                member.generation = generation;
                member.owned = name.startsWith("cooperative") ? assigned : List.of();
                member.assignor.onAssignment(new Assignment(assigned),
                    new ConsumerGroupMetadata("group", generation, each.getKey(), Optional.empty()));
            }
            change(name, counts, members, readAll, random, places);
        }
    }

    private static Member member(String name, Map<String, Integer> counts, boolean readAll, Random random,
                                 Places places) {
        Member member = new Member();
        member.assignor = assignor(name);
        if (places != null)
            member.rack = places.ofMember();
        if (random.nextInt(3) == 0)
            member.instance = "i" + random.nextInt(1000);
        for (String topic : counts.keySet())
            if (readAll || random.nextBoolean())
                member.topics.add(topic);
        if (member.topics.isEmpty())
            member.topics.add("t0");
        return member;
    }

    private static void change(String name, TreeMap<String, Integer> counts, TreeMap<String, Member> members,
                               boolean readAll, Random random, Places places) {
        switch (random.nextInt(5)) {
            case 0 -> members.put("m" + random.nextInt(9), member(name, counts, readAll, random, places));
            case 1 -> {
                if (members.size() > 1)
                    members.pollFirstEntry();
            }
            case 2 -> counts.computeIfPresent("t0", (topic, count) -> count + 2);
            case 3 -> {
                members.put("m" + random.nextInt(9), member(name, counts, readAll, random, places));
                members.put("m" + random.nextInt(9), member(name, counts, readAll, random, places));
            }
            default -> {
                if (members.size() > 2)
                    members.pollLastEntry();
            }
        }
    }

    private static Map<String, List<TopicPartition>> round(String name, Map<String, Integer> counts,
                                                           Map<String, Member> members, Places places) {
        List<PartitionInfo> partitions = new ArrayList<>();
        counts.forEach((topic, count) -> {
            for (int index = 0; index < count; index++) {
                String racks = places == null ? "-" : places.ofPartitions(topic, count).get(index);
                Node[] replicas = racks.chars().mapToObj(rack -> IN_RACKS.get((char) rack)).toArray(Node[]::new);
                partitions.add(new PartitionInfo(topic, index, replicas[0], replicas, replicas));
            }
        });
        Cluster cluster = new Cluster("cluster", List.copyOf(IN_RACKS.values()), partitions, Set.of(), Set.of());
        TreeMap<String, Subscription> subscriptions = new TreeMap<>();
        List<String> told = new ArrayList<>();
        members.forEach((id, member) -> {
            ByteBuffer data = member.assignor.subscriptionUserData(member.topics);
            Subscription subscription = new Subscription(new ArrayList<>(member.topics), data, member.owned,
                member.generation, Optional.of(member.rack).filter(rack -> !rack.isEmpty()));
            if (!member.instance.isEmpty())
                subscription.setGroupInstanceId(Optional.of(member.instance));
            subscriptions.put(id, subscription);
            String hex = data == null ? "" : HexFormat.of().formatHex(data.array());
            told.add(String.join("|", id, member.instance, String.join(",", member.topics), text(member.owned),
                String.valueOf(member.generation), hex) + (places == null ? "" : "|" + member.rack));
        });
        Map<String, Assignment> assigned =
            assignor(name).assign(cluster, new GroupSubscription(subscriptions)).groupAssignment();
        TreeMap<String, List<TopicPartition>> result = new TreeMap<>();
        assigned.forEach((id, assignment) -> result.put(id, assignment.partitions()));
        System.out.println(String.join("\t", name,
            counts.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).collect(Collectors.joining(" ")),
            String.join(" ", told),
            result.entrySet().stream().map(each -> each.getKey() + "=" + text(each.getValue())).collect(Collectors.joining(" ")))
            + (places == null ? "" : "\t" + counts.entrySet().stream().map(each -> each.getKey() + "="
                + String.join(",", places.ofPartitions(each.getKey(), each.getValue()).subList(0, each.getValue())))
                .collect(Collectors.joining(" "))));
        return result;
    }

    private static String text(List<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::toString).collect(Collectors.joining(","));
    }
}
