package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.protocol.ApiKeys;

/** DescribeConfigs, IncrementalAlterConfigs and AlterConfigs of brokers, loggers and groups; AlterConfigs of topics. */
final class BrokerConfigCases {
    private static final byte TOPIC = 2;
    private static final byte BROKER = 4;
    private static final byte LOGGER = 8;
    private static final byte METRICS = 16;
    private static final byte GROUP = 32;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;
    /** Settings that say where and how a broker of this comparison runs. */
    private static final List<String> PLACES = List.of("listeners", "log.dirs", "controller.quorum.bootstrap.servers",
        "group.initial.rebalance.delay.ms", "queued.max.request.bytes");
    private static int marks = 5_000_000;

    private final Exchange exchange;

    private BrokerConfigCases(Exchange exchange) {
        this.exchange = exchange;
    }

    static void run(Exchange exchange) throws IOException {
        BrokerConfigCases cases = new BrokerConfigCases(exchange);
        cases.allOfTheBroker("as it started");
        cases.brokers();
        cases.loggers();
        cases.groups();
        cases.whole();
    }

    /** Every key that either broker has. */
    private void allOfTheBroker(String title) throws IOException {
        var answer = (DescribeConfigsResponseData) exchange.ask(ApiKeys.DESCRIBE_CONFIGS, 4, describing(BROKER, "1", null));
        List<String> keys = new ArrayList<>();
        answer.results().get(0).configs().forEach(config -> keys.add(config.name()));
        keys.removeAll(PLACES);
        describe("all of the broker, " + title, BROKER, "1", keys);
    }

    private void brokers() throws IOException {
        for (String name : new String[] {"", "1"}) {
            set(name, "log.retention.ms", "86400000");
            set(name, "log.retention.ms", " 86400000 ");
            set(name, "log.retention.ms", "soon");
            set(name, "log.retention.ms", "0");
            set(name, "log.retention.ms", "-1");
            set(name, "log.roll.ms", "0");
            set(name, "log.roll.jitter.ms", "-1");
            set(name, "log.flush.interval.ms", "60000");
            set(name, "message.max.bytes", "2000000");
            set(name, "compression.type", "gzip");
            set(name, "compression.type", "best");
            set(name, "log.preallocate", "false");
            set(name, "log.message.timestamp.type", "LogAppendTime");
            set(name, "unclean.leader.election.enable", "maybe");
            set(name, "min.insync.replicas", "1");
            set(name, "log.cleaner.threads", "2");
            set(name, "log.cleaner.threads", "9");
            set(name, "log.cleaner.threads", "0");
            set(name, "log.cleaner.min.compaction.lag.ms", "5");
            set(name, "num.io.threads", "16");
            set(name, "num.io.threads", "100");
            set(name, "num.io.threads", "1");
            set(name, "num.network.threads", "4");
            set(name, "background.threads", "12");
            set(name, "background.threads", "0");
            set(name, "num.recovery.threads.per.data.dir", "3");
            set(name, "num.recovery.threads.per.data.dir", "7");
            set(name, "num.replica.fetchers", "2");
            set(name, "max.connections", "1000");
            set(name, "max.connections.per.ip", "900");
            set(name, "max.connections.per.ip", "0");
            set(name, "max.connections.per.ip.overrides", "127.0.0.1:800");
            set(name, "listener.name.plaintext.max.connections", "700");
            set(name, "max.connection.creation.rate", "100000");
            set(name, "producer.id.expiration.ms", "100000");
            set(name, "producer.id.expiration.ms", "0");
            set(name, "transaction.partition.verification.enable", "false");
            set(name, "group.coordinator.cached.buffer.max.bytes", "1048580");
            set(name, "log.local.retention.ms", "1");
            set(name, "log.local.retention.ms", "86400001");
            set(name, "log.local.retention.bytes", "-1");
            set(name, "leader.replication.throttled.rate", "1000000");
            set(name, "follower.replication.throttled.rate", "-1");
            set(name, "replica.alter.log.dirs.io.max.bytes.per.second", "5000000");
            set(name, "node.id", "7");
            set(name, "log.retention.hours", "7");
            set(name, "fetch.max.bytes", "5000000");
            set(name, "ssl.keystore.location", "/nowhere");
            set(name, "no.such.setting", "7");
            changed(BROKER, name, "delete what is not set", change("log.segment.bytes", DELETE, null));
            changed(BROKER, name, "delete what cannot be set", change("node.id", DELETE, null));
            changed(BROKER, name, "delete an unknown setting", change("no.such.setting", DELETE, null));
            changed(BROKER, name, "append", change("log.cleanup.policy", APPEND, "compact"));
            changed(BROKER, name, "subtract", change("log.cleanup.policy", SUBTRACT, "compact"));
            changed(BROKER, name, "append a word that is none", change("log.cleanup.policy", APPEND, "burn"));
            changed(BROKER, name, "append to no list", change("log.retention.ms", APPEND, "1"));
            changed(BROKER, name, "append to an unknown setting", change("no.such.setting", APPEND, "1"));
            changed(BROKER, name, "no value", change("log.retention.ms", SET, null));
            changed(BROKER, name, "unknown operation", change("log.retention.ms", 9, "1"));
            changed(BROKER, name, "twice", change("log.retention.ms", SET, "1"), change("log.retention.ms", DELETE, null));
            changed(BROKER, name, "one good, one bad", change("log.segment.bytes", SET, "2097152"), change("node.id", SET, "9"));
            changed(BROKER, name, "nothing");
            describe("after changes of " + named(name), BROKER, name, null, PLACES);
        }
        allOfTheBroker("changed");
        describe("a topic after the brokers", TOPIC, "tuned", null);
        for (String name : new String[] {"2", "one", "-1"}) {
            set(name, "log.retention.ms", "1");
            describe("settings of " + named(name), BROKER, name, null);
        }
        forget("");
        forget("1");
        allOfTheBroker("as before");
        set("", "min.insync.replicas", "1");
    }

    private void loggers() throws IOException {
        changed(LOGGER, "1", "root at INFO", change("root", SET, "INFO"));
        changed(LOGGER, "1", "kafka at INFO", change("kafka", SET, "INFO"));
        List<String> some = List.of("root", "kafka", "no.such.logger");
        describe("loggers", LOGGER, "1", some);
        changed(LOGGER, "1", "kafka at WARN", change("kafka", SET, "WARN"));
        describe("loggers at WARN", LOGGER, "1", some);
        changed(LOGGER, "1", "kafka at FATAL", change("kafka", SET, "FATAL"));
        changed(LOGGER, "1", "kafka in small letters", change("kafka", SET, "warn"));
        changed(LOGGER, "1", "kafka off", change("kafka", SET, "OFF"));
        changed(LOGGER, "1", "kafka loud", change("kafka", SET, "LOUD"));
        changed(LOGGER, "1", "kafka without a level", change("kafka", SET, null));
        changed(LOGGER, "1", "an unknown logger", change("no.such.logger", SET, "INFO"));
        changed(LOGGER, "1", "delete an unknown logger", change("no.such.logger", DELETE, null));
        changed(LOGGER, "1", "append", change("kafka", APPEND, "INFO"));
        changed(LOGGER, "1", "subtract", change("kafka", SUBTRACT, "INFO"));
        changed(LOGGER, "1", "unknown operation", change("kafka", 9, "INFO"));
        changed(LOGGER, "1", "twice", change("kafka", SET, "INFO"), change("kafka", DELETE, null));
        changed(LOGGER, "1", "delete root", change("root", DELETE, null));
        changed(LOGGER, "1", "one good, one bad", change("kafka", SET, "INFO"), change("root", DELETE, null));
        changed(LOGGER, "1", "delete kafka", change("kafka", DELETE, null));
        describe("loggers at the end", LOGGER, "1", some);
        changed(LOGGER, "1", "nothing");
        for (String name : new String[] {"", "2", "one"}) {
            changed(LOGGER, name, "root", change("root", SET, "INFO"));
            describe("loggers of " + named(name), LOGGER, name, some);
        }
    }

    private void groups() throws IOException {
        describe("a group nobody knows", GROUP, "nobody", null);
        describe("the empty group", GROUP, "", null);
        String[] settings = {"consumer.session.timeout.ms=50000", "consumer.session.timeout.ms=1", "consumer.session.timeout.ms=99999",
            "consumer.session.timeout.ms=long", "consumer.heartbeat.interval.ms=6000", "consumer.heartbeat.interval.ms=4999",
            "consumer.assignment.interval.ms=15000", "consumer.assignment.interval.ms=15001", "share.session.timeout.ms=46000",
            "share.heartbeat.interval.ms=15001", "share.record.lock.duration.ms=20000", "share.record.lock.duration.ms=14999",
            "share.delivery.count.limit=3", "share.delivery.count.limit=11", "share.partition.max.record.locks=150",
            "share.auto.offset.reset=earliest", "share.auto.offset.reset=by_duration:PT1H", "share.auto.offset.reset=by_duration:-PT1H",
            "share.auto.offset.reset=none", "share.isolation.level=read_committed", "share.isolation.level=READ_COMMITTED",
            "share.renew.acknowledge.enable=false", "share.renew.acknowledge.enable=7", "streams.num.standby.replicas=2",
            "streams.num.standby.replicas=3", "streams.initial.rebalance.delay.ms=0", "streams.session.timeout.ms=45001",
            "streams.heartbeat.interval.ms=0", "retention.ms=1", "no.such.setting=1"};
        for (String setting : settings) {
            String[] parts = setting.split("=");
            changed(GROUP, "g", "with " + setting, change(parts[0], SET, parts[1]));
        }
        changed(GROUP, "g", "append", change("consumer.session.timeout.ms", APPEND, "1"));
        changed(GROUP, "g", "append to an unknown setting", change("no.such.setting", APPEND, "1"));
        changed(GROUP, "g", "delete an unknown setting", change("no.such.setting", DELETE, null));
        changed(GROUP, "g", "no value", change("consumer.session.timeout.ms", SET, null));
        changed(GROUP, "", "a setting", change("consumer.session.timeout.ms", SET, "50000"));
        describe("a group with settings", GROUP, "g", null);
        changed(GROUP, "g", "deleted", change("consumer.session.timeout.ms", DELETE, null), change("share.isolation.level", DELETE, null));
        changed(BROKER, "", "what groups inherit", change("group.consumer.assignment.interval.ms", SET, "2000"));
        describe("a group without some", GROUP, "g", List.of("consumer.session.timeout.ms", "share.isolation.level",
            "consumer.assignment.interval.ms", "no.such.setting"));
        describe("another group", GROUP, "h", null);
        changed(BROKER, "", "what groups inherited", change("group.consumer.assignment.interval.ms", DELETE, null));
        ConfigResourceCases.run(exchange);
    }

    /** AlterConfigs. */
    private void whole() throws IOException {
        replaced(TOPIC, "tuned", "two", "retention.ms=1000", "segment.bytes=2097152");
        replaced(TOPIC, "tuned", "one of two", "retention.ms=1000");
        replaced(TOPIC, "tuned", "a bad one", "retention.ms=soon");
        replaced(TOPIC, "tuned", "one good, one bad", "retention.ms=7", "segment.bytes=x");
        replaced(TOPIC, "tuned", "an unknown one", "no.such.setting=1");
        replaced(TOPIC, "tuned", "no value", "retention.ms");
        replaced(TOPIC, "tuned", "one twice", "retention.ms=1", "retention.ms=2");
        replaced(TOPIC, "tuned", "too much lag", "min.compaction.lag.ms=10", "max.compaction.lag.ms=9");
        replaced(TOPIC, "tuned", "none");
        replaced(TOPIC, "nobody", "one", "retention.ms=1");
        replaced(TOPIC, "a b", "one", "retention.ms=1");
        replaced(TOPIC, "", "one", "retention.ms=1");
        replaced(BROKER, "", "with the minimum", "log.retention.ms=5000000", "min.insync.replicas=1");
        replaced(BROKER, "", "without the minimum", "log.retention.ms=5000000");
        replaced(BROKER, "", "read-only", "node.id=7", "min.insync.replicas=1");
        replaced(BROKER, "1", "two", "log.retention.ms=6000000", "max.connections=900");
        replaced(BROKER, "1", "one of two", "log.retention.ms=6000000");
        replaced(BROKER, "1", "bad", "log.retention.ms=soon");
        replaced(BROKER, "1", "none");
        replaced(BROKER, "2", "one", "log.retention.ms=6000000");
        replaced(BROKER, "one", "one", "log.retention.ms=6000000");
        replaced(GROUP, "w", "two", "consumer.session.timeout.ms=50000", "share.isolation.level=read_committed");
        replaced(GROUP, "w", "one of two", "share.isolation.level=read_committed");
        replaced(GROUP, "w", "bad", "consumer.session.timeout.ms=1");
        replaced(GROUP, "w", "none");
        replaced(GROUP, "", "one", "consumer.session.timeout.ms=50000");
        replaced(LOGGER, "1", "one", "root=INFO");
        replaced((byte) 99, "x", "one", "root=INFO");
        exchange.each(ApiKeys.ALTER_CONFIGS, "nothing", v -> new AlterConfigsRequestData());
        exchange.each(ApiKeys.ALTER_CONFIGS, "one resource twice, another once", v -> {
            var request = new AlterConfigsRequestData();
            request.resources().mustAdd(whole(TOPIC, "tuned", "retention.ms=1"));
            request.resources().mustAdd(whole(TOPIC, "made-2", "retention.ms=70000"));
            request.resources().mustAdd(whole(TOPIC, "tuned"));
            return request;
        });
        forget("");
        forget("1");
    }

    private void set(String broker, String key, String value) throws IOException {
        changed(BROKER, broker, key + "=" + value, change(key, SET, value));
    }

    /** Changes settings, validated only and for real, and tells what is set afterwards. */
    private void changed(byte type, String name, String title, AlterableConfig... changes) throws IOException {
        String full = kind(type) + " " + named(name) + ": " + title;
        for (boolean validateOnly : new boolean[] {true, false}) {
            exchange.each(ApiKeys.INCREMENTAL_ALTER_CONFIGS, full + (validateOnly ? ", validated only" : ""), v -> {
                var request = new IncrementalAlterConfigsRequestData().setValidateOnly(validateOnly);
                var resource = new AlterConfigsResource().setResourceType(type).setResourceName(name);
                for (AlterableConfig change : changes) {
                    resource.configs().mustAdd(change.duplicate());
                }
                request.resources().mustAdd(resource);
                return request;
            });
        }
        if (type != LOGGER) {
            settle();
            List<String> keys = new ArrayList<>();
            for (AlterableConfig change : changes) {
                keys.add(change.name());
            }
            if (!keys.isEmpty()) {
                exchange.last(ApiKeys.DESCRIBE_CONFIGS, "after " + full, describing(type, name, keys).setIncludeSynonyms(true));
            }
        }
    }

    private void replaced(byte type, String name, String title, String... settings) throws IOException {
        String full = kind(type) + " " + named(name) + ": " + title;
        for (boolean validateOnly : new boolean[] {true, false}) {
            exchange.each(ApiKeys.ALTER_CONFIGS, full + (validateOnly ? ", validated only" : ""), v -> {
                var request = new AlterConfigsRequestData().setValidateOnly(validateOnly);
                request.resources().mustAdd(whole(type, name, settings));
                return request;
            });
        }
        settle();
        List<String> keys = List.of("retention.ms", "segment.bytes", "log.retention.ms", "max.connections", "min.insync.replicas",
            "consumer.session.timeout.ms", "share.isolation.level", "root");
        exchange.last(ApiKeys.DESCRIBE_CONFIGS, "after " + full, describing(type, name, keys));
    }

    private static AlterConfigsRequestData.AlterConfigsResource whole(byte type, String name, String... settings) {
        var resource = new AlterConfigsRequestData.AlterConfigsResource().setResourceType(type).setResourceName(name);
        for (String setting : settings) {
            String[] parts = setting.split("=", 2);
            resource.configs().mustAdd(new AlterConfigsRequestData.AlterableConfig().setName(parts[0])
                .setValue(parts.length < 2 ? null : parts[1]));
        }
        return resource;
    }

    /** Removes every dynamic setting of a broker but the minimum that all must share. */
    private void forget(String broker) throws IOException {
        settle();
        var answer = (DescribeConfigsResponseData) exchange.ask(ApiKeys.DESCRIBE_CONFIGS, 4, describing(BROKER, broker, null));
        var resource = new AlterConfigsResource().setResourceType(BROKER).setResourceName(broker);
        answer.results().get(0).configs().forEach(config -> {
            if (config.configSource() == (broker.isEmpty() ? 3 : 2) && !config.name().equals("min.insync.replicas")) {
                resource.configs().mustAdd(change(config.name(), DELETE, null));
            }
        });
        var request = new IncrementalAlterConfigsRequestData();
        request.resources().mustAdd(resource);
        exchange.ask(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, request);
        settle();
    }

    /** Waits until the broker works by what the controller committed: two changes of its own, one behind the other. */
    private void settle() throws IOException {
        for (int round = 0; round < 2; round++) {
            String mark = String.valueOf(++marks);
            var request = new IncrementalAlterConfigsRequestData();
            var resource = new AlterConfigsResource().setResourceType(BROKER).setResourceName("1");
            resource.configs().mustAdd(change("log.flush.interval.messages", SET, mark));
            request.resources().mustAdd(resource);
            exchange.ask(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, request);
            exchange.until(ApiKeys.DESCRIBE_CONFIGS, describing(BROKER, "1", List.of("log.flush.interval.messages")),
                (DescribeConfigsResponseData answer) -> answer.results().get(0).configs().get(0).value().equals(mark));
        }
    }

    private void describe(String title, byte type, String name, List<String> keys) throws IOException {
        describe(title, type, name, keys, List.of());
    }

    private void describe(String title, byte type, String name, List<String> keys, List<String> but) throws IOException {
        for (boolean more : new boolean[] {false, true}) {
            exchange.each(ApiKeys.DESCRIBE_CONFIGS, title + (more ? ", synonyms and documentation" : ""), v ->
                describing(type, name, wanted(keys, type, name, but)).setIncludeSynonyms(more).setIncludeDocumentation(more && v >= 3));
        }
    }

    /** Of all keys of a broker those that do not say where it runs. */
    private List<String> wanted(List<String> keys, byte type, String name, List<String> but) {
        if (keys != null || but.isEmpty() || name.isEmpty()) {
            return keys;
        }
        try {
            var answer = (DescribeConfigsResponseData) exchange.ask(ApiKeys.DESCRIBE_CONFIGS, 4, describing(type, name, null));
            List<String> all = new ArrayList<>();
            answer.results().get(0).configs().forEach(config -> all.add(config.name()));
            all.removeAll(but);
            return all;
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static DescribeConfigsRequestData describing(byte type, String name, List<String> keys) {
        var resource = new DescribeConfigsResource().setResourceType(type).setResourceName(name).setConfigurationKeys(keys);
        return new DescribeConfigsRequestData().setResources(List.of(resource));
    }

    private static AlterableConfig change(String key, int operation, String value) {
        return new AlterableConfig().setName(key).setConfigOperation((byte) operation).setValue(value);
    }

    private static String named(String name) {
        return name.isEmpty() ? "the empty name" : name;
    }

    private static String kind(byte type) {
        return switch (type) {
            case TOPIC -> "topic";
            case BROKER -> "broker";
            case LOGGER -> "logger";
            case METRICS -> "metrics";
            case GROUP -> "group";
            default -> "type " + type;
        };
    }
}
