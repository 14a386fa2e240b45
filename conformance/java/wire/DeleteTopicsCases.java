package wire;

import java.io.IOException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.protocol.ApiKeys;

/** DeleteTopics by name, by id and by both. */
final class DeleteTopicsCases {
    private static final Uuid STRANGER = new Uuid(7, 7);

    private DeleteTopicsCases() {
    }

    static void run(Exchange exchange) throws IOException {
        for (int version = 1; version <= 5; version++) {
            Topics.make(exchange, "doomed-" + version, 1);
            Topics.make(exchange, "doomed-too-" + version, 1);
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "two by name",
                names("doomed-" + version, "doomed-too-" + version));
            Topics.gone(exchange, "doomed-" + version);
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "none", names());
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "unknown name", names("nobody"));
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "illegal name", names("a b"));
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "empty name", names(""));
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "internal name that is not there", names("__consumer_offsets"));
            Topics.make(exchange, "doubled-" + version, 1);
            exchange.tell(ApiKeys.DELETE_TOPICS, version, "one name twice", names("doubled-" + version, "doubled-" + version));
        }
        Uuid first = Topics.make(exchange, "first", 1);
        Uuid second = Topics.make(exchange, "second", 1);
        Topics.make(exchange, "third", 1);
        last(exchange, "unknown id", state(null, STRANGER));
        last(exchange, "no id and no name", state(null, Uuid.ZERO_UUID));
        last(exchange, "id and its own name", state("first", first));
        last(exchange, "id and another's name", state("second", first));
        last(exchange, "one id twice", state(null, second), state(null, second));
        last(exchange, "one topic by id and by name", state(null, second), state("second", Uuid.ZERO_UUID));
        last(exchange, "one name twice", state("third", Uuid.ZERO_UUID), state("third", Uuid.ZERO_UUID));
        last(exchange, "unknown name", state("nobody", Uuid.ZERO_UUID));
        last(exchange, "empty name", state("", Uuid.ZERO_UUID));
        last(exchange, "one by id, one by name, one unknown",
            state(null, first), state("third", Uuid.ZERO_UUID), state(null, STRANGER));
        last(exchange, "by id again", state(null, first));
        last(exchange, "none");
    }

    private static DeleteTopicsRequestData names(String... names) {
        return new DeleteTopicsRequestData().setTimeoutMs(30_000).setTopicNames(java.util.List.of(names));
    }

    private static DeleteTopicState state(String name, Uuid id) {
        return new DeleteTopicState().setName(name).setTopicId(id);
    }

    private static void last(Exchange exchange, String title, DeleteTopicState... topics) throws IOException {
        exchange.last(ApiKeys.DELETE_TOPICS, title,
            new DeleteTopicsRequestData().setTimeoutMs(30_000).setTopics(java.util.List.of(topics)));
    }
}
