import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.kafka.common.utils.Utils;

/** Prints keys (hex) and what the Apache Kafka on the class path hashes them to, separated by tabs. */
public class Murmur2 {
    public static void main(String[] arguments) {
        for (String key : new String[] {"", "a", "ab", "abc", "abcd", "21", "foobar", "a-little-bit-long-string",
                "a-little-bit-longer-string", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "N14228", "\u00fcml\u00e4ut"}) {
            print(key.getBytes(StandardCharsets.UTF_8));
        }
        Random random = new Random(42);
        for (int length = 1; length <= 20; length++) {
            byte[] key = new byte[length];
            random.nextBytes(key);
            print(key);
        }
    }

    private static void print(byte[] key) {
        StringBuilder line = new StringBuilder();
        for (byte b : key) {
            line.append(String.format("%02x", b));
        }
        System.out.println(line.append('\t').append(Utils.murmur2(key)));
    }
}
