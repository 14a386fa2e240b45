import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Partitions read without a group. */
class Consume {
    static void run(JsonNode told) {
        for (int number = 0; number < told.get("runs").size(); number++) {
            JsonNode run = told.get("runs").get(number);
            Map<String, Object> settings = Map.of(
                "bootstrap.servers", told.get("bootstrap").asText(),
                "isolation.level", run.get("isolation").asText(),
                "enable.auto.commit", false,
                "auto.offset.reset", "none");
            try (KafkaConsumer<byte[], byte[]> consumer =
                     new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                read(consumer, number, run);
            } catch (KafkaException refused) {
                Speech.report(Speech.error(Speech.object().put("run", number), refused));
            }
        }
    }

    private static void read(KafkaConsumer<byte[], byte[]> consumer, int number, JsonNode run) {
        List<TopicPartition> partitions = new ArrayList<>();
        run.get("partitions").forEach(one -> partitions.add(new TopicPartition(run.get("topic").asText(), one.asInt())));
        consumer.assign(partitions);
        seek(consumer, partitions, run.get("from"));
        partitions.forEach(consumer::position);
        Speech.report(Speech.object().put("run", number).put("positioned", true));
        int left = run.get("count").asInt();
        while (left > 0) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                if (left-- > 0) {
                    Speech.reportRecord(Speech.object().put("run", number), record);
                }
            }
        }
    }

    private static void seek(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions, JsonNode from) {
        if (from.isTextual() && from.asText().equals("beginning")) {
            consumer.seekToBeginning(partitions);
        } else if (from.isTextual()) {
            consumer.seekToEnd(partitions);
        } else if (from.has("offset")) {
            partitions.forEach(partition -> consumer.seek(partition, from.get("offset").asLong()));
        } else {
            Map<TopicPartition, Long> times = new HashMap<>();
            partitions.forEach(partition -> times.put(partition, from.get("time").asLong()));
            Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(times);
            partitions.forEach(partition -> consumer.seek(partition, found.get(partition).offset()));
        }
    }
}
