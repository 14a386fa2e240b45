package wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntityData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntryData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData.UserName;
import org.apache.kafka.common.protocol.ApiKeys;

/** DescribeClientQuotas and AlterClientQuotas. */
final class QuotaCases {
    private static final int EXACT = 0;
    private static final int DEFAULT = 1;
    private static final int ANY = 2;
    private static final String[] ANN = {"user", "ann"};
    private static final String[] APP = {"client-id", "app"};
    private static int marks;

    private QuotaCases() {
    }

    static void run(Exchange exchange) throws IOException {
        describe(exchange, "none there", false);
        good(exchange);
        described(exchange);
        bad(exchange);
        removed(exchange);
        credentials(exchange);
    }

    /** DescribeUserScramCredentials, where nobody has any. */
    private static void credentials(Exchange exchange) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, "of all", v -> new DescribeUserScramCredentialsRequestData());
        for (List<String> users : List.of(List.<String>of(), List.of("ann"), List.of("ann", "bob", "ann"), List.of(""))) {
            exchange.each(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, "of " + users, v -> new DescribeUserScramCredentialsRequestData()
                .setUsers(users.stream().map(user -> new UserName().setName(user)).toList()));
        }
    }

    private static void good(Exchange exchange) throws IOException {
        alter(exchange, "a user", entry(op("producer_byte_rate", 1024), ANN));
        alter(exchange, "as it is", entry(op("producer_byte_rate", 1024), ANN));
        alter(exchange, "a fraction", entry(op("request_percentage", 12.5), ANN));
        alter(exchange, "any user", entry(op("consumer_byte_rate", 2e9), "user", null));
        alter(exchange, "a client", entry(op("controller_mutation_rate", 0.5), APP));
        alter(exchange, "a user's client", entry(op("producer_byte_rate", 1), "user", "ann", "client-id", "app"));
        alter(exchange, "an address", entry(op("connection_creation_rate", 7000), "ip", "10.1.2.3"));
        alter(exchange, "an address by name", entry(op("connection_creation_rate", 7000), "ip", "localhost"));
        alter(exchange, "any address", entry(op("connection_creation_rate", 8000), "ip", null));
        alter(exchange, "a type twice", entry(op("producer_byte_rate", 5), "user", "bob", "user", "eve"));
        alter(exchange, "the largest", entry(op("consumer_byte_rate", 9.223372036854775807e18), "user", "eve"));
        alter(exchange, "endless", entry(op("request_percentage", Double.POSITIVE_INFINITY), "user", "eve"));
        alter(exchange, "remove what is not there", entry(gone("controller_mutation_rate"), ANN));
        alter(exchange, "remove what cannot be", entry(gone("no_such_rate"), ANN));
        alter(exchange, "nothing for a user", new EntryData().setEntity(entity(ANN)));
        alter(exchange, "nothing");
    }

    private static void described(Exchange exchange) throws IOException {
        describe(exchange, "all", false);
        describe(exchange, "all, strictly", true);
        for (boolean strict : new boolean[] {false, true}) {
            String how = strict ? ", strictly" : "";
            describe(exchange, "a user" + how, strict, component("user", EXACT, "ann"));
            describe(exchange, "the default user" + how, strict, component("user", DEFAULT, null));
            describe(exchange, "any user" + how, strict, component("user", ANY, null));
            describe(exchange, "a client of any user" + how, strict, component("user", ANY, null), component("client-id", EXACT, "app"));
            describe(exchange, "addresses" + how, strict, component("ip", ANY, null));
            describe(exchange, "nobody" + how, strict, component("user", EXACT, "nobody"));
            describe(exchange, "the empty name" + how, strict, component("user", EXACT, ""));
        }
        describe(exchange, "an empty type", false, component("", ANY, null));
        describe(exchange, "an unknown type", false, component("group", ANY, null));
        describe(exchange, "an unknown type twice", false, component("group", ANY, null), component("group", ANY, null));
        describe(exchange, "a type twice", false, component("user", ANY, null), component("user", EXACT, "ann"));
        describe(exchange, "address and user", false, component("ip", ANY, null), component("user", ANY, null));
        describe(exchange, "an exact match without a name", false, component("user", EXACT, null));
        describe(exchange, "the default with a name", false, component("user", DEFAULT, "ann"));
        describe(exchange, "any with a name", false, component("user", ANY, "ann"));
        describe(exchange, "an unknown kind of match", false, component("user", 9, null));
        describe(exchange, "an unknown kind of match with a name", false, component("user", 9, "ann"));
    }

    private static void bad(Exchange exchange) throws IOException {
        for (double value : new double[] {0, -1, 1.5, 1e19, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY}) {
            alter(exchange, "producer_byte_rate of " + value, entry(op("producer_byte_rate", value), ANN));
        }
        alter(exchange, "almost whole", entry(op("producer_byte_rate", 1024.0000001), "user", "almost"));
        alter(exchange, "an address's rate too large", entry(op("connection_creation_rate", 3e9), "ip", "10.1.2.3"));
        alter(exchange, "a user's quota for an address", entry(op("producer_byte_rate", 1), "ip", "10.1.2.3"));
        alter(exchange, "an address's quota for a user", entry(op("connection_creation_rate", 1), ANN));
        alter(exchange, "an unknown quota", entry(op("no_such_rate", 1), ANN));
        alter(exchange, "an unknown type", entry(op("producer_byte_rate", 1), "group", "g"));
        alter(exchange, "no type", entry(op("producer_byte_rate", 1)));
        alter(exchange, "an empty name", entry(op("producer_byte_rate", 1), "user", ""));
        alter(exchange, "address and user", entry(op("connection_creation_rate", 1), "ip", "10.1.2.3", "user", "ann"));
        alter(exchange, "no such host", entry(op("connection_creation_rate", 1), "ip", "no.such.host.invalid"));
        EntryData twice = entry(op("producer_byte_rate", 1), ANN);
        twice.ops().add(gone("producer_byte_rate"));
        alter(exchange, "a quota twice", twice);
        EntryData mixed = entry(op("consumer_byte_rate", 77), ANN);
        mixed.ops().add(op("no_such_rate", 1));
        alter(exchange, "one good, one bad", mixed);
        alter(exchange, "an entity twice", entry(op("producer_byte_rate", 55), ANN), entry(op("producer_byte_rate", 66), ANN));
        alter(exchange, "two of three", entry(op("producer_byte_rate", 11), "user", "u1"),
            entry(op("producer_byte_rate", -1), "user", "u2"), entry(op("producer_byte_rate", 33), "user", "u3"));
        describe(exchange, "after bad changes", false);
    }

    private static void removed(Exchange exchange) throws IOException {
        EntryData all = new EntryData().setEntity(entity(ANN)).setOps(new ArrayList<>());
        for (String key : List.of("producer_byte_rate", "request_percentage", "consumer_byte_rate")) {
            all.ops().add(gone(key));
        }
        alter(exchange, "all of a user removed", all);
        alter(exchange, "all that concerns this program removed", entry(gone("consumer_byte_rate"), "user", null),
            entry(gone("connection_creation_rate"), "ip", "localhost"), entry(gone("connection_creation_rate"), "ip", null));
        describe(exchange, "after removal", false);
    }

    private static void describe(Exchange exchange, String title, boolean strict, ComponentData... components) throws IOException {
        exchange.each(ApiKeys.DESCRIBE_CLIENT_QUOTAS, title, v -> request(strict, components));
    }

    private static DescribeClientQuotasRequestData request(boolean strict, ComponentData... components) {
        return new DescribeClientQuotasRequestData().setStrict(strict).setComponents(List.of(components));
    }

    /** Asks for a change, validated only and for real, and waits until the broker knows what the controller has. */
    private static void alter(Exchange exchange, String title, EntryData... entries) throws IOException {
        for (boolean validateOnly : new boolean[] {true, false}) {
            exchange.each(ApiKeys.ALTER_CLIENT_QUOTAS, title + (validateOnly ? ", validated only" : ""), v ->
                new AlterClientQuotasRequestData().setEntries(List.of(entries)).setValidateOnly(validateOnly));
        }
        settle(exchange);
    }

    /** A mark set after everything else is seen when everything else is. */
    private static void settle(Exchange exchange) throws IOException {
        double mark = ++marks;
        var request = new AlterClientQuotasRequestData();
        request.setEntries(List.of(entry(op("producer_byte_rate", mark), "client-id", "mark")));
        exchange.ask(ApiKeys.ALTER_CLIENT_QUOTAS, Exchange.latest(ApiKeys.ALTER_CLIENT_QUOTAS), request);
        exchange.until(ApiKeys.DESCRIBE_CLIENT_QUOTAS, request(true, component("client-id", EXACT, "mark")),
            (DescribeClientQuotasResponseData answer) -> !answer.entries().isEmpty()
                && answer.entries().get(0).values().get(0).value() == mark);
    }

    private static ComponentData component(String type, int match, String name) {
        return new ComponentData().setEntityType(type).setMatchType((byte) match).setMatch(name);
    }

    private static EntryData entry(OpData op, String... typesAndNames) {
        return new EntryData().setEntity(entity(typesAndNames)).setOps(new ArrayList<>(List.of(op)));
    }

    private static List<EntityData> entity(String... typesAndNames) {
        List<EntityData> parts = new ArrayList<>();
        for (int at = 0; at < typesAndNames.length; at += 2) {
            parts.add(new EntityData().setEntityType(typesAndNames[at]).setEntityName(typesAndNames[at + 1]));
        }
        return parts;
    }

    private static OpData op(String key, double value) {
        return new OpData().setKey(key).setValue(value);
    }

    private static OpData gone(String key) {
        return new OpData().setKey(key).setRemove(true);
    }
}
