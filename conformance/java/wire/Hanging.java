package wire;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Opens a transaction in a partition that no coordinator knows of, as producers did before KIP-890; the broker must not verify.
 *
 * <p>Arguments: host, port, topic, partition, producer id. Prints the offset where the transaction begins.
 */
public final class Hanging {
    public static void main(String[] arguments) throws Exception {
        int last = 11;
        int partition = Integer.parseInt(arguments[3]);
        MemoryRecords records = MemoryRecords.withTransactionalRecords(
            Compression.NONE, Long.parseLong(arguments[4]), (short) 0, 0, Batches.records(2));
        var request = Batches.produce(last, -1, arguments[2], Uuid.ZERO_UUID, partition, records).setTransactionalId("hanging");
        var exchange = new Exchange(arguments[0], Integer.parseInt(arguments[1]));
        var answer = (ProduceResponseData) exchange.ask(ApiKeys.PRODUCE, last, request);
        var written = answer.responses().iterator().next().partitionResponses().get(0);
        if (written.errorCode() != 0) {
            throw Errors.forCode(written.errorCode()).exception(written.errorMessage());
        }
        System.out.println(written.baseOffset());
    }
}
