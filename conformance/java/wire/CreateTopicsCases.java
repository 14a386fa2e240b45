package wire;

import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.protocol.ApiKeys;

/** CreateTopics: what is made, what is only validated, and what is refused. */
final class CreateTopicsCases {
    private CreateTopicsCases() {
    }

    static void run(Exchange exchange) throws IOException {
        made(exchange);
        names(exchange);
        counts(exchange);
        assignments(exchange);
        configs(exchange);
    }

    private static void made(Exchange exchange) throws IOException {
        for (boolean validateOnly : new boolean[] {true, false}) {
            String how = validateOnly ? ", validated only" : "";
            each(exchange, "two partitions" + how, validateOnly, v -> Topics.topic("made-" + v, 2, 1));
            each(exchange, "defaults" + how, validateOnly, v -> Topics.topic("defaults-" + v, -1, -1));
            each(exchange, "with settings" + how, validateOnly, v ->
                Topics.topic("settings-" + v, 1, 1, "retention.ms=1000", "cleanup.policy=compact,delete"));
            each(exchange, "assigned by hand" + how, validateOnly, v ->
                Topics.assigned("assigned-" + v, List.of(List.of(1), List.of(1))));
            each(exchange, "again" + how, validateOnly, v -> Topics.topic("made-2", 1, 1));
        }
        for (int version = 2; version <= 7; version++) {
            Topics.served(exchange, "made-" + version, 2);
        }
        exchange.each(ApiKeys.CREATE_TOPICS, "none", v -> Topics.create());
        exchange.each(ApiKeys.CREATE_TOPICS, "one good, one bad", v ->
            Topics.create(Topics.topic("good-" + v, 1, 1), Topics.topic("bad name", 1, 1)));
        exchange.each(ApiKeys.CREATE_TOPICS, "one named twice", v ->
            Topics.create(Topics.topic("twice", 1, 1), Topics.topic("twice", 2, 1), Topics.topic("once-" + v, 1, 1)));
    }

    private static void names(Exchange exchange) throws IOException {
        for (String name : new String[] {"", ".", "..", "a b", "ä", "a/b", "a".repeat(249), "b".repeat(250), "__x", "A-z_0.9"}) {
            each(exchange, "named '" + name + "'", true, v -> Topics.topic(name, 1, 1));
        }
        exchange.last(ApiKeys.CREATE_TOPICS, "x.y_z", Topics.create(Topics.topic("x.y_z", 1, 1)));
        each(exchange, "collides with x.y_z", false, v -> Topics.topic("x_y.z", 1, 1));
        each(exchange, "internal name", true, v -> Topics.topic("__cluster_metadata", 1, 1));
        each(exchange, "internal name of offsets", true, v -> Topics.topic("__consumer_offsets", 1, 1));
        exchange.last(ApiKeys.CREATE_TOPICS, "two that collide",
            Topics.create(Topics.topic("p.q", 1, 1), Topics.topic("p_q", 1, 1)));
    }

    private static void counts(Exchange exchange) throws IOException {
        for (int partitions : new int[] {0, -2, 10_001, 1_000_000}) {
            each(exchange, partitions + " partitions", true, v -> Topics.topic("counted", partitions, 1));
        }
        for (int replication : new int[] {0, -2, 2, 32767}) {
            each(exchange, "replication " + replication, true, v -> Topics.topic("counted", 1, replication));
        }
    }

    private static void assignments(Exchange exchange) throws IOException {
        each(exchange, "assigned with partitions", true, v -> Topics.assigned("hand", List.of(List.of(1))).setNumPartitions(1));
        each(exchange, "assigned with replication", true, v ->
            Topics.assigned("hand", List.of(List.of(1))).setReplicationFactor((short) 1));
        each(exchange, "assigned to nobody", true, v -> Topics.assigned("hand", List.of(List.of())));
        each(exchange, "assigned twice to one", true, v -> Topics.assigned("hand", List.of(List.of(1, 1))));
        each(exchange, "assigned to a stranger", true, v -> Topics.assigned("hand", List.of(List.of(77))));
        each(exchange, "assigned unevenly", true, v -> Topics.assigned("hand", List.of(List.of(1), List.of(1, 77))));
        each(exchange, "assigned from partition 1", true, v -> {
            CreatableTopic topic = Topics.topic("hand", -1, -1);
            topic.assignments().add(Topics.assignment(1, List.of(1)));
            return topic;
        });
        each(exchange, "assigned with a gap", true, v -> {
            CreatableTopic topic = Topics.topic("hand", -1, -1);
            topic.assignments().add(Topics.assignment(0, List.of(1)));
            topic.assignments().add(Topics.assignment(2, List.of(1)));
            return topic;
        });
    }

    private static void configs(Exchange exchange) throws IOException {
        String[] settings = {
            "no.such.setting=1", "retention.ms=soon", "retention.ms=-2", "retention.ms", "cleanup.policy=", "cleanup.policy=none",
            "min.insync.replicas=0", "min.insync.replicas=9", "compression.type=rot13", "segment.bytes=1", "segment.bytes=13",
            "max.message.bytes=-1", "message.timestamp.type=Sometimes", "remote.storage.enable=true",
            "local.retention.ms=99999999999", "compression.gzip.level=99", "compression.zstd.level=22",
            "leader.replication.throttled.replicas=all", "leader.replication.throttled.replicas=x", "retention.ms= 5 ",
            "unclean.leader.election.enable=TRUE", "flush.ms=0", "segment.ms=0", "min.cleanable.dirty.ratio=1.5",
            "message.format.version=3.0", "message.downconversion.enable=true", "=1", "cleanup.policy=delete,delete",
            "cleanup.policy=compact , delete",
        };
        for (String setting : settings) {
            each(exchange, "with " + setting, true, v -> Topics.topic("configured", 1, 1, setting));
        }
        each(exchange, "one setting twice", true, v -> Topics.topic("configured", 1, 1, "retention.ms=1", "retention.ms=2"));
    }

    private interface Versioned {
        CreatableTopic topic(int version);
    }

    private static void each(Exchange exchange, String title, boolean validateOnly, Versioned topic) throws IOException {
        exchange.each(ApiKeys.CREATE_TOPICS, title, version -> {
            CreateTopicsRequestData request = Topics.create(topic.topic(version));
            return request.setValidateOnly(validateOnly);
        });
    }
}
