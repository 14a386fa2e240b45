package wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.ByteUtils;

/** Produce without idempotence: what is appended and what is refused, and what is answered then. */
final class ProduceCases {
    private static final int CRC_AT = 17;
    private static final int ATTRIBUTES_AT = 21;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int COUNT_AT = 57;

    private final Exchange exchange;
    private final Uuid id;

    private ProduceCases(Exchange exchange, Uuid id) {
        this.exchange = exchange;
        this.id = id;
    }

    static void run(Exchange exchange) throws IOException {
        ProduceCases cases = new ProduceCases(exchange, Topics.make(exchange, "produced", 2));
        cases.appended();
        cases.whereTo();
        cases.batches();
        cases.damaged();
        cases.timestamps();
        cases.unacknowledged();
    }

    private void appended() throws IOException {
        for (int acks : new int[] {-1, 1, 2, -2, 32767}) {
            exchange.each(ApiKeys.PRODUCE, "acks " + acks, v -> Batches.produce(v, acks, "produced", id, 0, Batches.plain(2)));
        }
        for (Compression codec : codecs()) {
            each("codec " + codec.type().name, () -> MemoryRecords.withRecords(codec, Batches.records(50)));
        }
        each("a record with neither key nor value", () ->
            MemoryRecords.withRecords(Compression.NONE, Batches.record(Batches.THEN, null, null)));
        exchange.each(ApiKeys.PRODUCE, "no topic", v -> Batches.request(1));
        exchange.each(ApiKeys.PRODUCE, "no partition", v -> Batches.request(1, Batches.topic(v, "produced", id)));
        exchange.each(ApiKeys.PRODUCE, "two partitions", v -> Batches.request(-1, Batches.topic(v, "produced", id,
            Batches.part(1, Batches.plain(1)), Batches.part(0, Batches.plain(1)))));
        exchange.each(ApiKeys.PRODUCE, "one good, one bad", v -> Batches.request(-1, Batches.topic(v, "produced", id,
            Batches.part(9, Batches.plain(1)), Batches.part(1, Batches.plain(1)))));
        exchange.each(ApiKeys.PRODUCE, "transactional id, plain batch", v ->
            Batches.produce(v, -1, "produced", id, 0, Batches.plain(1)).setTransactionalId("t"));
    }

    private static Compression[] codecs() {
        return new Compression[] {
            Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(),
            Compression.zstd().build(),
        };
    }

    private void whereTo() throws IOException {
        exchange.each(ApiKeys.PRODUCE, "unknown topic", v ->
            Batches.produce(v, 1, "nobody", new Uuid(7, 7), 0, Batches.plain(1)));
        exchange.each(ApiKeys.PRODUCE, "no topic's id or name", v ->
            Batches.produce(v, 1, "", Uuid.ZERO_UUID, 0, Batches.plain(1)));
        exchange.each(ApiKeys.PRODUCE, "illegal name", v -> Batches.produce(v, 1, "a b", new Uuid(7, 8), 0, Batches.plain(1)));
        for (int partition : new int[] {2, -1, Integer.MAX_VALUE}) {
            exchange.each(ApiKeys.PRODUCE, "partition " + partition, v ->
                Batches.produce(v, 1, "produced", id, partition, Batches.plain(1)));
        }
        exchange.each(ApiKeys.PRODUCE, "unknown partition, acks 2", v ->
            Batches.produce(v, 2, "produced", id, 7, Batches.plain(1)));
        exchange.each(ApiKeys.PRODUCE, "the same topic id under a name as well", v -> v < 13 ? null
            : Batches.request(1, Batches.topic(v, "produced", id, Batches.part(0, Batches.plain(1))).setName("produced")));
    }

    private void batches() throws IOException {
        each("no batch", () -> MemoryRecords.EMPTY);
        each("two batches", () -> Batches.joined(Batches.plain(1), Batches.plain(1)));
        for (int magic : new int[] {0, 1}) {
            each("magic " + magic, () -> Batches.magic(magic, Compression.NONE, 2));
            each("magic " + magic + ", compressed", () -> Batches.magic(magic, Compression.gzip().build(), 2));
            each("a batch before one of magic " + magic, () ->
                Batches.joined(Batches.plain(1), Batches.magic(magic, Compression.NONE, 1)));
        }
        each("control batch", () ->
            MemoryRecords.withEndTransactionMarker(Batches.THEN, 5L, (short) 0, new EndTransactionMarker(ControlRecordType.COMMIT, 0)));
        each("an empty batch", () -> {
            ByteBuffer buffer = ByteBuffer.allocate(61);
            org.apache.kafka.common.record.internal.DefaultRecordBatch.writeEmptyHeader(buffer, (byte) 2, -1, (short) -1, -1, 0, 0, -1,
                TimestampType.CREATE_TIME, Batches.THEN, false, false);
            return Batches.of(buffer.flip());
        });
        each("a base offset that is not 0", () -> MemoryRecords.withRecords(77L, Compression.NONE, Batches.records(2)));
        each("a leader epoch of its own", () -> MemoryRecords.withRecords(Compression.NONE, 9, Batches.records(2)));
        each("log append time by the client", () ->
            MemoryRecords.withRecords((byte) 2, 0, Compression.NONE, TimestampType.LOG_APPEND_TIME, Batches.records(1)));
        Uuid small = Topics.make(exchange, "small", 1, "max.message.bytes=100");
        exchange.each(ApiKeys.PRODUCE, "too large", v -> Batches.produce(v, 1, "small", small, 0, Batches.plain(20)));
        exchange.each(ApiKeys.PRODUCE, "small enough", v -> Batches.produce(v, 1, "small", small, 0, Batches.plain(1)));
        Uuid compacted = Topics.make(exchange, "compacted", 1, "cleanup.policy=compact");
        exchange.each(ApiKeys.PRODUCE, "no key in a compacted topic", v -> Batches.produce(v, 1, "compacted", compacted, 0,
            MemoryRecords.withRecords(Compression.NONE, Batches.record(1, "k", "v"), Batches.record(2, null, "v"))));
        exchange.each(ApiKeys.PRODUCE, "keys in a compacted topic", v ->
            Batches.produce(v, 1, "compacted", compacted, 0, Batches.plain(3)));
        for (String codec : new String[] {"gzip", "uncompressed", "producer"}) {
            Uuid packed = Topics.make(exchange, "packed-" + codec, 1, "compression.type=" + codec);
            exchange.each(ApiKeys.PRODUCE, "into " + codec, v ->
                Batches.produce(v, 1, "packed-" + codec, packed, 0, Batches.plain(3)));
        }
        Uuid guarded = Topics.make(exchange, "guarded", 1, "min.insync.replicas=2");
        for (int acks : new int[] {-1, 1}) {
            exchange.each(ApiKeys.PRODUCE, "min.insync.replicas above the replication factor, acks " + acks, v ->
                Batches.produce(v, acks, "guarded", guarded, 0, Batches.plain(1)));
        }
    }

    private void damaged() throws IOException {
        each("wrong checksum", () -> {
            ByteBuffer bytes = Batches.bytes(Batches.plain(2));
            bytes.put(CRC_AT, (byte) (bytes.get(CRC_AT) ^ 1));
            return Batches.of(bytes);
        });
        for (int count : new int[] {0, 1, 3, -1}) {
            each("count " + count + " of 2", () -> patched(2, bytes -> bytes.putInt(COUNT_AT, count)));
        }
        for (int delta : new int[] {0, 2, -1}) {
            each("last offset delta " + delta + " of 1", () -> patched(2, bytes -> bytes.putInt(LAST_OFFSET_DELTA_AT, delta)));
        }
        each("unknown codec", () -> patched(2, bytes -> bytes.putShort(ATTRIBUTES_AT, (short) 7)));
        each("gzip that is none", () -> patched(2, bytes -> bytes.putShort(ATTRIBUTES_AT, (short) 1)));
        each("transactional without a producer", () -> patched(2, bytes -> bytes.putShort(ATTRIBUTES_AT, (short) 0x10)));
        each("a bit of attributes nobody knows", () -> patched(2, bytes -> bytes.putShort(ATTRIBUTES_AT, (short) 0x100)));
        each("magic 3", () -> patched(2, bytes -> bytes.put(16, (byte) 3)));
        each("magic -1", () -> patched(2, bytes -> bytes.put(16, (byte) -1)));
        each("last byte cut", () -> cut(1));
        each("half a header", () -> cut(100));
        each("a second batch that is cut", () -> {
            ByteBuffer both = Batches.bytes(Batches.joined(Batches.plain(1), Batches.plain(1)));
            return Batches.of(both.limit(both.limit() - 5).slice());
        });
        for (int length : new int[] {0, -1, 10, Integer.MAX_VALUE}) {
            each("batch length " + length, () -> {
                ByteBuffer bytes = Batches.bytes(Batches.plain(2));
                return Batches.of(bytes.putInt(8, length));
            });
        }
    }

    private interface Patch {
        void apply(ByteBuffer bytes);
    }

    /** A batch with some bytes changed and a checksum that fits them. */
    private static MemoryRecords patched(int count, Patch patch) {
        ByteBuffer bytes = Batches.bytes(Batches.plain(count));
        patch.apply(bytes);
        long crc = org.apache.kafka.common.utils.Crc32C.compute(bytes, ATTRIBUTES_AT, bytes.limit() - ATTRIBUTES_AT);
        ByteUtils.writeUnsignedInt(bytes, CRC_AT, crc);
        return Batches.of(bytes);
    }

    private static MemoryRecords cut(int missing) {
        ByteBuffer bytes = Batches.bytes(Batches.plain(2));
        return Batches.of(bytes.limit(Math.max(20, bytes.limit() - missing)).slice());
    }

    private void timestamps() throws IOException {
        Uuid bounded = Topics.make(exchange, "bounded", 1, "message.timestamp.before.max.ms=1000",
            "message.timestamp.after.max.ms=1000");
        exchange.each(ApiKeys.PRODUCE, "too old, all of three", v ->
            Batches.produce(v, 1, "bounded", bounded, 0, Batches.plain(3)));
        exchange.each(ApiKeys.PRODUCE, "too old, all of three compressed", v -> Batches.produce(v, 1, "bounded", bounded, 0,
            MemoryRecords.withRecords(Compression.gzip().build(), Batches.records(3))));
        exchange.each(ApiKeys.PRODUCE, "one of the future", v -> {
            long now = System.currentTimeMillis();
            SimpleRecord[] records = {Batches.record(now, "a", "a"), Batches.record(now + 3_600_000, "b", "b")};
            return Batches.produce(v, 1, "bounded", bounded, 0, MemoryRecords.withRecords(Compression.NONE, records));
        });
        exchange.each(ApiKeys.PRODUCE, "no timestamp", v -> Batches.produce(v, 1, "bounded", bounded, 0,
            MemoryRecords.withRecords(Compression.NONE, Batches.record(-1, "a", "a"))));
        each("an hour and more ahead", () -> MemoryRecords.withRecords(Compression.NONE,
            Batches.record(System.currentTimeMillis() + 7_200_000, "a", "a")));
        Uuid stamped = Topics.make(exchange, "stamped", 1, "message.timestamp.type=LogAppendTime");
        exchange.each(ApiKeys.PRODUCE, "log append time", v -> Batches.produce(v, 1, "stamped", stamped, 0, Batches.plain(2)));
        exchange.each(ApiKeys.PRODUCE, "log append time, compressed", v -> Batches.produce(v, -1, "stamped", stamped, 0,
            MemoryRecords.withRecords(Compression.lz4().build(), Batches.records(2))));
    }

    /** acks=0 has no answer: the next request's answer, or the closed connection, tells what became of it. */
    private void unacknowledged() throws IOException {
        for (int version = 3; version <= Exchange.latest(ApiKeys.PRODUCE); version++) {
            silent(version, "acks 0", 0, Batches.plain(1));
            silent(version, "acks 0, unknown partition", 9, Batches.plain(1));
            silent(version, "acks 0, no batch", 0, MemoryRecords.EMPTY);
        }
    }

    private void silent(int version, String title, int partition, MemoryRecords records) throws IOException {
        byte[] produce = Exchange.frame(ApiKeys.PRODUCE, version, exchange.nextCorrelation(), "wire",
            Batches.produce(version, 0, "produced", id, partition, records));
        byte[] next = Exchange.frame(ApiKeys.API_VERSIONS, 0, -7, "wire", new ApiVersionsRequestData());
        String became;
        try {
            exchange.send(produce, next);
            became = exchange.receive().getInt() == -7 ? "silent" : "answered";
        } catch (IOException closed) {
            became = "closed";
            exchange.drop();
        }
        exchange.print("PRODUCE", version, title, exchange.normal.word(became));
    }

    private void each(String title, Supplier<MemoryRecords> records) throws IOException {
        exchange.each(ApiKeys.PRODUCE, title, v -> Batches.produce(v, 1, "produced", id, 0, records.get()));
    }
}
