package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/** Metadata and DescribeTopicPartitions: by name, by id, all, none, unknown, made on the way, page by page. */
final class MetadataCases {
    private MetadataCases() {
    }

    static void run(Exchange exchange) throws IOException {
        Uuid id = Topics.make(exchange, "described", 3);
        Topics.make(exchange, "described-too", 2);
        known(exchange, "all", v -> request(null));
        known(exchange, "an empty list", v -> request(List.of()));
        known(exchange, "one", v -> request(named("described")));
        known(exchange, "two and one twice", v -> request(named("described-too", "described", "described-too")));
        exchange.each(ApiKeys.METADATA, "unknown, not to be made", v -> request(named("described", "nobody")));
        for (String name : new String[] {"", "a b", ".", "b".repeat(250), "__consumer_offsets"}) {
            exchange.each(ApiKeys.METADATA, "named '" + name + "', not to be made", v -> request(named(name)));
        }
        exchange.each(ApiKeys.METADATA, "illegal name, to be made", v ->
            request(named("a b", "described")).setAllowAutoTopicCreation(true));
        exchange.each(ApiKeys.METADATA, "collision, to be made", v -> request(named("x_y.z")).setAllowAutoTopicCreation(true));
        exchange.each(ApiKeys.METADATA, "operations of topics", v ->
            request(named("described", "nobody")).setIncludeTopicAuthorizedOperations(v >= 8));
        known(exchange, "operations of the cluster", v ->
            request(List.of()).setIncludeClusterAuthorizedOperations(v >= 8 && v <= 10));
        known(exchange, "by id", v -> request(List.of(byId(id, null))));
        known(exchange, "by unknown id", v -> request(List.of(byId(new Uuid(9, 9), null))));
        known(exchange, "by id and name", v -> request(List.of(byId(id, "described"))));
        known(exchange, "by two ids", v -> request(List.of(byId(id, null), byId(new Uuid(9, 9), null))));
        known(exchange, "one by id, one by name", v ->
            request(List.of(byId(id, null), new MetadataRequestTopic().setName("described-too"))));
        known(exchange, "neither id nor name", v -> request(List.of(byId(Uuid.ZERO_UUID, null))));
        for (int version = 4; version <= Exchange.latest(ApiKeys.METADATA); version++) {
            String name = "made-on-the-way-" + version;
            exchange.tell(ApiKeys.METADATA, version, "unknown, to be made", request(named(name)).setAllowAutoTopicCreation(true));
            Topics.served(exchange, name, 1);
            exchange.tell(ApiKeys.METADATA, version, "made on the way", request(named(name)));
        }
        pages(exchange);
    }

    private static void pages(Exchange exchange) throws IOException {
        describe(exchange, "one", 2000, null, "described");
        describe(exchange, "two, one twice, one unknown", 2000, null, "described-too", "described", "nobody", "described");
        describe(exchange, "illegal name", 2000, null, "a b", "..");
        describe(exchange, "all from there", 4, cursor("described", 1));
        describe(exchange, "all after a name that is not there", 3, cursor("describee", 0));
        describe(exchange, "a limit within a topic", 2, null, "described", "described-too");
        describe(exchange, "a limit at a topic's end", 3, null, "described", "described-too");
        describe(exchange, "a limit between", 4, null, "described", "described-too");
        describe(exchange, "from a cursor", 2, cursor("described", 2), "described", "described-too");
        describe(exchange, "from a cursor past the partitions", 5, cursor("described", 9), "described", "described-too");
        describe(exchange, "from a cursor at an unknown topic", 2, cursor("nobody", 0), "described", "described-too");
        describe(exchange, "from a cursor at a topic asked for that is unknown", 2, cursor("nobody", 0), "nobody", "other");
        describe(exchange, "from a negative cursor", 2, cursor("described", -1), "described");
        describe(exchange, "limit 0", 0, null, "described");
        describe(exchange, "limit -1", -1, null, "described");
    }

    private static void describe(Exchange exchange, String title, int limit, Cursor cursor, String... names) throws IOException {
        var topics = new ArrayList<TopicRequest>();
        for (String name : names) {
            topics.add(new TopicRequest().setName(name));
        }
        var request = new DescribeTopicPartitionsRequestData().setTopics(topics).setCursor(cursor);
        exchange.last(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, title, request.setResponsePartitionLimit(limit));
    }

    private static Cursor cursor(String topic, int partition) {
        return new Cursor().setTopicName(topic).setPartitionIndex(partition);
    }

    /** At every version; those before 4 always make what is not there, and so are asked for what is. */
    private static void known(Exchange exchange, String title, IntFunction<MetadataRequestData> request) throws IOException {
        exchange.each(ApiKeys.METADATA, title, v -> request.apply(v).setAllowAutoTopicCreation(v < 4));
    }

    /** Without automatic creation, which versions before 4 cannot express. */
    private static MetadataRequestData request(List<MetadataRequestTopic> topics) {
        return new MetadataRequestData().setTopics(topics).setAllowAutoTopicCreation(false);
    }

    private static List<MetadataRequestTopic> named(String... names) {
        var topics = new ArrayList<MetadataRequestTopic>();
        for (String name : names) {
            topics.add(new MetadataRequestTopic().setName(name));
        }
        return topics;
    }

    private static MetadataRequestTopic byId(Uuid id, String name) {
        return new MetadataRequestTopic().setTopicId(id).setName(name);
    }
}
