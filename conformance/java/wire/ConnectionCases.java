package wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;

/** ApiVersions, and requests that are no requests: unknown keys and versions, bytes cut and left over, pipelining. */
final class ConnectionCases {
    private static final ApiKeys[] SERVED = {
        ApiKeys.PRODUCE, ApiKeys.FETCH, ApiKeys.LIST_OFFSETS, ApiKeys.METADATA, ApiKeys.CREATE_TOPICS, ApiKeys.DELETE_TOPICS,
        ApiKeys.DELETE_RECORDS, ApiKeys.INIT_PRODUCER_ID, ApiKeys.OFFSET_FOR_LEADER_EPOCH, ApiKeys.DESCRIBE_CONFIGS,
        ApiKeys.CREATE_PARTITIONS, ApiKeys.INCREMENTAL_ALTER_CONFIGS, ApiKeys.DESCRIBE_CLUSTER,
        ApiKeys.DESCRIBE_TOPIC_PARTITIONS,
    };

    private ConnectionCases() {
    }

    static void run(Exchange exchange) throws IOException {
        apiVersions(exchange);
        refused(exchange);
        pipelined(exchange);
        exchange.each(ApiKeys.DESCRIBE_CLUSTER, "the cluster", version -> new DescribeClusterRequestData());
        exchange.each(ApiKeys.DESCRIBE_CLUSTER, "with authorized operations and fenced brokers", version ->
            new DescribeClusterRequestData().setIncludeClusterAuthorizedOperations(true).setIncludeFencedBrokers(version >= 2));
        exchange.each(ApiKeys.DESCRIBE_CLUSTER, "controllers asked of a broker", version ->
            new DescribeClusterRequestData().setEndpointType((byte) (version >= 1 ? 2 : 1)));
        exchange.each(ApiKeys.DESCRIBE_CLUSTER, "unknown endpoint type", version ->
            new DescribeClusterRequestData().setEndpointType((byte) (version >= 1 ? 9 : 1)));
    }

    private static void apiVersions(Exchange exchange) throws IOException {
        exchange.each(ApiKeys.API_VERSIONS, "what is served", version -> software("wire", "1.0"));
        for (String name : new String[] {"", "-wire", "wire-", "w_re", "w i", "é", "a.b-c", "a"}) {
            exchange.each(ApiKeys.API_VERSIONS, "software named '" + name + "'", version -> software(name, "1"));
            exchange.last(ApiKeys.API_VERSIONS, "software version '" + name + "'", software("wire", name));
        }
        byte[] future = Exchange.frame(ApiKeys.API_VERSIONS, 4, exchange.nextCorrelation(), "wire", software("wire", "1"));
        for (int version : new int[] {5, 99, 32767, -1}) {
            byte[] frame = future.clone();
            ByteBuffer.wrap(frame).putShort(2, (short) version);
            ByteBuffer answer;
            try {
                answer = exchange.exchange(frame);
            } catch (IOException closed) {
                exchange.drop();
                exchange.print("API_VERSIONS", version, "unsupported version", exchange.normal.word("closed"));
                continue;
            }
            var read = (ApiVersionsResponseData) exchange.read(ApiKeys.API_VERSIONS, 0, answer);
            exchange.print("API_VERSIONS", version, "unsupported version", exchange.normal.response(read, 0));
        }
    }

    private static ApiVersionsRequestData software(String name, String version) {
        return new ApiVersionsRequestData().setClientSoftwareName(name).setClientSoftwareVersion(version);
    }

    private static void refused(Exchange exchange) throws IOException {
        byte[] valid = Exchange.frame(ApiKeys.METADATA, 1, 1, "wire", new MetadataRequestData());
        for (int key : new int[] {-1, 4, 5, 6, 7, 999, 32767}) {
            byte[] frame = valid.clone();
            ByteBuffer.wrap(frame).putShort(0, (short) key);
            exchange.tellFrame(ApiKeys.METADATA, 1, "api key " + key, frame);
        }
        for (ApiKeys api : SERVED) {
            int[] versions = {-1, api.messageType.lowestSupportedVersion() - 1, Exchange.latest(api) + 1, 99};
            for (int version : versions) {
                byte[] frame = new byte[64];
                ByteBuffer.wrap(frame).putShort(api.id).putShort((short) version).putInt(7);
                exchange.tellFrame(api, Exchange.latest(api), "unsupported version " + version, frame);
            }
        }
        exchange.tellFrame(ApiKeys.METADATA, 1, "one byte cut", Arrays.copyOf(valid, valid.length - 1));
        exchange.tellFrame(ApiKeys.METADATA, 1, "a header cut", Arrays.copyOf(valid, 7));
        exchange.tellFrame(ApiKeys.METADATA, 1, "an empty request", new byte[0]);
        exchange.tellFrame(ApiKeys.METADATA, 1, "one byte left over", Arrays.copyOf(valid, valid.length + 1));
        exchange.tellFrame(ApiKeys.METADATA, 1, "no client id",
            Exchange.frame(ApiKeys.METADATA, 1, 1, null, new MetadataRequestData()));
        exchange.tellFrame(ApiKeys.METADATA, 12, "no client id, flexible",
            Exchange.frame(ApiKeys.METADATA, 12, 1, null, new MetadataRequestData()));
    }

    /** Correlation ids in the order of the answers to requests that were sent at once. */
    private static void pipelined(Exchange exchange) throws IOException {
        byte[][] frames = new byte[60][];
        for (int at = 0; at < frames.length; at += 3) {
            frames[at] = Exchange.frame(ApiKeys.METADATA, 12, 1000 + at, "wire", new MetadataRequestData());
            frames[at + 1] = Exchange.frame(ApiKeys.API_VERSIONS, 3, 1001 + at, "wire", software("wire", "1"));
            frames[at + 2] = Exchange.frame(ApiKeys.LIST_OFFSETS, 7, 1002 + at, "wire", new ListOffsetsRequestData());
        }
        exchange.send(frames);
        StringBuilder order = new StringBuilder();
        for (int at = 0; at < frames.length; at++) {
            order.append(exchange.receive().getInt()).append(' ');
        }
        exchange.print("ALL", 0, "answers of pipelined requests come in order", exchange.normal.word(order.toString()));
    }
}
