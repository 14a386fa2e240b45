import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.tests.RelationalSmokeTest;
import org.apache.kafka.streams.tests.SmokeTestDriver;

/**
 * Kafka Streams' smoke tests with amounts of our choice; Kafka's own doors to them know only one amount.
 *
 * <p>Data, topologies and verdicts are Kafka's. The arguments end with the verb.
 */
public class SmokeTests {
    public static void main(String[] words) throws Exception {
        switch (words[words.length - 1]) {
            case "drive" -> drive(words[0], number(words[1]), number(words[2]), number(words[3]), words[4]);
            case "drive-relational" -> driveRelational(words[0], number(words[1]), number(words[2]), number(words[3]));
            case "run-relational" -> runRelational(words[0], words[1], words[2]);
            default -> throw new IllegalArgumentException(words[words.length - 1]);
        }
    }

    static int number(String text) {
        return Integer.parseInt(text);
    }

    /** Produces so many records of each key in so many seconds, then judges what the application made of them. */
    static void drive(String bootstrap, int keys, int recordsPerKey, int seconds, String guarantee) throws Exception {
        var produced = SmokeTestDriver.generate(bootstrap, keys, recordsPerKey, Duration.ofSeconds(seconds));
        settle(bootstrap);
        SmokeTestDriver.verify(bootstrap, produced, recordsPerKey, guarantee.equals("exactly_once_v2"));
    }

    /**
     * Returns when the application has read all data and writes no more.
     *
     * <p>The driver asks for the end of a topic, then where its committed records end: of an application that writes
     * meanwhile it says that they end behind the end.
     */
    static void settle(String bootstrap) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            var partitions = new HashMap<TopicPartition, OffsetSpec>();
            for (var topic : admin.describeTopics(List.of(SmokeTestDriver.topics())).allTopicNames().get().values()) {
                topic.partitions().forEach(partition -> partitions.put(new TopicPartition(topic.name(), partition.partition()), OffsetSpec.latest()));
            }
            Map<TopicPartition, Long> before = null;
            while (true) {
                var ends = new HashMap<TopicPartition, Long>();
                admin.listOffsets(partitions).all().get().forEach((partition, found) -> ends.put(partition, found.offset()));
                var read = admin.listConsumerGroupOffsets("SmokeTest").partitionsToOffsetAndMetadata().get();
                boolean all = ends.keySet().stream().filter(partition -> partition.topic().equals("data"))
                    .allMatch(partition -> read.get(partition) != null && read.get(partition).offset() == ends.get(partition));
                if (all && ends.equals(before)) {
                    return;
                }
                before = ends;
                Thread.sleep(1000);
            }
        }
    }

    /** Produces articles and comments on them, then judges whether the application has joined them. */
    static void driveRelational(String bootstrap, int articles, int comments, int seconds) throws InterruptedException {
        RelationalSmokeTest.DataSet.generate(articles, comments).produce(bootstrap, Duration.ofSeconds(seconds));
        System.out.println("produced");
        boolean passed = RelationalSmokeTest.App.verifySync(bootstrap, Instant.now().plus(Duration.ofMinutes(3)));
        System.out.println(passed ? "PASSED" : "FAILED");
    }

    /** The application of the relational test; its members are missed sooner than with Kafka's own door to it. */
    static void runRelational(String bootstrap, String guarantee, String directory) {
        var settings = RelationalSmokeTest.App.getConfig(bootstrap, "relational", "member", guarantee, "classic", directory);
        settings.put("session.timeout.ms", 6000);
        settings.put("heartbeat.interval.ms", 1000);
        var streams = new KafkaStreams(RelationalSmokeTest.App.getTopology(), settings);
        streams.setStateListener((state, before) -> System.out.println(before + " -> " + state));
        streams.start();
    }
}
