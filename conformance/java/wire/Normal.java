package wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;

/**
 * Answers as JSON, with names for what no two brokers have in common: topic ids, session ids and producer ids by the
 * order of their first appearance, free text as "text", the time of now as "now".
 */
final class Normal {
    private static final String NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";
    /** A member id as brokers give them: the client's id or the group instance id, and a UUID; or a UUID in base 64. */
    private static final Pattern GIVEN_ID =
        Pattern.compile(".*-?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Za-z_-]{22}");
    private static final int CRC_AT = 17;
    private static final int MAX_TIMESTAMP_AT = 35;

    private final Map<String, String> names = new HashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();

    JsonNode response(ApiMessage response, int version) {
        try {
            Class<?> converter = Class.forName(response.getClass().getName() + "JsonConverter");
            JsonNode json = (JsonNode) converter.getMethod("write", response.getClass(), short.class, boolean.class)
                .invoke(null, response, (short) version, true);
            if (response instanceof FetchResponseData fetch) {
                addRecords(json, fetch);
            }
            sort(json, response);
            if (response instanceof DescribeQuorumResponseData) {
                maskQuorum(json);
            }
            return normal(json);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Lists whose order is that of a hash map in Kafka, and so says nothing, by name. */
    private void sort(JsonNode json, ApiMessage response) {
        if (response instanceof MetadataResponseData) {
            sort(json, "topics", "name");
        } else if (response instanceof DeleteTopicsResponseData) {
            sort(json, "responses", "name");
        } else if (response instanceof CreatePartitionsResponseData) {
            sort(json, "results", "name");
        } else if (response instanceof IncrementalAlterConfigsResponseData) {
            sort(json, "responses", "resourceName");
        } else if (response instanceof AlterConfigsResponseData) {
            sort(json, "responses", "resourceName");
        } else if (response instanceof AlterClientQuotasResponseData || response instanceof DescribeClientQuotasResponseData) {
            sortQuotas(json.path("entries"));
        } else if (response instanceof DescribeUserScramCredentialsResponseData) {
            sort(json, "results", "user");
        } else if (response instanceof ListConfigResourcesResponseData) {
            sortByText(json.path("configResources"));
        } else if (response instanceof ProduceResponseData) {
            json.get("responses").forEach(topic -> sort(topic, "partitionResponses", "index"));
        } else if (response instanceof ListOffsetsResponseData || response instanceof DeleteRecordsResponseData) {
            json.get("topics").forEach(topic -> sort(topic, "partitions", "partitionIndex"));
        } else if (response instanceof DescribeConfigsResponseData) {
            json.get("results").forEach(result -> sort(result, "configs", "name"));
        } else if (response instanceof ElectLeadersResponseData) {
            sort(json, "replicaElectionResults", "topic");
        } else if (response instanceof ListPartitionReassignmentsResponseData) {
            sort(json, "topics", "name");
        } else if (response instanceof DescribeLogDirsResponseData) {
            for (JsonNode directory : json.get("results")) {
                sort(directory, "topics", "name");
                directory.get("topics").forEach(topic -> sort(topic, "partitions", "partitionIndex"));
            }
        } else if (response instanceof DescribeProducersResponseData) {
            json.findValues("partitions").forEach(partitions ->
                partitions.forEach(partition -> sort(partition, "activeProducers", "producerId")));
        } else if (response instanceof ListGroupsResponseData || response instanceof DescribeGroupsResponseData) {
            sort(json, "groups", "groupId");
        } else if (response instanceof ConsumerGroupDescribeResponseData) {
            sort(json, "groups", "groupId");
            json.get("groups").forEach(group -> {
                sort(group, "members", "memberId");
                group.get("members").forEach(member -> {
                    sortByText(member.path("subscribedTopicNames"));
                    for (String assignment : List.of("assignment", "targetAssignment")) {
                        sort(member.path(assignment), "topicPartitions", "topicName");
                        member.path(assignment).path("topicPartitions").forEach(topic -> sortByText(topic.path("partitions")));
                    }
                });
            });
        } else if (response instanceof ConsumerGroupHeartbeatResponseData) {
            JsonNode topics = json.path("assignment").path("topicPartitions");
            topics.forEach(topic -> sortByText(topic.path("partitions")));
            sortBy(topics, topic -> name("topic", topic.path("topicId")) + topic.path("partitions"));
        } else if (response instanceof AddPartitionsToTxnResponseData) {
            sort(json, "resultsByTransaction", "transactionalId");
            for (String topics : List.of("resultsByTopicV3AndBelow", "topicResults")) {
                json.findParents(topics).forEach(parent -> sort(parent, topics, "name"));
            }
            json.findParents("resultsByPartition").forEach(topic -> sort(topic, "resultsByPartition", "partitionIndex"));
        } else if (response instanceof WriteTxnMarkersResponseData) {
            sort(json, "markers", "producerId");
            json.findParents("topics").forEach(marker -> sort(marker, "topics", "name"));
            json.findParents("partitions").forEach(topic -> sort(topic, "partitions", "partitionIndex"));
        } else if (response instanceof TxnOffsetCommitResponseData) {
            sort(json, "topics", "name");
            json.get("topics").forEach(topic -> sort(topic, "partitions", "partitionIndex"));
        } else if (response instanceof ListTransactionsResponseData) {
            sort(json, "transactionStates", "transactionalId");
            sortByText(json.path("unknownStateFilters"));
        } else if (response instanceof DeleteGroupsResponseData) {
            sort(json, "results", "groupId");
        } else if (response instanceof OffsetFetchResponseData && json.has("groups")) {
            json.get("groups").forEach(group ->
                group.get("topics").forEach(topic -> sort(topic, "partitions", "partitionIndex")));
        } else if (response instanceof OffsetFetchResponseData) {
            json.get("topics").forEach(topic -> sort(topic, "partitions", "partitionIndex"));
        } else if (response instanceof ApiVersionsResponseData && json.has("finalizedFeatures")) {
            sort(json, "finalizedFeatures", "name");
            sort(json, "supportedFeatures", "name");
        }
    }

    private static void sortQuotas(JsonNode entries) {
        entries.forEach(entry -> {
            sortByText(entry.path("entity"));
            sortByText(entry.path("values"));
        });
        sortBy(entries, entry -> entry.path("entity").toString());
    }

    private static void sortByText(JsonNode list) {
        sortBy(list, JsonNode::toString);
    }

    private static void sortBy(JsonNode list, Function<JsonNode, String> key) {
        if (list instanceof ArrayNode array) {
            List<JsonNode> nodes = new ArrayList<>();
            array.forEach(nodes::add);
            nodes.sort(Comparator.comparing(key));
            array.removeAll();
            array.addAll(nodes);
        }
    }

    private void sort(JsonNode parent, String list, String by) {
        if (parent.get(list) instanceof ArrayNode array) {
            List<JsonNode> nodes = new ArrayList<>();
            array.forEach(nodes::add);
            nodes.sort(Comparator.comparing((JsonNode node) -> node.path(by).asText())
                .thenComparing(node -> name("topic", node.path("topicId"))));
            array.removeAll();
            array.addAll(nodes);
        }
    }

    /** How long the metadata log is, how many elections there were and where it was bound differs between brokers. */
    private static void maskQuorum(JsonNode node) {
        if (node instanceof ObjectNode object) {
            for (String field : List.of("highWatermark", "logEndOffset", "leaderEpoch")) {
                if (object.path(field).asLong(0) > 0) {
                    object.put(field, "positive");
                }
            }
            if (object.has("host")) {
                object.put("host", "host");
            }
        }
        node.forEach(Normal::maskQuorum);
    }

    private void addRecords(JsonNode json, FetchResponseData fetch) {
        for (int topic = 0; topic < fetch.responses().size(); topic++) {
            var partitions = fetch.responses().get(topic).partitions();
            for (int partition = 0; partition < partitions.size(); partition++) {
                ObjectNode node = (ObjectNode) json.get("responses").get(topic).get("partitions").get(partition);
                node.remove(List.of("records", "recordsSizeInBytes"));
                var records = (MemoryRecords) partitions.get(partition).records();
                node.put("records", records == null ? null : hex(records));
            }
        }
    }

    /** The bytes; the time of appending and the checksum over it are masked. A last batch that was cut is left so. */
    private static String hex(MemoryRecords records) {
        ByteBuffer bytes = ByteBuffer.allocate(records.sizeInBytes());
        bytes.put(records.buffer().duplicate()).flip();
        int at = 0;
        for (MutableRecordBatch batch : records.batches()) {
            if (batch.timestampType() == TimestampType.LOG_APPEND_TIME && batch.magic() == 2) {
                bytes.putLong(at + MAX_TIMESTAMP_AT, 0).putInt(at + CRC_AT, 0);
            }
            at += batch.sizeInBytes();
        }
        return HexFormat.of().formatHex(bytes.array(), 0, bytes.limit());
    }

    private JsonNode normal(JsonNode node) {
        if (node instanceof ObjectNode object) {
            List<String> fields = new ArrayList<>();
            object.fieldNames().forEachRemaining(fields::add);
            for (String field : fields) {
                object.set(field, field(field, object.get(field)));
            }
        } else if (node instanceof ArrayNode array) {
            for (int at = 0; at < array.size(); at++) {
                array.set(at, normal(array.get(at)));
            }
        }
        return node;
    }

    private JsonNode field(String field, JsonNode value) {
        if (value.isContainerNode() || value.isNull()) {
            return normal(value);
        }
        return switch (field) {
            case "topicId" -> value.asText().equals(NO_ID) ? value : named("topic", value);
            case "sessionId" -> value.asInt() == 0 ? value : named("session", value);
            case "producerId" -> value.asLong() < 0 ? value : named("producer", value);
            case "memberId", "leader" -> GIVEN_ID.matcher(value.asText()).matches() ? named("member", value) : value;
            case "port" -> text("port");
            case "clusterId" -> text("cluster");
            case "finalizedFeaturesEpoch" -> value.asLong() < 0 ? value : text("epoch");
            case "replicaDirectoryId" -> value.asText().equals(NO_ID) ? value : named("directory", value);
            case "logDir" -> named("directory", value);
            case "totalBytes", "usableBytes" -> value.asLong() < 0 ? value : text("bytes");
            case "lastFetchTimestamp", "lastCaughtUpTimestamp" -> value.asLong() < 0 ? value : text("now");
            case "transactionStartTimeMs" -> value.asLong() < 0 ? value : text("now");
            case "logAppendTimeMs" -> value.asLong() < 0 ? value : text("now");
            case "errorMessage", "batchIndexErrorMessage", "documentation" -> text("text");
            default -> value;
        };
    }

    /** The name that a value was given before, or nothing: an id itself is random and must not decide an order. */
    private String name(String kind, JsonNode value) {
        return names.getOrDefault(kind + value.asText(), "");
    }

    /** The name that a value has had since it was first seen. */
    private JsonNode named(String kind, JsonNode value) {
        String key = kind + value.asText();
        return text(names.computeIfAbsent(key, unknown -> kind + "-" + counts.merge(kind, 1, Integer::sum)));
    }

    /** A word of our own in the place of an answer. */
    JsonNode word(String word) {
        return text(word);
    }

    private static JsonNode text(String value) {
        return JsonNodeFactory.instance.textNode(value);
    }
}
