import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A transactional producer that is told its steps one after the other. */
class Transact {
    private final KafkaProducer<byte[], byte[]> producer;

    static void run(JsonNode told) throws IOException, InterruptedException {
        try (KafkaProducer<byte[], byte[]> producer = producer(told)) {
            int number = 0;
            for (JsonNode step = Speech.order(); step != null; step = Speech.order()) {
                ObjectNode report = Speech.object().put("step", number++);
                try {
                    report.set("answer", new Transact(producer).answer(step));
                    Speech.report(report);
                } catch (KafkaException | ExecutionException failed) {
                    Speech.report(Speech.error(report, failed));
                }
            }
        }
    }

    static KafkaProducer<byte[], byte[]> producer(JsonNode told) {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", told.get("bootstrap").asText(),
            "transactional.id", told.get("id").asText(),
            "transaction.timeout.ms", told.get("timeout_ms").asInt());
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private Transact(KafkaProducer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    private JsonNode answer(JsonNode step) throws ExecutionException, InterruptedException {
        switch (step.get("do").asText()) {
            case "init" -> producer.initTransactions();
            case "begin" -> producer.beginTransaction();
            case "send" -> {
                return send(step);
            }
            case "offsets" ->
                producer.sendOffsetsToTransaction(offsets(step), new ConsumerGroupMetadata(step.get("group").asText()));
            case "commit" -> producer.commitTransaction();
            case "abort" -> producer.abortTransaction();
            default -> throw new IllegalArgumentException(step.get("do").asText());
        }
        return JsonNodeFactory.instance.nullNode();
    }

    private ArrayNode send(JsonNode step) throws ExecutionException, InterruptedException {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode record : step.get("records")) {
            sent.add(producer.send(Produce.record(step.get("topic").asText(), record)));
        }
        producer.flush();
        ArrayNode answer = Speech.array();
        for (Future<RecordMetadata> each : sent) {
            answer.add(each.get().offset());
        }
        return answer;
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(JsonNode step) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        step.get("offsets").forEach(each -> offsets.put(
            new TopicPartition(each.get(0).asText(), each.get(1).asInt()), new OffsetAndMetadata(each.get(2).asLong())));
        return offsets;
    }
}
