import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends numbers to the partitions of a topic until its standard input ends, and writes down what was acknowledged.
 *
 * <p>Arguments: bootstrap, topic, partitions, idempotence (true or false), records a second, file. A line of the file
 * is "partition offset number", written when the acknowledgement has arrived and flushed at once; "failed number" is
 * written for a record that the producer gave up. At the end it waits for what is on its way and prints the count of
 * numbers sent.
 */
public final class RecordingProducer {
    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("acks", "all");
        settings.put("enable.idempotence", arguments[3]);
        settings.put("delivery.timeout.ms", "120000");
        settings.put("request.timeout.ms", "5000");
        settings.put("reconnect.backoff.max.ms", "100");
        settings.put("retry.backoff.max.ms", "100");
        settings.put("linger.ms", "2");
        settings.put("batch.size", "2000");
        String topic = arguments[1];
        int partitions = Integer.parseInt(arguments[2]);
        double rate = Double.parseDouble(arguments[4]);
        StringSerializer text = new StringSerializer();
        AtomicLong inputEnded = new AtomicLong();
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (java.io.IOException closed) {
                // A closed input ends the run like an ended one.
            }
            inputEnded.set(1);
        });
        watcher.setDaemon(true);
        watcher.start();
        long number = 0;
        try (PrintStream record = new PrintStream(new BufferedOutputStream(new FileOutputStream(arguments[5])));
                KafkaProducer<String, String> producer = new KafkaProducer<>(settings, text, text)) {
            long begun = System.nanoTime();
            while (inputEnded.get() == 0) {
                if (number > (System.nanoTime() - begun) / 1e9 * rate) {
                    Thread.sleep(1);
                    continue;
                }
                String value = Long.toString(number);
                int partition = (int) (number % partitions);
                producer.send(new ProducerRecord<>(topic, partition, null, value), (place, failure) -> {
                    synchronized (record) {
                        record.println(failure == null ? partition + " " + place.offset() + " " + value : "failed " + value);
                        record.flush();
                    }
                });
                number += 1;
            }
            producer.flush();
        }
        System.out.println(number);
    }
}
