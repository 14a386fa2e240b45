package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsAssignment;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/** CreatePartitions: more, as many, fewer, and by hand. */
final class CreatePartitionsCases {
    private CreatePartitionsCases() {
    }

    static void run(Exchange exchange) throws IOException {
        Topics.make(exchange, "grown", 3);
        Topics.make(exchange, "grown-too", 1);
        for (int count : new int[] {0, -1, 2, 3, 10_004, 1_000_000}) {
            exchange.each(ApiKeys.CREATE_PARTITIONS, "to " + count + " from 3", v -> request(true, topic("grown", count)));
        }
        for (boolean validateOnly : new boolean[] {true, false}) {
            String how = validateOnly ? ", validated only" : "";
            exchange.each(ApiKeys.CREATE_PARTITIONS, "one more" + how, v -> request(validateOnly, topic("grown", 4 + v)));
            exchange.each(ApiKeys.CREATE_PARTITIONS, "by hand" + how, v ->
                request(validateOnly, topic("grown-too", 2 + v, List.of(1))));
        }
        exchange.each(ApiKeys.CREATE_PARTITIONS, "unknown topic", v -> request(false, topic("nobody", 2)));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "empty name", v -> request(false, topic("", 2)));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "illegal name", v -> request(false, topic("a b", 2)));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "none", v -> request(false));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "one named twice", v ->
            request(false, topic("grown", 20), topic("nobody", 2), topic("grown", 20)));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "too few by hand", v -> request(true, topic("grown", 10, List.of(1))));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "too many by hand", v ->
            request(true, topic("grown", 8, List.of(1), List.of(1), List.of(1))));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "to a stranger", v -> request(true, topic("grown", 8, List.of(77))));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "to nobody", v -> request(true, topic("grown", 8, List.of())));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "twice to one", v -> request(true, topic("grown", 8, List.of(1, 1))));
        exchange.each(ApiKeys.CREATE_PARTITIONS, "to one and a stranger", v -> request(true, topic("grown", 8, List.of(1, 77))));
    }

    @SafeVarargs
    private static CreatePartitionsTopic topic(String name, int count, List<Integer>... assignments) {
        CreatePartitionsTopic topic = new CreatePartitionsTopic().setName(name).setCount(count).setAssignments(null);
        if (assignments.length > 0) {
            topic.setAssignments(new java.util.ArrayList<>());
        }
        for (List<Integer> replicas : assignments) {
            topic.assignments().add(new CreatePartitionsAssignment().setBrokerIds(replicas));
        }
        return topic;
    }

    private static CreatePartitionsRequestData request(boolean validateOnly, CreatePartitionsTopic... topics) {
        var request = new CreatePartitionsRequestData().setTimeoutMs(30_000).setValidateOnly(validateOnly);
        for (CreatePartitionsTopic topic : topics) {
            request.topics().mustAdd(topic);
        }
        return request;
    }
}
