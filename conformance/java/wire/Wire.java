package wire;

/**
 * Sends the same requests to whichever broker it is given and prints what came back, one JSON object a line.
 *
 * <p>Arguments: host, port. Every API is asked at each of its stable versions; messages, headers and batches are made
 * and read by Kafka's own classes. What differs between two runs against one broker (ids, ports, times) is printed as
 * a name that stands for it, see {@link Normal}. Two brokers agree where the lines agree.
 */
public final class Wire {
    public static void main(String[] arguments) throws Exception {
        Exchange exchange = new Exchange(arguments[0], Integer.parseInt(arguments[1]));
        ConnectionCases.run(exchange);
        CreateTopicsCases.run(exchange);
        DeleteTopicsCases.run(exchange);
        CreatePartitionsCases.run(exchange);
        MetadataCases.run(exchange);
        ConfigCases.run(exchange);
        ConfigResourceCases.run(exchange);
        BrokerConfigCases.run(exchange);
        QuotaCases.run(exchange);
        AdminCases.run(exchange);
        ProduceCases.run(exchange);
        IdempotenceCases.run(exchange);
        FetchCases.run(exchange);
        FetchSessionCases.run(exchange);
        OffsetCases.run(exchange);
        EdgeCases.run(exchange);
        System.out.flush();
    }
}
