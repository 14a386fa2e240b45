import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Each run with a producer of its own. */
class Produce {
    private final int run;
    private final KafkaProducer<byte[], byte[]> producer;
    private final AtomicInteger done = new AtomicInteger();

    static void run(JsonNode told) throws IOException {
        for (int number = 0; number < told.get("runs").size(); number++) {
            JsonNode run = told.get("runs").get(number);
            new Produce(number, settings(told, run)).send(run);
        }
    }

    private static Map<String, Object> settings(JsonNode told, JsonNode run) {
        return Map.of(
            "bootstrap.servers", told.get("bootstrap").asText(),
            "compression.type", run.get("codec").asText(),
            "acks", run.get("acks").asText(),
            "enable.idempotence", run.get("idempotent").asBoolean(),
            "linger.ms", 5,
            "delivery.timeout.ms", 30_000,
            "request.timeout.ms", 20_000,
            "max.request.size", run.path("largest").asInt(1 << 20));
    }

    private Produce(int run, Map<String, Object> settings) {
        this.run = run;
        this.producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private void send(JsonNode run) throws IOException {
        String topic = run.get("topic").asText();
        if (run.hasNonNull("values")) {
            sendValues(topic, run.get("values").asText());
        }
        int index = 0;
        for (JsonNode record : run.path("records")) {
            send(record(topic, record), index++, true);
        }
        producer.close();
        Speech.report(Speech.object().put("run", this.run).put("done", done.get()));
    }

    private void sendValues(String topic, String path) throws IOException {
        try (DataInputStream file = new DataInputStream(new BufferedInputStream(new FileInputStream(path)))) {
            for (int index = 0; ; index++) {
                send(new ProducerRecord<>(topic, 0, null, file.readNBytes(file.readInt())), index, false);
            }
        } catch (EOFException end) {
            // All values are on their way.
        }
    }

    static ProducerRecord<byte[], byte[]> record(String topic, JsonNode record) {
        Long timestamp = record.hasNonNull("timestamp") ? record.get("timestamp").asLong() : null;
        byte[] key = Speech.bytes(record.get("key"));
        byte[] value = Speech.bytes(record.get("value"));
        ProducerRecord<byte[], byte[]> made =
            new ProducerRecord<>(topic, record.get("partition").asInt(), timestamp, key, value);
        record.path("headers").forEach(header -> made.headers().add(header.get(0).asText(), Speech.bytes(header.get(1))));
        return made;
    }

    private void send(ProducerRecord<byte[], byte[]> record, int index, boolean each) {
        try {
            producer.send(record, (metadata, failure) -> {
                ObjectNode fields = Speech.object().put("run", run);
                if (failure != null) {
                    Speech.report(Speech.error(fields.put("failed", index), failure));
                    return;
                }
                done.incrementAndGet();
                if (each) {
                    fields.put("produced", index).put("partition", metadata.partition());
                    Speech.report(fields.put("offset", metadata.offset()));
                }
            });
        } catch (KafkaException refused) {
            Speech.report(Speech.error(Speech.object().put("run", run).put("failed", index), refused));
        }
    }
}
