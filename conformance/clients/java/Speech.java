import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;

/** Parameters in, reports out. */
class Speech {
    static final BufferedReader INPUT =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final java.io.PrintStream OUTPUT =
        new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);

    static JsonNode parameters() throws IOException {
        return JSON.readTree(INPUT.readLine());
    }

    /** The next line as JSON, null when the program is asked to leave. */
    static JsonNode order() throws IOException {
        String line = INPUT.readLine();
        return line == null || line.equals("leave") ? null : JSON.readTree(line);
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ArrayNode array() {
        return JSON.createArrayNode();
    }

    static synchronized void report(ObjectNode fields) {
        OUTPUT.println(fields);
    }

    /** Kafka's number of an error, null where the library refused by itself. */
    static ObjectNode error(ObjectNode fields, Throwable thrown) {
        Throwable cause = thrown;
        while (!(cause instanceof ApiException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        Errors error = Errors.forException(cause);
        boolean ofKafka = cause instanceof ApiException && error != Errors.UNKNOWN_SERVER_ERROR;
        fields.put("code", ofKafka ? Integer.valueOf(error.code()) : null);
        return fields.put("error", cause.toString());
    }

    static byte[] bytes(JsonNode hex) {
        return hex == null || hex.isNull() ? null : HexFormat.of().parseHex(hex.asText());
    }

    static String hex(byte[] value) {
        return value == null ? null : HexFormat.of().formatHex(value);
    }

    static void reportRecord(ObjectNode fields, ConsumerRecord<byte[], byte[]> record) {
        fields.put("partition", record.partition()).put("offset", record.offset()).put("timestamp", record.timestamp());
        fields.put("key", hex(record.key())).put("value", digest(record.value()));
        fields.put("size", record.value() == null ? -1 : record.value().length);
        ArrayNode headers = fields.putArray("headers");
        record.headers().forEach(header -> headers.addArray().add(header.key()).add(hex(header.value())));
        report(fields);
    }

    private static String digest(byte[] value) {
        try {
            return value == null ? null : hex(MessageDigest.getInstance("SHA-256").digest(value));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
