package application;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reports on standard output, one line of JSON each; the words in them need no escapes. */
class Report {
    private static final Set<String> SEEN = ConcurrentHashMap.newKeySet();

    static void heard(String listener, String topic, String value) {
        say("{\"listener\": \"%s\", \"topic\": \"%s\", \"value\": \"%s\", \"thread\": \"%s\"}", listener, topic, value, Thread.currentThread().getName());
    }

    static void assigned(Set<TopicPartition> partitions) {
        say("{\"assigned\": \"%s\", \"thread\": \"%s\"}", partitions, Thread.currentThread().getName());
    }

    static void done(String what, String outcome) {
        say("{\"done\": \"%s\", \"outcome\": \"%s\"}", what, outcome);
    }

    /** Whether this process sees the record for the first time. */
    static boolean first(ConsumerRecord<?, ?> record) {
        return SEEN.add(record.topic() + record.partition() + "@" + record.offset());
    }

    private static void say(String line, Object... words) {
        System.out.println(line.formatted(words));
    }
}
