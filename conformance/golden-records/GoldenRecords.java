import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.compress.Lz4BlockOutputStream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Crc32C;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

/**
 * Golden record batches, made and judged by Apache Kafka's own classes.
 *
 * <pre>
 * cargo xtask golden records
 * </pre>
 *
 * runs both halves: `make ../../crates/record/testdata`, then `read` with the output of
 * `cargo run -p record --example golden_out`.
 *
 * `make` writes batches.txt.gz (what the oracle writes, and how it reads it) and validator.txt.gz (what its LogValidator
 * makes of 600 seeded batches). `read` takes batches of ours in the first format and fails where the oracle reads them
 * otherwise. The same seed gives the same files, but for the compressors' versions.
 *
 * Fields are hexadecimal; "-" is null, "." is empty, "@N" is the first N bytes of {@link #pattern}.
 */
public class GoldenRecords {
    static final long NOW = 1_700_000_000_000L;
    static final HexFormat HEX = HexFormat.of();
    static final byte[] PATTERN = pattern(200_000);

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "make" -> {
                Path directory = Path.of(arguments[1]);
                Files.createDirectories(directory);
                try (PrintStream out = open(directory.resolve("batches.txt.gz"))) {
                    makeBatches(out);
                }
                try (PrintStream out = open(directory.resolve("validator.txt.gz"))) {
                    makeValidations(out);
                }
            }
            case "read" -> readOurs();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    static PrintStream open(Path path) throws IOException {
        return new PrintStream(new GZIPOutputStream(Files.newOutputStream(path)), false, StandardCharsets.UTF_8);
    }

    /** Bytes that compress somewhat, never repeat within a block, and that both sides can make. */
    static byte[] pattern(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * 7 + i / 1000);
        }
        return bytes;
    }

    // ---- batches

    record Entry(long timestamp, byte[] key, byte[] value, Header... headers) { }

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static List<Entry> small(boolean headers) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(NOW, text("key"), text("value")));
        entries.add(new Entry(NOW + 1000, null, text("no key")));
        entries.add(new Entry(NOW - 70_000, text("tombstone"), null));
        entries.add(new Entry(NOW + 5, new byte[0], new byte[0]));
        entries.add(new Entry(-1, null, null));
        if (headers) {
            entries.add(new Entry(NOW, text("k"), text("v"), new RecordHeader("h", text("x")), new RecordHeader("h", null),
                new RecordHeader("", new byte[0]), new RecordHeader("größe", text("µ"))));
        }
        return entries;
    }

    static List<Entry> large() {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(NOW, text("first"), Arrays.copyOf(PATTERN, 40_000)));
        entries.add(new Entry(NOW + 1, text("second"), PATTERN));
        for (int i = 0; i < 300; i++) {
            entries.add(new Entry(NOW + i, text("k" + i), text("some value that comes again and again " + i % 7)));
        }
        return entries;
    }

    static class Batch {
        byte magic = 2;
        Compression compression = Compression.NONE;
        TimestampType timestampType = TimestampType.CREATE_TIME;
        long baseOffset = 0;
        long producerId = -1;
        short producerEpoch = -1;
        int baseSequence = -1;
        boolean transactional = false;
        boolean control = false;
        int leaderEpoch = -1;
        long deleteHorizonMs = -1;

        MemoryRecordsBuilder builder() {
            return new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), magic, compression, timestampType, baseOffset,
                timestampType == TimestampType.LOG_APPEND_TIME ? NOW + 77 : -1, producerId, producerEpoch, baseSequence,
                transactional, control, leaderEpoch, Integer.MAX_VALUE, deleteHorizonMs);
        }

        byte[] of(List<Entry> entries) {
            MemoryRecordsBuilder builder = builder();
            for (Entry entry : entries) {
                builder.append(entry.timestamp, entry.key, entry.value, entry.headers);
            }
            return bytes(builder.build());
        }
    }

    static byte[] bytes(MemoryRecords records) {
        return Utils.toArray(records.buffer());
    }

    static Compression compression(CompressionType type) {
        return Compression.of(type).build();
    }

    static void makeBatches(PrintStream out) throws IOException {
        for (byte magic = 0; magic <= 2; magic++) {
            for (CompressionType codec : CompressionType.values()) {
                if (magic < 2 && codec == CompressionType.ZSTD) {
                    continue;
                }
                for (TimestampType type : List.of(TimestampType.CREATE_TIME, TimestampType.LOG_APPEND_TIME)) {
                    if (magic == 0 && type == TimestampType.LOG_APPEND_TIME) {
                        continue;
                    }
                    Batch batch = new Batch();
                    batch.magic = magic;
                    batch.compression = compression(codec);
                    batch.timestampType = type;
                    batch.baseOffset = 5_000_000_000L;
                    String name = "magic" + magic + "-" + codec + "-" + type;
                    print(out, name + "-small", batch.of(small(magic == 2)));
                    if (type == TimestampType.CREATE_TIME) {
                        print(out, name + "-large", batch.of(large()));
                        batch.baseOffset = 0;
                        print(out, name + "-from-zero", batch.of(small(magic == 2)));
                    }
                }
            }
        }

        Batch idempotent = new Batch();
        idempotent.producerId = 4711;
        idempotent.producerEpoch = 12;
        idempotent.baseSequence = Integer.MAX_VALUE - 2;
        idempotent.leaderEpoch = 31;
        print(out, "idempotent-wrapping", idempotent.of(small(true)));
        idempotent.transactional = true;
        idempotent.compression = compression(CompressionType.LZ4);
        print(out, "transactional-lz4", idempotent.of(small(true)));
        idempotent.compression = Compression.NONE;
        print(out, "transactional", idempotent.of(small(true)));

        Batch horizon = new Batch();
        horizon.deleteHorizonMs = NOW + 86_400_000;
        print(out, "delete-horizon", horizon.of(small(true)));

        MemoryRecordsBuilder holes = new Batch().builder();
        for (long offset : new long[] {0, 1, 5, 100, 40_000}) {
            holes.appendWithOffset(offset, NOW + offset, text("k"), text("v"));
        }
        holes.overrideLastOffset(50_000);
        print(out, "compacted", bytes(holes.build()));

        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, 4711, (short) 12, 90, 1000, 1009, 31, TimestampType.CREATE_TIME, NOW,
            true, false);
        print(out, "emptied", empty.array());

        for (ControlRecordType type : List.of(ControlRecordType.COMMIT, ControlRecordType.ABORT)) {
            print(out, "marker-" + type, bytes(MemoryRecords.withEndTransactionMarker(55, NOW, 31, 4711, (short) 12,
                new EndTransactionMarker(type, 18))));
        }
        Batch control = new Batch();
        control.control = true;
        control.baseOffset = 12;
        control.leaderEpoch = 3;
        MemoryRecordsBuilder kraft = control.builder();
        kraft.appendLeaderChangeMessage(NOW, new LeaderChangeMessage().setLeaderId(1)
            .setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(1)))
            .setGrantingVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(1))));
        kraft.appendSnapshotHeaderMessage(NOW, new SnapshotHeaderRecord().setLastContainedLogTimestamp(NOW));
        kraft.appendSnapshotFooterMessage(NOW, new SnapshotFooterRecord());
        kraft.appendKRaftVersionMessage(NOW, new KRaftVersionRecord().setKRaftVersion((short) 1));
        kraft.appendVotersMessage(NOW, new VotersRecord().setVoters(List.of(new VotersRecord.Voter().setVoterId(1))));
        print(out, "kraft-control", bytes(kraft.build()));

        // What clients in other languages send.
        byte[] plain = new Batch().of(large());
        byte[] body = Arrays.copyOfRange(plain, DefaultRecordBatch.RECORD_BATCH_OVERHEAD, plain.length);
        print(out, "snappy-raw", reseal(plain, CompressionType.SNAPPY, org.xerial.snappy.Snappy.compress(body)));
        for (int blockSize = 4; blockSize <= 7; blockSize++) {
            ByteArrayOutputStream frame = new ByteArrayOutputStream();
            try (OutputStream lz4 = new Lz4BlockOutputStream(frame, blockSize, 9, true, false)) {
                lz4.write(body);
            }
            print(out, "lz4-checked-blocks-" + blockSize, reseal(plain, CompressionType.LZ4, frame.toByteArray()));
        }
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        for (int half = 0; half < 2; half++) {
            try (OutputStream member = new GZIPOutputStream(members)) {
                member.write(body, half * (body.length / 2), half == 0 ? body.length / 2 : body.length - body.length / 2);
            }
        }
        print(out, "gzip-two-members", reseal(plain, CompressionType.GZIP, members.toByteArray()));

        ByteArrayOutputStream mixed = new ByteArrayOutputStream();
        for (byte magic = 0; magic <= 2; magic++) {
            Batch batch = new Batch();
            batch.magic = magic;
            batch.baseOffset = 10L * magic;
            batch.compression = compression(magic == 1 ? CompressionType.GZIP : CompressionType.NONE);
            mixed.write(batch.of(small(false)));
        }
        print(out, "segment-of-all-magics", mixed.toByteArray());
    }

    /** The batch with another body, already compressed. */
    static byte[] reseal(byte[] batch, CompressionType codec, byte[] body) {
        DefaultRecordBatch header = (DefaultRecordBatch) MemoryRecords.readableRecords(ByteBuffer.wrap(batch)).batches().iterator().next();
        int size = DefaultRecordBatch.RECORD_BATCH_OVERHEAD + body.length;
        ByteBuffer buffer = ByteBuffer.allocate(size);
        buffer.put(DefaultRecordBatch.RECORD_BATCH_OVERHEAD, body);
        DefaultRecordBatch.writeHeader(buffer, header.baseOffset(), (int) (header.lastOffset() - header.baseOffset()), size, (byte) 2,
            codec, header.timestampType(), header.baseTimestamp(), header.maxTimestamp(), header.producerId(), header.producerEpoch(),
            header.baseSequence(), header.isTransactional(), header.isControlBatch(), false, header.partitionLeaderEpoch(),
            header.countOrNull());
        return buffer.array();
    }

    static void print(PrintStream out, String name, byte[] bytes) {
        out.println("name " + name);
        out.println("bytes " + HEX.formatHex(bytes));
        list(bytes, out);
        out.println("end");
    }

    /** How the oracle reads a buffer of batches. */
    static void list(byte[] bytes, PrintStream out) {
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
            batch.ensureValid();
            out.println("batch magic=" + batch.magic() + " base=" + batch.baseOffset() + " last=" + batch.lastOffset()
                + " max=" + batch.maxTimestamp() + " type=" + batch.timestampType() + " codec=" + batch.compressionType()
                + " size=" + batch.sizeInBytes() + " producer=" + batch.producerId() + " epoch=" + batch.producerEpoch()
                + " sequence=" + batch.baseSequence() + ".." + batch.lastSequence() + " transactional=" + batch.isTransactional()
                + " control=" + batch.isControlBatch() + " leader=" + batch.partitionLeaderEpoch()
                + " horizon=" + (batch.deleteHorizonMs().isPresent() ? batch.deleteHorizonMs().getAsLong() : "-")
                + " count=" + (batch.countOrNull() == null ? "-" : batch.countOrNull()));
            for (Record record : batch) {
                StringBuilder line = new StringBuilder("record ");
                line.append(record.offset()).append(' ').append(record.timestamp());
                line.append(' ').append(field(record.key())).append(' ').append(field(record.value()));
                for (Header header : record.headers()) {
                    line.append(' ').append(field(ByteBuffer.wrap(text(header.key())))).append('=');
                    line.append(field(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                }
                out.println(line);
            }
        }
    }

    static String field(ByteBuffer field) {
        if (field == null) {
            return "-";
        }
        byte[] bytes = Utils.toArray(field);
        if (bytes.length == 0) {
            return ".";
        }
        if (bytes.length > 1000 && bytes.length <= PATTERN.length && Arrays.equals(bytes, Arrays.copyOf(PATTERN, bytes.length))) {
            return "@" + bytes.length;
        }
        return HEX.formatHex(bytes);
    }

    // ---- validator

    static void makeValidations(PrintStream out) {
        Random random = new Random(431);
        for (int number = 0; number < 600; number++) {
            Batch batch = new Batch();
            CompressionType source = pick(random, CompressionType.values());
            batch.compression = compression(source);
            if (random.nextInt(3) == 0) {
                batch.producerId = random.nextInt(1000);
                batch.producerEpoch = (short) random.nextInt(10);
                batch.baseSequence = random.nextInt(100);
                batch.transactional = random.nextBoolean();
            }
            batch.timestampType = random.nextInt(10) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
            List<Entry> entries = new ArrayList<>();
            boolean tidy = random.nextBoolean();
            for (int count = 1 + random.nextInt(8); count > 0; count--) {
                long timestamp = tidy ? NOW - random.nextInt(1000) : pick(random, NOW, NOW - 5000, NOW + 5000, NOW - 4999, NOW + 5001,
                    NOW - 5001, -1L, 0L, Long.MAX_VALUE - 1);
                byte[] key = !tidy && random.nextInt(3) == 0 ? null : text("key" + random.nextInt(5));
                byte[] value = random.nextInt(5) == 0 ? null : text("value".repeat(random.nextInt(20)));
                entries.add(new Entry(timestamp, key, value, new RecordHeader("h", text("x"))));
            }
            byte[] bytes = batch.of(entries);
            int mutation = random.nextInt(12);
            ByteBuffer header = ByteBuffer.wrap(bytes);
            switch (mutation) {
                case 0 -> header.putInt(DefaultRecordBatch.RECORDS_COUNT_OFFSET, pick(random, -1, 0, 1, 3, 9));
                case 1 -> header.putInt(DefaultRecordBatch.LAST_OFFSET_DELTA_OFFSET, pick(random, -1, 0, 3, 9));
                case 2 -> { // both, so that the header agrees with itself
                    int count = pick(random, 1, 2, 5, 9);
                    header.putInt(DefaultRecordBatch.RECORDS_COUNT_OFFSET, count);
                    header.putInt(DefaultRecordBatch.LAST_OFFSET_DELTA_OFFSET, count - 1);
                }
                case 3 -> header.putShort(21, (short) (header.getShort(21) | pick(random, 0x20, 0x08, 0x80, 0x100, 0x40)));
                case 4 -> header.putLong(35, pick(random, -1L, 0L, NOW + 1)); // largest timestamp
                case 5 -> header.putLong(43, pick(random, -1L, -2L, 5L)); // producer id
                case 6 -> header.putInt(53, pick(random, -1, -2, 0)); // sequence
                case 7 -> header.putLong(27, pick(random, NOW - 1_000_000, 0L)); // base timestamp
                default -> { }
            }
            reseal(header);
            boolean second = random.nextInt(40) == 0;
            if (second) {
                bytes = Arrays.copyOf(bytes, bytes.length * 2);
                System.arraycopy(bytes, 0, bytes, bytes.length / 2, bytes.length / 2);
            }

            AppendOrigin origin = pick(random, AppendOrigin.CLIENT, AppendOrigin.CLIENT, AppendOrigin.CLIENT, AppendOrigin.COORDINATOR);
            TimestampType type = pick(random, TimestampType.CREATE_TIME, TimestampType.CREATE_TIME, TimestampType.LOG_APPEND_TIME);
            CompressionType target = random.nextBoolean() ? source : pick(random, CompressionType.values());
            boolean compacted = random.nextInt(3) == 0;
            long before = pick(random, Long.MAX_VALUE, 5000L);
            long after = pick(random, Long.MAX_VALUE, 5000L, 3_600_000L);
            out.println("case " + number + " mutation=" + mutation + " origin=" + origin + " type=" + type + " target=" + target
                + " compacted=" + compacted + " before=" + before + " after=" + after);
            out.println("bytes " + HEX.formatHex(bytes));
            validate(out, bytes, source, target, compacted, type, before, after, origin);
        }
    }

    static void reseal(ByteBuffer batch) {
        long crc = Crc32C.compute(batch, 21, batch.limit() - 21);
        batch.putInt(DefaultRecordBatch.CRC_OFFSET, (int) crc);
    }

    @SafeVarargs
    static <T> T pick(Random random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    static void validate(PrintStream out, byte[] bytes, CompressionType source, CompressionType target, boolean compacted,
                         TimestampType type, long before, long after, AppendOrigin origin) {
        Time time = (Time) Proxy.newProxyInstance(GoldenRecords.class.getClassLoader(), new Class<?>[] {Time.class},
            (proxy, method, arguments) -> method.getName().equals("milliseconds") ? NOW : 0L);
        LogValidator.MetricsRecorder metrics = (LogValidator.MetricsRecorder) Proxy.newProxyInstance(
            GoldenRecords.class.getClassLoader(), new Class<?>[] {LogValidator.MetricsRecorder.class},
            (proxy, method, arguments) -> null);
        PrimitiveRef.LongRef offset = PrimitiveRef.ofLong(1000);
        try {
            LogValidator validator = new LogValidator(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes.clone())),
                new TopicPartition("t", 0), time, source, compression(target), compacted, (byte) 2, type, before, after, 5, origin);
            LogValidator.ValidationResult result = validator.validateMessagesAndAssignOffsets(offset, metrics, BufferSupplier.NO_CACHING);
            byte[] appended = bytes(result.validatedRecords());
            out.println("accepted next=" + offset.value + " max=" + result.maxTimestampMs() + " rebuilt=" + result.messageSizeMaybeChanged());
            out.println("appended " + HEX.formatHex(appended));
            try {
                list(appended, out);
            } catch (RuntimeException e) {
                out.println("unreadable");
            }
        } catch (RecordValidationException e) {
            StringBuilder line = new StringBuilder("rejected " + e.invalidException().getClass().getSimpleName());
            e.recordErrors().forEach(error -> line.append(' ').append(error.batchIndex));
            out.println(line);
        } catch (RuntimeException e) {
            out.println("failed " + e.getClass().getSimpleName());
        }
        out.println("end");
    }

    // ---- ours, read by the oracle

    static void readOurs() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String name = null;
        List<String> expect = new ArrayList<>();
        byte[] bytes = null;
        int batches = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.startsWith("name ")) {
                name = line.substring(5);
                expect.clear();
            } else if (line.startsWith("bytes ")) {
                bytes = HEX.parseHex(line.substring(6));
            } else if (line.equals("end")) {
                ByteArrayOutputStream listed = new ByteArrayOutputStream();
                list(bytes, new PrintStream(listed, true, StandardCharsets.UTF_8));
                List<String> got = listed.toString(StandardCharsets.UTF_8).lines().toList();
                if (!got.equals(expect)) {
                    throw new AssertionError(name + ": the oracle reads\n" + String.join("\n", got) + "\nnot\n" + String.join("\n", expect));
                }
                batches++;
            } else {
                expect.add(line);
            }
        }
        if (batches == 0) {
            throw new AssertionError("nothing to read");
        }
        System.out.println("the oracle reads " + batches + " buffers of ours as we do");
    }
}
