import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** The steps of admin. */
class Administration {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Admin admin;
    private final JsonNode step;

    static void run(JsonNode told) throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", told.get("bootstrap").asText()))) {
            for (int number = 0; number < told.get("steps").size(); number++) {
                ObjectNode report = Speech.object().put("step", number);
                try {
                    report.set("answer", new Administration(admin, told.get("steps").get(number)).answer());
                    Speech.report(report);
                } catch (ExecutionException failed) {
                    Speech.report(Speech.error(report, failed));
                }
            }
        }
    }

    private Administration(Admin admin, JsonNode step) {
        this.admin = admin;
        this.step = step;
    }

    private JsonNode answer() throws ExecutionException, InterruptedException {
        switch (text("do")) {
            case "create_topic":
                NewTopic wanted = new NewTopic(text("topic"), step.get("partitions").asInt(), (short) 1);
                admin.createTopics(List.of(wanted.configs(texts(step.get("configs"))))).all().get();
                return JSON.nullNode();
            case "create_partitions":
                NewPartitions total = NewPartitions.increaseTo(step.get("total").asInt());
                admin.createPartitions(Map.of(text("topic"), total)).all().get();
                return JSON.nullNode();
            case "delete_topic":
                admin.deleteTopics(List.of(text("topic"))).all().get();
                return JSON.nullNode();
            case "list_topics":
                return names(admin.listTopics().names().get());
            case "describe_topic":
                return description(admin.describeTopics(List.of(text("topic"))).allTopicNames().get().get(text("topic")));
            case "alter_config":
                admin.incrementalAlterConfigs(Map.of(resource(), entries())).all().get();
                return JSON.nullNode();
            case "describe_config":
                return values(admin.describeConfigs(List.of(resource())).all().get().get(resource()));
            case "list_offset":
                ListOffsetsOptions options = new ListOffsetsOptions(IsolationLevel.valueOf(text("isolation").toUpperCase()));
                return LongNode.valueOf(admin.listOffsets(Map.of(place(), spec()), options).all().get().get(place()).offset());
            case "delete_records":
                RecordsToDelete before = RecordsToDelete.beforeOffset(step.get("before").asLong());
                return LongNode.valueOf(
                    admin.deleteRecords(Map.of(place(), before)).lowWatermarks().get(place()).get().lowWatermark());
            case "commit_offset":
                OffsetAndMetadata offset = new OffsetAndMetadata(step.get("offset").asLong());
                admin.alterConsumerGroupOffsets(text("group"), Map.of(place(), offset)).all().get();
                return JSON.nullNode();
            case "group_offsets":
                return offsets(admin.listConsumerGroupOffsets(text("group")).partitionsToOffsetAndMetadata().get());
            case "list_groups":
                Set<String> groups = new TreeSet<>();
                admin.listGroups().all().get().forEach(group -> groups.add(group.groupId()));
                return names(groups);
            case "describe_group":
                return description(admin.describeConsumerGroups(List.of(text("group"))).all().get().get(text("group")));
            case "delete_group":
                admin.deleteConsumerGroups(List.of(text("group"))).all().get();
                return JSON.nullNode();
            case "delete_offset":
                admin.deleteConsumerGroupOffsets(text("group"), Set.of(place())).all().get();
                return JSON.nullNode();
            case "cluster":
                return cluster(admin.describeCluster());
            default:
                throw new IllegalArgumentException(text("do"));
        }
    }

    private String text(String field) {
        return step.get(field).asText();
    }

    private TopicPartition place() {
        return new TopicPartition(text("topic"), step.get("partition").asInt());
    }

    private ConfigResource resource() {
        return new ConfigResource(ConfigResource.Type.TOPIC, text("topic"));
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new HashMap<>();
        object.fields().forEachRemaining(field -> texts.put(field.getKey(), field.getValue().asText()));
        return texts;
    }

    private List<AlterConfigOp> entries() {
        List<AlterConfigOp> entries = new ArrayList<>();
        texts(step.get("set")).forEach(
            (key, value) -> entries.add(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
        return entries;
    }

    private OffsetSpec spec() {
        return switch (text("at")) {
            case "earliest" -> OffsetSpec.earliest();
            case "latest" -> OffsetSpec.latest();
            default -> OffsetSpec.forTimestamp(step.get("at").asLong());
        };
    }

    private static JsonNode names(Set<String> names) {
        ArrayNode array = Speech.array();
        names.forEach(array::add);
        return array;
    }

    private static JsonNode description(TopicDescription topic) {
        ObjectNode answer = Speech.object().put("partitions", topic.partitions().size());
        Set<Integer> leaders = new TreeSet<>();
        topic.partitions().forEach(partition -> leaders.add(partition.leader().id()));
        leaders.forEach(answer.putArray("leaders")::add);
        ArrayNode replicas = answer.putArray("replicas");
        topic.partitions().get(0).replicas().forEach(node -> replicas.add(node.id()));
        return answer;
    }

    private static JsonNode description(ConsumerGroupDescription group) {
        return Speech.object().put("state", group.groupState().toString()).put("members", group.members().size());
    }

    private JsonNode values(Config config) {
        ObjectNode answer = Speech.object();
        step.get("keys").forEach(key -> answer.set(key.asText(), TextNode.valueOf(config.get(key.asText()).value())));
        return answer;
    }

    private static JsonNode offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
        ArrayNode answer = Speech.array();
        Map<String, TopicPartition> sorted = new TreeMap<>();
        offsets.keySet().forEach(place -> sorted.put(place.toString(), place));
        sorted.values().forEach(
            place -> answer.addArray().add(place.topic()).add(place.partition()).add(offsets.get(place).offset()));
        return answer;
    }

    private static JsonNode cluster(DescribeClusterResult found) throws ExecutionException, InterruptedException {
        ObjectNode answer = Speech.object().put("controller", found.controller().get().id());
        answer.put("id", found.clusterId().get());
        ArrayNode brokers = answer.putArray("brokers");
        found.nodes().get().forEach(node -> brokers.addArray().add(node.id()).add(node.port()));
        return answer;
    }
}
