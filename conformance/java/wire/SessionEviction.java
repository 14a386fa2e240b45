package wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.ReplicaState;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Who has to go when all slots for fetch sessions are taken (KIP-227), against a broker with eight of them.
 *
 * <p>Arguments: host, port, "wait" or "hurry". Kafka deals sessions to eight shards by chance, so that a new one may be
 * refused while another shard has room: what is compared is how many are given in so many tries that every shard has
 * its turn. With "wait" two minutes pass, after which sessions are stale or old.
 */
public final class SessionEviction {
    private static final int SLOTS = 8;
    private static final int TRIES = 300;

    private final Exchange exchange;
    private final Uuid id;
    private final int version = Exchange.latest(ApiKeys.FETCH);

    /** A session and the epoch of its next request. */
    private static final class Session {
        final int id;
        final boolean isFollower;
        int epoch = 1;

        Session(int id, boolean isFollower) {
            this.id = id;
            this.isFollower = isFollower;
        }
    }

    private SessionEviction(Exchange exchange) throws IOException {
        this.exchange = exchange;
        this.id = Topics.make(exchange, "evicted", 3);
    }

    public static void main(String[] arguments) throws Exception {
        var cases = new SessionEviction(new Exchange(arguments[0], Integer.parseInt(arguments[1])));
        var followers = cases.young();
        if (arguments[2].equals("wait")) {
            cases.old(followers);
        }
        System.out.flush();
    }

    private List<Session> young() throws IOException {
        List<Session> consumers = open(false, 2);
        tell("consumers with room", consumers.size());
        tell("larger consumers, all slots taken by young ones", open(false, 3).size());
        tell("consumers that go on", goOn(consumers));
        List<Session> first = open(true, 1, 1);
        tell("a follower, all slots taken by consumers", first.size());
        tell("consumers that go on without one", goOn(consumers));
        List<Session> followers = open(true, 2);
        tell("more followers", followers.size());
        tell("consumers left", goOn(consumers));
        followers.addAll(first);
        tell("larger followers, all slots taken by young ones", open(true, 3).size());
        tell("larger consumers, all slots taken by followers", open(false, 3).size());
        tell("followers that go on", goOn(followers));
        return followers;
    }

    /** Sessions are stale when they were idle for two minutes, and old when they were used two minutes after their making. */
    private void old(List<Session> followers) throws Exception {
        List<Session> used = followers.subList(0, SLOTS / 2);
        List<Session> idle = followers.subList(SLOTS / 2, SLOTS);
        Thread.sleep(100_000);
        tell("followers used after 100 seconds", goOn(used));
        Thread.sleep(25_000);
        tell("consumers in the place of those idle for two minutes", open(false, 1).size());
        tell("idle ones left", goOn(idle));
        tell("followers in the place of those consumers", open(true, 3).size());
        tell("followers used after 125 seconds", goOn(used));
        tell("consumers against old followers", open(false, 3).size());
        tell("smaller followers against old ones", open(true, 1).size());
        tell("larger followers against old ones", open(true, 3).size());
        tell("old ones left", goOn(used));
    }

    /** Tries to open sessions of so many partitions, and returns those that were given. */
    private List<Session> open(boolean isFollower, int partitions) throws IOException {
        return open(isFollower, partitions, SLOTS + 1);
    }

    private List<Session> open(boolean isFollower, int partitions, int most) throws IOException {
        List<Session> given = new ArrayList<>();
        for (int tries = 0; tries < TRIES && given.size() < most; tries++) {
            FetchResponseData answer = fetch(isFollower, 0, 0, partitions);
            if (answer.sessionId() != 0) {
                given.add(new Session(answer.sessionId(), isFollower));
            }
        }
        return given;
    }

    /** Goes on with each session and says how often that was answered with which error. */
    private String goOn(List<Session> sessions) throws IOException {
        var counts = new java.util.TreeMap<Integer, Integer>();
        for (Session session : sessions) {
            int error = fetch(session.isFollower, session.id, session.epoch, 0).errorCode();
            if (error == 0) {
                session.epoch++;
            }
            counts.merge(error, 1, Integer::sum);
        }
        return counts.toString();
    }

    private FetchResponseData fetch(boolean isFollower, int session, int epoch, int partitions) throws IOException {
        FetchRequestData request = FetchCases.request().setSessionId(session).setSessionEpoch(epoch);
        if (isFollower) {
            request.setReplicaState(new ReplicaState().setReplicaId(2));
        }
        var asked = new FetchPartition[partitions];
        for (int index = 0; index < partitions; index++) {
            asked[index] = FetchCases.partition(index, 0);
        }
        if (partitions > 0) {
            request.setTopics(List.of(FetchCases.topic(version, "evicted", id, asked)));
        }
        return (FetchResponseData) exchange.ask(ApiKeys.FETCH, version, request);
    }

    private void tell(String title, Object what) {
        exchange.print("FETCH", version, title, JsonNodeFactory.instance.textNode(what.toString()));
    }
}
