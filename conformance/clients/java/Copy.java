import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
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
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Copies a topic in transactions that hold records and offsets. */
class Copy {
    private final JsonNode told;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private int transactions;

    static void run(JsonNode told) throws IOException {
        Map<String, Object> settings = GroupMember.settings(told);
        settings.put("isolation.level", "read_committed");
        settings.put("max.poll.records", told.get("batch").asInt());
        try (KafkaProducer<byte[], byte[]> producer = Transact.producer(told);
             KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            producer.initTransactions();
            consumer.subscribe(List.of(told.get("source").asText()));
            new Copy(told, producer, consumer).work();
        }
        Speech.report(Speech.object().put("left", true));
    }

    private Copy(JsonNode told, KafkaProducer<byte[], byte[]> producer, KafkaConsumer<byte[], byte[]> consumer) {
        this.told = told;
        this.producer = producer;
        this.consumer = consumer;
    }

    private void work() throws IOException {
        // Nothing comes but the line that asks to leave, or the end.
        while (System.in.available() == 0) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
            if (!records.isEmpty()) {
                try {
                    copy(records);
                } catch (KafkaException failure) {
                    Speech.report(Speech.error(Speech.object(), failure));
                    producer.abortTransaction();
                    rewind();
                }
            }
        }
    }

    private void copy(ConsumerRecords<byte[], byte[]> records) throws IOException {
        transactions++;
        producer.beginTransaction();
        Map<TopicPartition, OffsetAndMetadata> ends = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            producer.send(new ProducerRecord<>(told.get("target").asText(), record.partition(), record.key(), record.value()));
            ends.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        producer.sendOffsetsToTransaction(ends, consumer.groupMetadata());
        if (transactions == told.get("hang").asInt()) {
            producer.flush();
            Speech.report(Speech.object().put("open", records.count()));
            Speech.INPUT.readLine();
        } else if (told.get("abort").asInt() > 0 && transactions % told.get("abort").asInt() == 0) {
            producer.abortTransaction();
            rewind();
            Speech.report(Speech.object().put("aborted", records.count()));
        } else {
            producer.commitTransaction();
            Speech.report(Speech.object().put("copied", records.count()));
        }
    }

    /** Reads again from what is committed. */
    private void rewind() {
        consumer.committed(consumer.assignment()).forEach((place, committed) -> {
            if (committed == null) {
                consumer.seekToBeginning(List.of(place));
            } else {
                consumer.seek(place, committed.offset());
            }
        });
    }
}
