package application;

import org.apache.kafka.clients.admin.NewTopic;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.annotation.EnableKafkaRetryTopic;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.AfterRollbackProcessor;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultAfterRollbackProcessor;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.util.backoff.FixedBackOff;

/**
 * The application as Spring puts it together.
 *
 * <p>There is a prefix for transactional ids in the settings: Boot's own listener containers work in transactions. The
 * listeners that shall not name the factory `plain`.
 */
@SpringBootApplication
@EnableKafkaRetryTopic
@EnableScheduling
public class Application {
    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    /** The topics that KafkaAdmin makes, or widens and alters where they are. */
    @Bean
    KafkaAdmin.NewTopics topics() {
        return new KafkaAdmin.NewTopics(
            TopicBuilder.name("plain").partitions(6).config("retention.ms", "7200000").build(),
            topic("input"), topic("output"), topic("input-dlt"), topic("flaky"), topic("ledger"));
    }

    static NewTopic topic(String name) {
        return TopicBuilder.name(name).partitions(3).build();
    }

    @Bean
    KafkaTemplate<String, String> kafkaTemplate(ProducerFactory<String, String> transactional) {
        return new KafkaTemplate<>(transactional);
    }

    @Bean
    KafkaTemplate<String, String> plainTemplate(KafkaProperties settings) {
        return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(settings.buildProducerProperties()));
    }

    @Bean
    ConcurrentKafkaListenerContainerFactory<String, String> plain(ConsumerFactory<String, String> consumers) {
        var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
        factory.setConsumerFactory(consumers);
        return factory;
    }

    /** What fails three times in its transaction goes to a dead-letter topic, in a transaction with its offset. */
    @Bean
    AfterRollbackProcessor<Object, Object> afterRollback(KafkaTemplate<String, String> kafkaTemplate) {
        var recoverer = new DeadLetterPublishingRecoverer(kafkaTemplate);
        return new DefaultAfterRollbackProcessor<>(recoverer, new FixedBackOff(50, 2), kafkaTemplate, true);
    }
}
