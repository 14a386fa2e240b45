import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's commands one after the other in one process: a line of JSON in, [class, arguments...], and a line out,
 * {exit, text}. Starting a JVM for each takes longer than what they do.
 */
public class Tools {
    /** Stands for the end of a command's process. */
    private static class Ended extends RuntimeException {
        final int code;

        Ended(int code) {
            super(null, null, false, false);
            this.code = code;
        }
    }

    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        PrintStream answers = System.out;
        Exit.setExitProcedure((code, message) -> {
            throw new Ended(code);
        });
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            List<String> words = new ArrayList<>();
            for (JsonNode word : json.readTree(line)) {
                words.add(word.asText());
            }
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            PrintStream captured = new PrintStream(printed, true, StandardCharsets.UTF_8);
            System.setOut(captured);
            System.setErr(captured);
            int code = run(words);
            ObjectNode answer = json.createObjectNode().put("exit", code).put("text", printed.toString(StandardCharsets.UTF_8));
            answers.println(answer);
        }
    }

    private static int run(List<String> words) throws ReflectiveOperationException {
        String[] arguments = words.subList(1, words.size()).toArray(String[]::new);
        try {
            Class.forName(words.get(0)).getMethod("main", String[].class).invoke(null, (Object) arguments);
            return 0;
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Ended ended) {
                return ended.code;
            }
            thrown.getCause().printStackTrace();
            return 1;
        }
    }
}
