import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Instances, a thread each, that copy a topic in transactions, offsets and all, until they are told to leave. */
class Pipeline extends Thread {
    private static volatile boolean asked;

    private final JsonNode told;
    private final String id;
    private int made;
    private int begun;

    private Pipeline(JsonNode told, int instance) {
        this.told = told;
        this.id = told.get("transactional_id").asText() + "-" + instance;
    }

    static void run(JsonNode told) throws IOException, InterruptedException {
        List<Pipeline> instances = new ArrayList<>();
        for (int instance = 0; instance < told.get("instances").asInt(); instance++) {
            Pipeline pipeline = new Pipeline(told, instance);
            pipeline.start();
            instances.add(pipeline);
        }
        String line;
        do {
            line = Speech.INPUT.readLine();
        } while (line != null && !line.equals("leave"));
        asked = true;
        for (Pipeline pipeline : instances) {
            pipeline.join();
        }
        Speech.report(Speech.object().put("left", true));
    }

    /** A producer that failed for good is followed by another one, which finds out how the last transaction ended. */
    @Override
    public void run() {
        while (!asked) {
            made++;
            StringSerializer text = new StringSerializer();
            StringDeserializer read = new StringDeserializer();
            try (KafkaProducer<String, String> producer = new KafkaProducer<>(producerSettings(), text, text);
                 KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consumerSettings(), read, read)) {
                producer.initTransactions();
                Speech.report(Speech.object().put("instance", id).put("made", made));
                consumer.subscribe(List.of(told.get("input").asText()));
                while (!asked) {
                    ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                    if (!records.isEmpty()) {
                        transaction(producer, consumer, records);
                    }
                }
            } catch (RuntimeException failure) {
                report(failure);
            }
        }
    }

    private void transaction(KafkaProducer<String, String> producer, KafkaConsumer<String, String> consumer,
                             ConsumerRecords<String, String> records) {
        begun++;
        boolean doomed = begun % told.get("abort_every").asInt() == 0;
        try {
            producer.beginTransaction();
            int index = 0;
            for (ConsumerRecord<String, String> record : records) {
                String name = id + "." + ProcessHandle.current().pid() + "." + begun;
                String value = String.join(" ", name, Integer.toString(index), Integer.toString(records.count()),
                    doomed ? "doomed" : "meant", Integer.toString(record.partition()), Long.toString(record.offset()), record.value());
                producer.send(new ProducerRecord<>(told.get("output").asText(), index % told.get("partitions").asInt(), null, value));
                index++;
            }
            Map<TopicPartition, OffsetAndMetadata> offsets = records.nextOffsets();
            if (doomed) {
                producer.flush();
            }
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            if (!doomed) {
                producer.commitTransaction();
                return;
            }
        } catch (ProducerFencedException fenced) {
            throw fenced;
        } catch (KafkaException failure) {
            report(failure);
        }
        producer.abortTransaction();
        rewind(consumer);
    }

    /** What was read in an aborted transaction is read again. */
    private static void rewind(KafkaConsumer<String, String> consumer) {
        consumer.committed(consumer.assignment()).forEach((place, committed) -> {
            if (committed == null) {
                consumer.seekToBeginning(List.of(place));
            } else {
                consumer.seek(place, committed);
            }
        });
    }

    private void report(RuntimeException failure) {
        ObjectNode fields = Speech.object().put("instance", id);
        Speech.report(Speech.error(fields, failure));
    }

    private Map<String, Object> producerSettings() {
        return Map.of(
            "bootstrap.servers", told.get("bootstrap").asText(),
            "transactional.id", id,
            "transaction.timeout.ms", told.get("timeout_ms").asInt(),
            "reconnect.backoff.max.ms", 200);
    }

    private Map<String, Object> consumerSettings() {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", told.get("bootstrap").asText(),
            "group.id", told.get("group").asText(),
            "isolation.level", "read_committed",
            "enable.auto.commit", false,
            "auto.offset.reset", "earliest",
            "max.poll.records", told.get("records").asInt(),
            "reconnect.backoff.max.ms", 200));
        if (told.get("strategy").asText().equals("server")) {
            settings.put("group.protocol", "consumer");
        } else {
            settings.put("session.timeout.ms", told.get("session_ms").asInt());
            settings.put("heartbeat.interval.ms", told.get("heartbeat_ms").asInt());
        }
        return settings;
    }
}
