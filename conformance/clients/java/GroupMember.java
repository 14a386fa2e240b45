import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of a group, of whichever protocol. */
class GroupMember implements ConsumerRebalanceListener {
    private static final Map<String, String> STRATEGIES = Map.of(
        "range", RangeAssignor.class.getName(),
        "roundrobin", RoundRobinAssignor.class.getName(),
        "cooperative", CooperativeStickyAssignor.class.getName());

    private final TreeSet<TopicPartition> owned =
        new TreeSet<>(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
    private volatile boolean asked;

    static void run(JsonNode told) {
        new GroupMember().work(told, settings(told));
    }

    /** The settings of a consumer that is a member as it is told. */
    static Map<String, Object> settings(JsonNode told) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", told.get("bootstrap").asText());
        settings.put("group.id", told.get("group").asText());
        if (told.get("strategy").asText().equals("server")) {
            settings.put("group.protocol", "consumer");
        } else {
            settings.put("partition.assignment.strategy", STRATEGIES.get(told.get("strategy").asText()));
            settings.put("session.timeout.ms", told.get("session_ms").asInt());
            settings.put("heartbeat.interval.ms", told.get("heartbeat_ms").asInt());
        }
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        if (told.hasNonNull("instance")) {
            settings.put("group.instance.id", told.get("instance").asText());
        }
        return settings;
    }

    private void work(JsonNode told, Map<String, Object> settings) {
        Thread orders = new Thread(this::listen, "orders");
        orders.setDaemon(true);
        orders.start();
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            ArrayList<String> topics = new ArrayList<>();
            told.get("topics").forEach(topic -> topics.add(topic.asText()));
            consumer.subscribe(topics, this);
            while (!asked) {
                try {
                    work(consumer, consumer.poll(Duration.ofMillis(100)), told.get("commit").asBoolean());
                } catch (FencedInstanceIdException fenced) {
                    Speech.report(Speech.error(Speech.object(), fenced));
                    return;
                } catch (KafkaException failure) {
                    Speech.report(Speech.error(Speech.object(), failure));
                }
            }
        }
        Speech.report(Speech.object().put("left", true));
    }

    private void listen() {
        try {
            String line;
            do {
                line = Speech.INPUT.readLine();
            } while (line != null && !line.equals("leave"));
        } catch (IOException end) {
            // Nobody is there to give orders: as good as leave.
        }
        asked = true;
    }

    private static void work(KafkaConsumer<byte[], byte[]> consumer, ConsumerRecords<byte[], byte[]> records, boolean commit) {
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Speech.reportRecord(Speech.object(), record);
            ends.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        if (ends.isEmpty() || !commit) {
            return;
        }
        consumer.commitSync(ends);
        ObjectNode report = Speech.object();
        ArrayNode committed = report.putArray("committed");
        ends.forEach((place, end) -> committed.addArray().add(place.topic()).add(place.partition()).add(end.offset()));
        Speech.report(report);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        owned.addAll(partitions);
        reportAssigned();
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        owned.removeAll(partitions);
        reportAssigned();
    }

    private void reportAssigned() {
        ObjectNode report = Speech.object();
        ArrayNode assigned = report.putArray("assigned");
        owned.forEach(place -> assigned.addArray().add(place.topic()).add(place.partition()));
        Speech.report(report);
    }
}
