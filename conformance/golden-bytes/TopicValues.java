import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints which values the topic keys of the Apache Kafka on the class path take: a line with the values, then one for each
 * key with a digit for each value, 1 where a topic may have it.
 */
public class TopicValues {
    private static final List<String> VALUES = List.of("", " ", "-131073", "-131072", "-3", "-2", "-1", "0", "1", " 5 ",
        "+5", "5s", "9", "10", "17", "18", "22", "23", "4095", "1048575", "1048576", "2147483647", "2147483648",
        "9223372036854775807", "9223372036854775808", "0.5", "1.0", "1.1", "1e-3", "true", "TRUE", "false", "yes", "compact",
        "delete", "delete,compact", "compact, delete", "delete,delete", "delete,", "archive", "producer", "gzip", "GZIP",
        "none", "uncompressed", "CreateTime", "createtime", "LogAppendTime", "*", "0:1", "0:1,1:2", "0:1, 1:2", "0:x", "x",
        "0:1,*", "0:", "0:1,");

    public static void main(String[] arguments) {
        System.out.println("values\t" + String.join("\t", VALUES));
        for (String key : new TreeMap<>(LogConfig.configKeys()).keySet()) {
            StringBuilder verdicts = new StringBuilder();
            for (String value : VALUES) {
                verdicts.append(isTaken(key, value) ? '1' : '0');
            }
            System.out.println(key + "\t" + verdicts);
        }
    }

    private static boolean isTaken(String key, String value) {
        try {
            LogConfig.validate(Map.of(key, value));
            return true;
        } catch (RuntimeException refused) {
            return false;
        }
    }
}
