import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.Utils;

/**
 * Prints hashes of topics and groups (KIP-1101) as the Apache Kafka on the class path computes them. Tabs between:
 *
 * "topic", hash, name, id, racks of each partition's replicas with commas between, partitions parted by spaces, - for none
 * "group", hash, names of topics above with commas between
 */
public class GroupHashes {
    public static void main(String[] arguments) {
        Random random = new Random(1101);
        Map<String, Long> hashes = new LinkedHashMap<>();
        List<String> names = List.of("a", "orders", "orders.eu", "t".repeat(249), "with-signs_and.dots", "Z", "__internal", "wide");
        List<String> racks = List.of("a", "b", "rack-1", "eu-west-1a", "gr\u00fcn", "\ud83d\ude00", "\uff5e", "r".repeat(200));
        for (String name : names) {
            Uuid id = new Uuid(random.nextLong(), random.nextLong());
            List<List<String>> partitions = new ArrayList<>();
            for (int index = 0; index < (name.equals("wide") ? 60 : 1 + random.nextInt(5)); index++) {
                List<String> of = new ArrayList<>();
                for (int replica = 0; replica < random.nextInt(4); replica++)
                    of.add(racks.get(random.nextInt(racks.size())));
                partitions.add(of);
            }
            long hash = Utils.computeTopicHash(name, image(name, id, partitions));
            hashes.put(name, hash);
            System.out.println(String.join("\t", "topic", "" + hash, name, id.toString(), partitions.stream()
                .map(of -> of.isEmpty() ? "-" : String.join(",", of)).collect(Collectors.joining(" "))));
        }
        group(hashes, List.of());
        for (int first = 0; first < names.size(); first++)
            group(hashes, names.subList(first, names.size()));
        group(hashes, List.of("orders"));
    }

    private static void group(Map<String, Long> hashes, List<String> names) {
        Map<String, Long> of = new TreeMap<>();
        names.forEach(name -> of.put(name, hashes.get(name)));
        System.out.println(String.join("\t", "group", "" + Utils.computeGroupHash(of), String.join(",", names)));
    }

    private static CoordinatorMetadataImage image(String name, Uuid id, List<List<String>> partitions) {
        CoordinatorMetadataImage.TopicMetadata topic = new CoordinatorMetadataImage.TopicMetadata() {
            public String name() {
                return name;
            }

            public Uuid id() {
                return id;
            }

            public int partitionCount() {
                return partitions.size();
            }

            public List<String> partitionRacks(int partition) {
                return new ArrayList<>(partitions.get(partition));
            }
        };
        return (CoordinatorMetadataImage) java.lang.reflect.Proxy.newProxyInstance(GroupHashes.class.getClassLoader(),
            new Class<?>[] {CoordinatorMetadataImage.class}, (proxy, method, arguments) ->
                Optional.of(topic).filter(it -> method.getName().equals("topicMetadata")));
    }
}
