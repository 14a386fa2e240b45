package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Fetch sessions (KIP-227, KIP-516): begun, gone on with, ended, mistaken for another; topics that go and come back. */
final class FetchSessionCases {
    private final Exchange exchange;
    private final int version;
    private final String name;
    private Uuid id;
    private int session;

    private FetchSessionCases(Exchange exchange, int version) throws IOException {
        this.exchange = exchange;
        this.version = version;
        this.name = "session-" + version;
        this.id = Topics.make(exchange, name, 3);
    }

    static void run(Exchange exchange) throws IOException {
        for (int version = 7; version <= Exchange.latest(ApiKeys.FETCH); version++) {
            FetchSessionCases cases = new FetchSessionCases(exchange, version);
            cases.lifetime();
            cases.mistakes();
            cases.rotation();
            cases.recreated();
        }
    }

    private void lifetime() throws IOException {
        begin("begun", at(0, 0), at(1, 0), at(2, 0));
        go("nothing new", 1);
        produce(1, 2);
        go("one partition has news", 2);
        go("the same news again, not yet read past", 3);
        go("read past it", 4, at(1, 2));
        produce(0, 1);
        produce(1, 1);
        go("two have news", 5);
        go("both read past, one more of the same", 6, at(1, 3), at(0, 1));
        tell("one forgotten", with(request(7), at(2, 0)).setForgottenTopicsData(forgotten(1)));
        produce(1, 1);
        go("news of the forgotten one", 8);
        go("the forgotten one again", 9, at(1, 3));
        go("an unknown partition joins", 10, at(9, 0));
        go("and is told again", 11);
        tell("and is forgotten", request(12).setForgottenTopicsData(forgotten(9)));
        go("out of range", 13, at(0, 99));
        go("out of range is told again", 14);
        go("in range", 15, at(0, 1), at(1, 4));
        if (version >= 9) {
            go("a wrong leader epoch", 16, at(0, 1).setCurrentLeaderEpoch(5));
            go("a right leader epoch", 17, at(0, 1).setCurrentLeaderEpoch(0));
        } else {
            go("as before", 16);
            go("as before, again", 17);
        }
        tell("one forgotten that was not there", request(18).setForgottenTopicsData(forgotten(7)));
        tell("one named and forgotten", with(request(19), at(0, 0)).setForgottenTopicsData(forgotten(0)));
        tell("ended", request(-1));
        go("after its end", 20);
    }

    private void mistakes() throws IOException {
        begin("begun again", at(0, 0));
        go("a wrong epoch", 7);
        go("the right epoch after a wrong one", 1);
        tell("a session nobody has", request(1).setSessionId(session + 1));
        tell("a new session in the place of the old", with(request(0), at(0, 0)));
        go("the old one after that", 2);
        tell("no session with an epoch", with(request(3).setSessionId(0), at(0, 0)));
        tell("no session, no epoch", with(request(-1).setSessionId(0), at(0, 0)));
        tell("no session, empty", request(0).setSessionId(0));
        begin("begun with nothing to read");
        go("an empty one goes on", 1);
        begin("begun with an unknown partition", at(9, 0), at(0, 0));
        go("which stays", 1);
        begin("begun for a switch", at(0, 0));
        int other = version >= 13 ? 12 : 13;
        FetchRequestData request = request(1);
        request.setTopics(List.of(FetchCases.topic(other, name, id, at(1, 0))));
        exchange.tell(ApiKeys.FETCH, other, "session " + version + ": names for ids or ids for names", request);
        go("after that", 2);
        begin("begun for another switch", at(0, 0));
        exchange.tell(ApiKeys.FETCH, other, "session " + version + ": the same without a topic", request(1));
    }

    /** With few bytes each partition gets its turn. */
    private void rotation() throws IOException {
        session = 0;
        produce(2, 1);
        var begun = exchange.tell(ApiKeys.FETCH, version, "session: few bytes, begun", with(request(0), at(0, 0), at(1, 0), at(2, 0)).setMaxBytes(1));
        session = begun == null ? 0 : ((FetchResponseData) begun).sessionId();
        for (int epoch = 1; epoch < 6; epoch++) {
            tell("few bytes, turn " + epoch, request(epoch).setMaxBytes(1));
        }
        tell("few bytes, then many", request(6));
    }

    /** A topic is deleted, then made again under the same name, while a session names it. */
    private void recreated() throws IOException {
        begin("begun before the deletion", at(0, 0), at(1, 0));
        Topics.remove(exchange, name);
        go("after the deletion", 1);
        go("after the deletion, again", 2);
        Uuid old = id;
        id = Topics.make(exchange, name, 3);
        go("after a new one of the name", 3);
        go("after a new one of the name, again", 4);
        go("the new one joins", 5, at(0, 0));
        FetchRequestData forget = request(6);
        var topic = new ForgottenTopic().setPartitions(List.of(0, 1));
        tell("the old one is forgotten", forget.setForgottenTopicsData(
            new ArrayList<>(List.of(version >= 13 ? topic.setTopicId(old) : topic.setTopic(name)))));
        Uuid now = id;
        id = old;
        session = 0;
        tell("without a session, the old id", with(request(-1), at(0, 0)));
        begin("begun with the old id", at(0, 0));
        id = now;
        go("goes on with the new id", 1, at(0, 0));
        Topics.remove(exchange, name);
    }

    private void begin(String title, FetchPartition... partitions) throws IOException {
        session = 0;
        var answer = (FetchResponseData) exchange.tell(ApiKeys.FETCH, version, "session: " + title, with(request(0), partitions));
        session = answer == null ? 0 : answer.sessionId();
    }

    private void go(String title, int epoch, FetchPartition... partitions) throws IOException {
        tell(title, with(request(epoch), partitions));
    }

    private void tell(String title, FetchRequestData request) throws IOException {
        exchange.tell(ApiKeys.FETCH, version, "session: " + title, request);
    }

    private FetchRequestData request(int epoch) {
        return FetchCases.request().setSessionId(session).setSessionEpoch(epoch);
    }

    private FetchRequestData with(FetchRequestData request, FetchPartition... partitions) {
        FetchTopic topic = FetchCases.topic(version, name, id, partitions);
        return partitions.length == 0 ? request : request.setTopics(List.of(topic));
    }

    private static FetchPartition at(int index, long offset) {
        return FetchCases.partition(index, offset);
    }

    private List<ForgottenTopic> forgotten(int... partitions) {
        var topic = new ForgottenTopic();
        for (int partition : partitions) {
            topic.partitions().add(partition);
        }
        return List.of(version >= 13 ? topic.setTopicId(id) : topic.setTopic(name));
    }

    private void produce(int partition, int count) throws IOException {
        exchange.ask(ApiKeys.PRODUCE, 13, Batches.produce(13, -1, name, id, partition, Batches.plain(count)));
    }
}
