package application;

import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.springframework.kafka.annotation.BackOff;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ConsumerSeekAware;
import org.springframework.kafka.retrytopic.TopicSuffixingStrategy;
import org.springframework.stereotype.Component;

/** What the application listens to; each listener reports what it was given. */
@Component
public class Listeners implements ConsumerSeekAware {
    private final KafkaTemplate<String, String> transactional;

    Listeners(KafkaTemplate<String, String> kafkaTemplate) {
        transactional = kafkaTemplate;
    }

    @Override
    public void onPartitionsAssigned(Map<TopicPartition, Long> assigned, ConsumerSeekCallback seeks) {
        Report.assigned(assigned.keySet());
    }

    @KafkaListener(id = "plain", topics = "plain", concurrency = "3", containerFactory = "plain")
    void plain(ConsumerRecord<String, String> record) {
        Report.heard("plain", record.topic(), record.value());
    }

    /** Consume, process, produce: what is sent belongs to the transaction of the record, also where it fails afterwards. */
    @KafkaListener(id = "processors", topics = "input", concurrency = "2")
    void process(ConsumerRecord<String, String> record) {
        transactional.send("output", record.key(), record.value()).join();
        if (record.value().startsWith("poison") || record.value().startsWith("stumbles") && Report.first(record)) {
            throw new IllegalStateException("no liking for " + record.value());
        }
    }

    /** Tried again by way of topics that are named after the attempt. */
    @RetryableTopic(attempts = "3", backOff = @BackOff(delay = 200, multiplier = 2), numPartitions = "3", kafkaTemplate = "plainTemplate",
        topicSuffixingStrategy = TopicSuffixingStrategy.SUFFIX_WITH_INDEX_VALUE, listenerContainerFactory = "plain")
    @KafkaListener(id = "flaky", topics = "flaky")
    void flaky(ConsumerRecord<String, String> record) {
        Report.heard("flaky", record.topic(), record.value());
        if (record.value().startsWith("poison") || record.value().startsWith("stumbles") && record.topic().equals("flaky")) {
            throw new IllegalStateException("no liking for " + record.value());
        }
    }

    @DltHandler
    void dead(ConsumerRecord<String, String> record) {
        Report.heard("dead", record.topic(), record.value());
    }
}
