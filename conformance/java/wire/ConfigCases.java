package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.protocol.ApiKeys;

/** DescribeConfigs and IncrementalAlterConfigs of topics and brokers. */
final class ConfigCases {
    private static final byte TOPIC = 2;
    private static final byte BROKER = 4;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;
    /** Broker settings whose values do not depend on where the broker runs. */
    private static final List<String> BROKER_KEYS = List.of("num.partitions", "log.retention.ms", "log.retention.hours",
        "log.segment.bytes", "message.max.bytes", "log.cleanup.policy", "min.insync.replicas", "compression.type",
        "auto.create.topics.enable", "fetch.max.bytes", "default.replication.factor", "no.such.setting");

    private ConfigCases() {
    }

    static void run(Exchange exchange) throws IOException {
        Topics.make(exchange, "tuned", 1, "retention.ms=1000", "cleanup.policy=delete");
        describe(exchange);
        alter(exchange);
    }

    private static void describe(Exchange exchange) throws IOException {
        describe(exchange, "all of a topic", TOPIC, "tuned", null);
        describe(exchange, "some keys", TOPIC, "tuned", List.of("retention.ms", "segment.bytes", "no.such.setting"));
        describe(exchange, "no keys", TOPIC, "tuned", List.of());
        describe(exchange, "unknown topic", TOPIC, "nobody", null);
        describe(exchange, "illegal topic", TOPIC, "a b", null);
        describe(exchange, "empty topic", TOPIC, "", null);
        describe(exchange, "some keys of the broker", BROKER, "1", BROKER_KEYS);
        describe(exchange, "some keys of all brokers", BROKER, "", BROKER_KEYS);
        describe(exchange, "another broker", BROKER, "77", BROKER_KEYS);
        describe(exchange, "a broker that is no number", BROKER, "one", BROKER_KEYS);
        describe(exchange, "a kind of resource that is not there", (byte) 99, "tuned", null);
        exchange.each(ApiKeys.DESCRIBE_CONFIGS, "nothing", v -> new DescribeConfigsRequestData());
    }

    private static void describe(Exchange exchange, String title, byte type, String name, List<String> keys) throws IOException {
        for (boolean more : new boolean[] {false, true}) {
            exchange.each(ApiKeys.DESCRIBE_CONFIGS, title + (more ? ", synonyms and documentation" : ""), v -> {
                var resource = new DescribeConfigsResource().setResourceType(type).setResourceName(name);
                var request = new DescribeConfigsRequestData().setResources(List.of(resource.setConfigurationKeys(keys)));
                return request.setIncludeSynonyms(more).setIncludeDocumentation(more && v >= 3);
            });
        }
    }

    private static void alter(Exchange exchange) throws IOException {
        alter(exchange, "set", "tuned", change("segment.bytes", SET, "2097152"));
        alter(exchange, "delete", "tuned", change("segment.bytes", DELETE, null));
        alter(exchange, "delete what is not set", "tuned", change("segment.ms", DELETE, null));
        alter(exchange, "append", "tuned", change("cleanup.policy", APPEND, "compact"));
        alter(exchange, "append what is there", "tuned", change("cleanup.policy", APPEND, "compact"));
        alter(exchange, "subtract", "tuned", change("cleanup.policy", SUBTRACT, "compact"));
        alter(exchange, "subtract what is not there", "tuned", change("cleanup.policy", SUBTRACT, "compact"));
        alter(exchange, "append to no list", "tuned", change("segment.bytes", APPEND, "1"));
        alter(exchange, "subtract from no list", "tuned", change("segment.bytes", SUBTRACT, "1"));
        alter(exchange, "append an unknown word", "tuned", change("cleanup.policy", APPEND, "forget"));
        alter(exchange, "unknown setting", "tuned", change("no.such.setting", SET, "1"));
        alter(exchange, "delete an unknown setting", "tuned", change("no.such.setting", DELETE, null));
        alter(exchange, "illegal value", "tuned", change("retention.ms", SET, "soon"));
        alter(exchange, "no value", "tuned", change("retention.ms", SET, null));
        alter(exchange, "unknown operation", "tuned", change("retention.ms", 9, "1"));
        alter(exchange, "one good, one bad", "tuned", change("retention.ms", SET, "7"), change("segment.bytes", SET, "x"));
        alter(exchange, "one setting twice", "tuned", change("retention.ms", SET, "7"), change("retention.ms", DELETE, null));
        alter(exchange, "no change", "tuned");
        alter(exchange, "unknown topic", "nobody", change("retention.ms", SET, "7"));
        alter(exchange, "illegal topic", "a b", change("retention.ms", SET, "7"));
        alter(exchange, "empty topic", "", change("retention.ms", SET, "7"));
        each(exchange, "another kind of resource", resource((byte) 99, "x", change("retention.ms", SET, "7")));
        each(exchange, "one resource twice, another once", resource(TOPIC, "tuned", change("retention.ms", SET, "7")),
            resource(TOPIC, "nobody", change("retention.ms", SET, "7")), resource(TOPIC, "tuned"));
        each(exchange, "nothing");
        var key = new DescribeConfigsResource().setResourceType(TOPIC).setResourceName("tuned");
        exchange.last(ApiKeys.DESCRIBE_CONFIGS, "after all changes", new DescribeConfigsRequestData().setResources(List.of(key))
            .setIncludeSynonyms(true));
    }

    private static void alter(Exchange exchange, String title, String topic, Change... changes) throws IOException {
        for (boolean validateOnly : new boolean[] {true, false}) {
            exchange.each(ApiKeys.INCREMENTAL_ALTER_CONFIGS, title + (validateOnly ? ", validated only" : ""), v ->
                request(validateOnly, resource(TOPIC, topic, changes)));
            settle(exchange, title);
        }
        var keys = List.of("segment.bytes", "cleanup.policy", "retention.ms", "segment.ms");
        var key = new DescribeConfigsResource().setResourceType(TOPIC).setResourceName("tuned").setConfigurationKeys(keys);
        exchange.last(ApiKeys.DESCRIBE_CONFIGS, "after: " + title, new DescribeConfigsRequestData().setResources(List.of(key)));
    }

    /** Waits until the broker has applied what the controller committed, by a change of its own behind it. */
    private static void settle(Exchange exchange, String title) throws IOException {
        String mark = String.valueOf(1_000_000 + (System.nanoTime() >>> 1) % 1_000_000_000L);
        exchange.ask(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, request(false, resource(TOPIC, "made-2", change("flush.ms", SET, mark))));
        var key = new DescribeConfigsResource().setResourceType(TOPIC).setResourceName("made-2");
        key.setConfigurationKeys(List.of("flush.ms"));
        exchange.until(ApiKeys.DESCRIBE_CONFIGS, new DescribeConfigsRequestData().setResources(List.of(key)),
            (DescribeConfigsResponseData answer) -> answer.results().get(0).configs().get(0).value().equals(mark));
    }

    private record Change(String key, int operation, String value) {
    }

    private static Change change(String key, int operation, String value) {
        return new Change(key, operation, value);
    }

    private static AlterConfigsResource resource(byte type, String name, Change... changes) {
        var resource = new AlterConfigsResource().setResourceType(type).setResourceName(name);
        for (Change change : changes) {
            resource.configs().mustAdd(new AlterableConfig().setName(change.key)
                .setConfigOperation((byte) change.operation).setValue(change.value));
        }
        return resource;
    }

    private static void each(Exchange exchange, String title, AlterConfigsResource... resources) throws IOException {
        exchange.each(ApiKeys.INCREMENTAL_ALTER_CONFIGS, title, v -> {
            var request = new IncrementalAlterConfigsRequestData();
            for (AlterConfigsResource resource : resources) {
                request.resources().mustAdd(resource.duplicate());
            }
            return request;
        });
    }

    private static IncrementalAlterConfigsRequestData request(boolean validateOnly, AlterConfigsResource resource) {
        var request = new IncrementalAlterConfigsRequestData().setValidateOnly(validateOnly);
        request.resources().mustAdd(resource);
        return request;
    }
}
