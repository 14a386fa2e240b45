import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes transactions to a topic: every third is aborted after its records were sent, the others are committed.
 *
 * <p>Arguments: bootstrap, topic, partitions, transactions, records of each.
 */
public final class TransactionWriter {
    public static void main(String[] arguments) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("transactional.id", "writer");
        int partitions = Integer.parseInt(arguments[2]);
        StringSerializer text = new StringSerializer();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, text, text)) {
            producer.initTransactions();
            for (int transaction = 0; transaction < Integer.parseInt(arguments[3]); transaction++) {
                boolean aborted = transaction % 3 == 1;
                producer.beginTransaction();
                for (int record = 0; record < Integer.parseInt(arguments[4]); record++) {
                    String value = (aborted ? "aborted " : "committed ") + transaction + " " + record;
                    producer.send(new ProducerRecord<>(arguments[1], record % partitions, null, value));
                }
                producer.flush();
                if (aborted) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
    }
}
