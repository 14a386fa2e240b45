import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Transactional producers that take each step when they are told to, so that a broker can change in between.
 *
 * <p>Argument: bootstrap. Each line of input is a step of a producer, answered by `ok` or by the error that it met:
 * `open NAME ID TIMEOUT_MS`, `begin NAME`, `send NAME TOPIC PARTITION VALUE`, `offset NAME GROUP TOPIC PARTITION OFFSET`,
 * `commit NAME`, `abort NAME`.
 */
public final class TransactionHand {
    private static final Map<String, KafkaProducer<String, String>> PRODUCERS = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        BufferedReader steps = new BufferedReader(new InputStreamReader(System.in));
        for (String line = steps.readLine(); line != null; line = steps.readLine()) {
            try {
                step(arguments[0], line.split(" "));
                System.out.println("ok");
            } catch (Exception failure) {
                System.out.println(failure.toString().replace('\n', ' '));
            }
        }
        System.exit(0);
    }

    private static void step(String bootstrap, String[] words) throws Exception {
        KafkaProducer<String, String> producer = PRODUCERS.get(words[1]);
        switch (words[0]) {
            case "open" -> {
                Map<String, Object> settings = Map.of(
                    "bootstrap.servers", bootstrap, "transactional.id", words[2],
                    "transaction.timeout.ms", Integer.parseInt(words[3]), "reconnect.backoff.max.ms", 200);
                producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
                PRODUCERS.put(words[1], producer);
                producer.initTransactions();
            }
            case "begin" -> producer.beginTransaction();
            case "send" -> producer.send(new ProducerRecord<>(words[2], Integer.parseInt(words[3]), null, words[4])).get();
            case "offset" -> producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition(words[3], Integer.parseInt(words[4])), new OffsetAndMetadata(Long.parseLong(words[5]))),
                new ConsumerGroupMetadata(words[2]));
            case "commit" -> producer.commitTransaction();
            case "abort" -> producer.abortTransaction();
            default -> throw new IllegalArgumentException(words[0]);
        }
    }
}
