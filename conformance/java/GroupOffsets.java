import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Committed offsets with all that belongs to them, which no command shows: leader epoch and metadata.
 *
 * <p>BOOTSTRAP commit GROUP TOPIC PARTITIONS commits to each partition, with metadata of several kinds.
 * BOOTSTRAP list GROUP... prints a line for each offset of each group.
 */
public class GroupOffsets {
    private static final String[] METADATA = {"", "plain words", "ünï→code ✓", "tab\tand \"quotes\"", "long ".repeat(200)};

    public static void main(String[] arguments) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            if (arguments[1].equals("commit")) {
                commit(admin, arguments[2], arguments[3], Integer.parseInt(arguments[4]));
                return;
            }
            for (int at = 2; at < arguments.length; at++) {
                list(admin, arguments[at]);
            }
        }
    }

    private static void commit(Admin admin, String group, String topic, int partitions) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            Optional<Integer> epoch = partition % 2 == 0 ? Optional.empty() : Optional.of(0);
            String metadata = METADATA[partition % METADATA.length];
            offsets.put(new TopicPartition(topic, partition), new OffsetAndMetadata(partition + 1, epoch, metadata));
        }
        admin.alterConsumerGroupOffsets(group, offsets).all().get();
    }

    private static void list(Admin admin, String group) throws Exception {
        Map<String, String> lines = new TreeMap<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((partition, offset) ->
            lines.put(partition.toString(), offset == null ? "none" : offset.toString()));
        lines.forEach((partition, offset) -> System.out.println(group + " " + partition + " " + offset));
    }
}
