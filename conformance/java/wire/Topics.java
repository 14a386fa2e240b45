package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Topics for other cases, made and unmade without printing; each call returns when the broker serves the outcome. */
final class Topics {
    private Topics() {
    }

    /** A topic as CreateTopics takes it; settings as "key=value", a key without "=" has no value. */
    static CreatableTopic topic(String name, int partitions, int replication, String... settings) {
        CreatableTopic topic = new CreatableTopic().setName(name).setNumPartitions(partitions);
        topic.setReplicationFactor((short) replication);
        for (String setting : settings) {
            String[] parts = setting.split("=", 2);
            CreatableTopicConfig config = new CreatableTopicConfig().setName(parts[0]);
            topic.configs().add(config.setValue(parts.length == 2 ? parts[1] : null));
        }
        return topic;
    }

    static CreatableTopic assigned(String name, List<List<Integer>> replicas) {
        CreatableTopic topic = topic(name, -1, -1);
        for (int index = 0; index < replicas.size(); index++) {
            topic.assignments().add(assignment(index, replicas.get(index)));
        }
        return topic;
    }

    static CreatableReplicaAssignment assignment(int index, List<Integer> replicas) {
        return new CreatableReplicaAssignment().setPartitionIndex(index).setBrokerIds(replicas);
    }

    static CreateTopicsRequestData create(CreatableTopic... topics) {
        CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(30_000);
        for (CreatableTopic topic : topics) {
            request.topics().mustAdd(topic);
        }
        return request;
    }

    /** Makes a topic and returns its id. */
    static Uuid make(Exchange exchange, String name, int partitions, String... settings) throws IOException {
        CreatableTopic topic = topic(name, partitions, 1, settings);
        if (topic.configs().find("retention.ms") == null) {
            // The records of these cases are old: without this the broker deletes them at some moment of the run.
            topic.configs().add(new CreatableTopicConfig().setName("retention.ms").setValue("-1"));
        }
        exchange.ask(ApiKeys.CREATE_TOPICS, 7, create(topic));
        return served(exchange, name, partitions);
    }

    /** Waits until every partition of a topic is led, and returns its id. */
    static Uuid served(Exchange exchange, String name, int partitions) throws IOException {
        MetadataResponseData told = exchange.until(ApiKeys.METADATA, metadata(name), (MetadataResponseData answer) -> {
            var topic = answer.topics().find(name);
            return topic != null && topic.errorCode() == 0 && topic.partitions().size() == partitions;
        });
        var all = new ListOffsetsRequestData.ListOffsetsTopic().setName(name);
        for (int index = 0; index < partitions; index++) {
            all.partitions().add(new ListOffsetsRequestData.ListOffsetsPartition().setPartitionIndex(index).setTimestamp(-1));
        }
        var offsets = new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(all));
        exchange.until(ApiKeys.LIST_OFFSETS, offsets, (ListOffsetsResponseData answer) ->
            answer.topics().get(0).partitions().stream().allMatch(partition -> partition.errorCode() == 0));
        return told.topics().find(name).topicId();
    }

    static void remove(Exchange exchange, String name) throws IOException {
        var request = new DeleteTopicsRequestData().setTimeoutMs(30_000);
        request.topics().add(new DeleteTopicState().setName(name));
        exchange.ask(ApiKeys.DELETE_TOPICS, 6, request);
        gone(exchange, name);
    }

    /** Waits until the broker no longer knows a topic. */
    static void gone(Exchange exchange, String name) throws IOException {
        exchange.until(ApiKeys.METADATA, metadata(name), (MetadataResponseData answer) ->
            answer.topics().find(name).errorCode() == Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    private static MetadataRequestData metadata(String name) {
        var topics = List.of(new MetadataRequestTopic().setName(name));
        return new MetadataRequestData().setTopics(topics).setAllowAutoTopicCreation(false);
    }
}
