package wire;

import java.io.IOException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** InitProducerId, and Produce with sequences: duplicates, gaps, old epochs, the wrap. */
final class IdempotenceCases {
    private final Exchange exchange;
    private final Uuid id;

    private IdempotenceCases(Exchange exchange, Uuid id) {
        this.exchange = exchange;
        this.id = id;
    }

    static void run(Exchange exchange) throws IOException {
        IdempotenceCases cases = new IdempotenceCases(exchange, Topics.make(exchange, "sequenced", 1));
        // The first answers of a new broker are COORDINATOR_LOAD_IN_PROGRESS until it has a block of ids.
        exchange.until(ApiKeys.INIT_PRODUCER_ID, init(), (InitProducerIdResponseData answer) -> answer.errorCode() == 0);
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "a new producer", v -> init());
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "an empty transactional id", v -> init().setTransactionalId(""));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "a producer that was there", v ->
            init().setProducerId(v >= 3 ? 4000 : -1).setProducerEpoch((short) (v >= 3 ? 3 : -1)));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "an epoch without a producer", v ->
            init().setProducerEpoch((short) (v >= 3 ? 3 : -1)));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "a producer without an epoch", v -> init().setProducerId(v >= 3 ? 4000 : -1));
        exchange.each(ApiKeys.INIT_PRODUCER_ID, "no timeout", v -> init().setTransactionTimeoutMs(0));
        for (int version = 3; version <= Exchange.latest(ApiKeys.PRODUCE); version++) {
            cases.sequences(version);
        }
    }

    private static InitProducerIdRequestData init() {
        return new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000);
    }

    private void sequences(int version) throws IOException {
        long producer = ((InitProducerIdResponseData) exchange.ask(ApiKeys.INIT_PRODUCER_ID, 4, init())).producerId();
        for (int batch = 0; batch < 7; batch++) {
            send(version, "batch " + batch, producer, 0, batch * 2, 2);
        }
        send(version, "the last one again", producer, 0, 12, 2);
        send(version, "the fifth last one again", producer, 0, 4, 2);
        send(version, "the sixth last one again", producer, 0, 2, 2);
        send(version, "a part of the last one", producer, 0, 13, 1);
        send(version, "the last one and more", producer, 0, 12, 3);
        send(version, "a gap", producer, 0, 16, 1);
        send(version, "a new epoch that begins at 5", producer, 1, 5, 1);
        send(version, "a new epoch", producer, 1, 0, 1);
        send(version, "the epoch before", producer, 0, 14, 1);
        send(version, "no sequence", producer, 1, -1, 1);
        send(version, "no epoch", producer, -1, 1, 1);
        send(version, "a new producer that begins at 10", producer + 500_000, 0, 10, 2);
        send(version, "and goes on", producer + 500_000, 0, 12, 2);
        long wrapping = producer + 600_000;
        send(version, "before the wrap", wrapping, 0, Integer.MAX_VALUE - 1, 2);
        send(version, "after the wrap", wrapping, 0, 0, 2);
        send(version, "before the wrap again", wrapping, 0, Integer.MAX_VALUE - 1, 2);
        long across = producer + 700_000;
        send(version, "across the wrap", across, 0, Integer.MAX_VALUE, 3);
        send(version, "behind it", across, 0, 2, 1);
        send(version, "across the wrap again", across, 0, Integer.MAX_VALUE, 3);
        send(version, "a producer id below 0", -2, 0, 0, 1);
    }

    private void send(int version, String title, long producer, int epoch, int sequence, int count) throws IOException {
        org.apache.kafka.common.record.internal.MemoryRecords records;
        try {
            records = Batches.idempotent(producer, epoch, sequence, count);
        } catch (IllegalArgumentException | IllegalStateException impossible) {
            return;
        }
        exchange.tell(ApiKeys.PRODUCE, version, "idempotent: " + title,
            Batches.produce(version, -1, "sequenced", id, 0, records));
    }
}
