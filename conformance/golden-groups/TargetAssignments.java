import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordHelpers;
import org.apache.kafka.coordinator.group.api.assignor.GroupAssignment;
import org.apache.kafka.coordinator.group.api.assignor.PartitionAssignor;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.RangeAssignor;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.generated.ConsumerGroupTargetAssignmentMemberValue;
import org.apache.kafka.coordinator.group.modern.Assignment;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;
import org.apache.kafka.coordinator.group.modern.SubscriptionCount;
import org.apache.kafka.coordinator.group.modern.TopicIds;
import org.apache.kafka.coordinator.group.modern.UnionSet;
import org.apache.kafka.coordinator.group.modern.consumer.ConsumerGroup;

/**
 * Prints what the server-side assignors of the Apache Kafka on the class path make of random groups that live through some
 * generations: members come and go, subscribe to something else, topics grow, come and go. One line each, tabs between:
 *
 * assignor, name=id:partitions of each topic ..., pattern=names ..., member|instance|names|pattern|target ..., targets ...
 *
 * A target is topic:partition,partition;topic:... in the order of the record; topics are the numbers of the second column,
 * in its order; the result's targets are in the order of the members, which is that in which they were put into Kafka's map.
 * What one generation made of a member goes into the next as Kafka reads it from its record.
 */
public class TargetAssignments {
    private static class Member {
        String instance = "";
        List<String> names = new ArrayList<>();
        String pattern = "";
        ConsumerGroupTargetAssignmentMemberValue target = new ConsumerGroupTargetAssignmentMemberValue();
    }

    private record Topic(Uuid id, int partitions) { }

    private final Random random;
    private final boolean allAlike;
    private final boolean withPatterns;
    private final int most;
    private final LinkedHashMap<String, Topic> topics = new LinkedHashMap<>();
    private final TreeMap<String, List<String>> patterns = new TreeMap<>();
    private final LinkedHashMap<String, Member> members = new LinkedHashMap<>();
    private int born = 0;

    public static void main(String[] arguments) {
        for (int seed = 0; seed < 60; seed++)
            new TargetAssignments(seed).live();
    }

    TargetAssignments(int seed) {
        random = new Random(seed);
        allAlike = seed % 2 == 0;
        withPatterns = seed % 5 >= 3;
        most = seed % 10 == 9 ? 40 : seed % 3 == 0 ? 12 : 5;
    }

    private Uuid id() {
        return new Uuid(random.nextLong(), random.nextLong());
    }

    private void live() {
        for (int topic = 0; topic < 1 + random.nextInt(most == 5 ? 3 : 8); topic++)
            addTopic();
        if (withPatterns)
            for (String pattern : List.of("a.*", "b.*"))
                patterns.put(pattern, some());
        for (int member = 0; member < 1 + random.nextInt(most); member++)
            join("");
        for (int generation = 0; generation < 5; generation++) {
            round(random.nextInt(5) == 0 ? new RangeAssignor() : new UniformAssignor());
            change();
        }
    }

    private void addTopic() {
        topics.put("topic-" + born++ * 37 % 101, new Topic(id(), 1 + random.nextInt(most == 5 ? 9 : 40)));
    }

    private List<String> some() {
        List<String> names = new ArrayList<>(topics.keySet());
        Collections.shuffle(names, random);
        return names.subList(0, random.nextInt(names.size() + 1));
    }

    private void join(String instance) {
        Member member = new Member();
        member.instance = random.nextInt(4) == 0 && instance.isEmpty() ? "i" + born++ : instance;
        subscribe(member);
        members.put(random.nextBoolean() ? id().toString() : "consumer-" + born++, member);
    }

    private void subscribe(Member member) {
        member.names = new ArrayList<>();
        member.pattern = "";
        if (allAlike) {
            if (withPatterns)
                member.pattern = "a.*";
            else
                member.names = new ArrayList<>(topics.keySet());
        } else {
            if (withPatterns && random.nextBoolean())
                member.pattern = random.nextBoolean() ? "a.*" : "b.*";
            if (member.pattern.isEmpty() || random.nextBoolean())
                member.names = new ArrayList<>(some());
        }
        if (random.nextInt(8) == 0 && !allAlike)
            member.names.add("missing");
    }

    private void change() {
        List<String> ids = new ArrayList<>(members.keySet());
        String one = ids.get(random.nextInt(ids.size()));
        switch (random.nextInt(8)) {
            case 0 -> join("");
            case 1 -> {
                for (int more = 0; more < 1 + most / 3; more++)
                    join("");
            }
            case 2 -> {
                if (members.size() > 1)
                    members.remove(one);
            }
            case 3 -> {
                // A static member is replaced by its successor, which takes over what it was to have.
                Member old = members.remove(one);
                join("i" + born++);
                ((Member) members.values().toArray()[members.size() - 1]).target = old.target;
            }
            case 4 -> topics.replaceAll((name, topic) -> new Topic(topic.id(), topic.partitions() + random.nextInt(4)));
            case 5 -> {
                addTopic();
                patterns.replaceAll((pattern, names) -> some());
                members.values().forEach(this::subscribe);
            }
            case 6 -> {
                if (topics.size() > 1)
                    topics.remove(topics.keySet().iterator().next());
            }
            default -> {
                if (allAlike)
                    ids.stream().skip(ids.size() / 2 + 1).forEach(members::remove);
                else
                    subscribe(members.get(one));
            }
        }
    }

    private void round(PartitionAssignor assignor) {
        TopicIds.TopicResolver resolver = new TopicIds.TopicResolver() {
            public CoordinatorMetadataImage image() {
                return CoordinatorMetadataImage.EMPTY;
            }

            public String name(Uuid id) {
                return topics.keySet().stream().filter(name -> topics.get(name).id().equals(id)).findAny().orElse(null);
            }

            public Uuid id(String name) {
                return Optional.ofNullable(topics.get(name)).map(Topic::id).orElse(null);
            }

            public void clear() { }
        };
        SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
            public int numPartitions(Uuid id) {
                return topics.get(resolver.name(id)).partitions();
            }

            public Set<String> racksForPartition(Uuid id, int partition) {
                return Set.of();
            }
        };
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
        Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
        List<String> told = new ArrayList<>();
        members.forEach((id, member) -> {
            told.add(String.join("|", id, member.instance, String.join(",", member.names), member.pattern,
                text(member.target)));
            Set<String> names = new HashSet<>(member.names);
            if (!member.pattern.isEmpty()) {
                Set<String> matched = new HashSet<>(patterns.get(member.pattern));
                if (names.isEmpty())
                    names = matched;
                else if (!matched.isEmpty())
                    names = new UnionSet<>(names, matched);
            }
            Assignment target = Assignment.fromRecord(member.target);
            target.partitions().forEach((topic, partitions) -> partitions.forEach(partition ->
                inverted.computeIfAbsent(topic, it -> new HashMap<>()).put(partition, id)));
            Optional<String> instance = Optional.of(member.instance).filter(it -> !it.isEmpty());
            specs.put(id, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), instance,
                new TopicIds(names, resolver), target));
        });
        GroupAssignment assigned = assignor.assign(
            new GroupSpecImpl(Collections.unmodifiableMap(specs), type(), inverted), describer);
        List<String> result = new ArrayList<>();
        members.forEach((id, member) -> {
            Map<Uuid, Set<Integer>> partitions = Optional.ofNullable(assigned.members().get(id))
                .map(it -> it.partitions()).orElse(Map.of());
            // As the builder of target assignments does it: no record where nothing has changed.
            if (!partitions.equals(Assignment.fromRecord(member.target).partitions()))
                member.target = (ConsumerGroupTargetAssignmentMemberValue) GroupCoordinatorRecordHelpers
                    .newConsumerGroupTargetAssignmentRecord("group", id, partitions).value().message();
            result.add(text(member.target));
        });
        System.out.println(String.join("\t", assignor.name(),
            topics.entrySet().stream().map(it -> it.getKey() + "=" + it.getValue().id() + ":" + it.getValue().partitions())
                .collect(Collectors.joining(" ")),
            patterns.entrySet().stream().map(it -> it.getKey() + "=" + String.join(",", it.getValue()))
                .collect(Collectors.joining(" ")),
            String.join(" ", told), String.join(" ", result)));
    }

    /** As the group keeps count of it. */
    private SubscriptionType type() {
        Map<String, Integer> regexes = new HashMap<>();
        Map<String, SubscriptionCount> names = new HashMap<>();
        for (Member member : members.values()) {
            member.names.forEach(name -> names.compute(name, SubscriptionCount::incNameCount));
            if (!member.pattern.isEmpty())
                regexes.merge(member.pattern, 1, Integer::sum);
        }
        for (String regex : regexes.keySet())
            patterns.get(regex).forEach(name -> names.compute(name, SubscriptionCount::incRegexCount));
        return ConsumerGroup.subscriptionType(regexes, names, members.size());
    }

    private String text(ConsumerGroupTargetAssignmentMemberValue target) {
        List<Uuid> ids = topics.values().stream().map(Topic::id).toList();
        return target.topicPartitions().stream().map(it -> {
            // A topic that is gone has no number.
            int topic = ids.indexOf(it.topicId());
            return (topic < 0 ? it.topicId().toString() : "" + topic) + ":"
                + it.partitions().stream().map(String::valueOf).collect(Collectors.joining(","));
        }).collect(Collectors.joining(";"));
    }
}
