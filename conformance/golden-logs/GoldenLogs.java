import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.FetchDataInfo;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogStartOffsetIncrementReason;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * Golden logs: partition directories written by Apache Kafka's own UnifiedLog, and what it answers about them.
 *
 * <pre>
 * mvn -q -B dependency:copy-dependencies -DoutputDirectory=target/libs
 * java -cp 'target/libs/*' GoldenLogs.java ../../crates/log/testdata/golden_logs.gz
 * </pre>
 *
 * Lines of the file, for each scenario in turn:
 * `scenario NAME KEY=VALUE...` (topic settings);
 * `leader EPOCH ORIGIN HEX` and `follower EPOCH HEX` (appends, in order, as handed in), `start OFFSET` (DeleteRecords up
 * to there, old segments deleted);
 * `file STATE NAME HEX` where STATE is `killed` (copied while the log was open), `closed` (after a clean close) or
 * `recovered` (the killed copy, opened again with recovery point 0 and closed), trailing zeros of HEX left out as `+N`;
 * `watermark OFFSET`, `ends START STABLE END`, `epoch EPOCH FOUND END`,
 * `time TIMESTAMP FOUND OFFSET EPOCH` (-9: nothing found), `read FROM MAX ISOLATION MINONE SEGMENT POSITION SIZE ABORTED`.
 * The same seed gives the same file.
 */
public class GoldenLogs {
    static final long NOW = 1_700_000_000_000L;
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        try (OutputStream file = Files.newOutputStream(Path.of(args[0]));
             PrintStream out = new PrintStream(new GZIPOutputStream(file) {{ def.setLevel(9); }})) {
            new Scenario("plain", out, 11, Map.of("internal.segment.bytes", "4000", "index.interval.bytes", "300"))
                .run(GoldenLogs::plain);
            new Scenario("producers", out, 12, Map.of("internal.segment.bytes", "3000", "index.interval.bytes", "200"))
                .run(GoldenLogs::producers);
            new Scenario("formats", out, 13, Map.of("internal.segment.bytes", "3000", "index.interval.bytes", "100", "cleanup.policy", "compact"))
                .run(GoldenLogs::formats);
            new Scenario("rolled-by-time", out, 14, Map.of("segment.ms", "60000", "index.interval.bytes", "50"))
                .run(GoldenLogs::rolledByTime);
            new Scenario("full-index", out, 15, Map.of("segment.index.bytes", "100", "index.interval.bytes", "10"))
                .run(GoldenLogs::plain);
            new Scenario("log-start-moved", out, 16, Map.of("internal.segment.bytes", "2000", "index.interval.bytes", "200"))
                .run(GoldenLogs::logStartMoved);
        }
    }

    interface Script {
        void write(Scenario scenario) throws Exception;
    }

    /** Batches of all codecs, timestamps that go back and forth, three leader epochs. */
    static void plain(Scenario s) throws Exception {
        int[] epochs = {0, 3, 7};
        for (int i = 0; i < 60; i++) {
            Batch batch = new Batch();
            batch.codec = CompressionType.values()[s.random.nextInt(5)];
            s.asLeader(epochs[i / 20], AppendOrigin.CLIENT, batch.of(s, s.now(i), 1 + s.random.nextInt(8)));
        }
    }

    /** Three idempotent producers and three transactional ones, their transactions overlapping; the last stays open. */
    static void producers(Scenario s) throws Exception {
        int[] sequences = new int[6];
        boolean[] open = new boolean[6];
        for (int i = 0; i < 120; i++) {
            int producer = s.random.nextInt(6);
            boolean transactional = producer >= 3;
            if (transactional && open[producer] && s.random.nextInt(3) == 0) {
                ControlRecordType type = s.random.nextBoolean() ? ControlRecordType.ABORT : ControlRecordType.COMMIT;
                s.asLeader(1, AppendOrigin.COORDINATOR, Utils.toArray(MemoryRecords.withEndTransactionMarker(s.now(i), producer, (short) 0,
                    new EndTransactionMarker(type, 5)).buffer()));
                open[producer] = false;
                continue;
            }
            Batch batch = new Batch();
            batch.producerId = producer;
            batch.producerEpoch = 0;
            batch.baseSequence = sequences[producer];
            batch.transactional = transactional;
            int count = 1 + s.random.nextInt(4);
            sequences[producer] += count;
            open[producer] |= transactional;
            s.asLeader(1, AppendOrigin.CLIENT, batch.of(s, s.now(i), count));
        }
    }

    /** What a follower may get: all three formats, holes between batches, batches that compaction emptied. */
    static void formats(Scenario s) throws Exception {
        long offset = 5;
        for (int i = 0; i < 80; i++) {
            Batch batch = new Batch();
            batch.magic = (byte) (i < 20 ? 0 : i < 40 ? 1 : 2);
            batch.codec = s.random.nextInt(3) == 0 ? CompressionType.GZIP : CompressionType.NONE;
            batch.baseOffset = offset;
            batch.leaderEpoch = batch.magic == 2 ? i / 30 : -1;
            int count = 1 + s.random.nextInt(4);
            if (batch.magic == 2 && s.random.nextInt(5) == 0) {
                ByteBuffer buffer = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
                DefaultRecordBatch.writeEmptyHeader(buffer, (byte) 2, 9, (short) 0, i, offset, offset + count - 1,
                    batch.leaderEpoch, TimestampType.CREATE_TIME, s.now(i), false, false);
                buffer.flip();
                s.asFollower(100, Utils.toArray(buffer));
            } else {
                s.asFollower(100, batch.of(s, s.now(i), count));
            }
            offset += count + (s.random.nextInt(4) == 0 ? s.random.nextInt(50) : 0);
        }
    }

    static void rolledByTime(Scenario s) throws Exception {
        for (int i = 0; i < 40; i++) {
            s.asLeader(2, AppendOrigin.CLIENT, new Batch().of(s, NOW - 1_000_000 + i * 7_000L, 2));
        }
    }

    static void logStartMoved(Scenario s) throws Exception {
        producers(s);
        s.moveStart(s.log.logEndOffset() / 2);
        plain(s);
    }

    static class Batch {
        byte magic = 2;
        CompressionType codec = CompressionType.NONE;
        long baseOffset = 0;
        int leaderEpoch = -1;
        long producerId = -1;
        short producerEpoch = -1;
        int baseSequence = -1;
        boolean transactional = false;

        byte[] of(Scenario s, long timestamp, int count) {
            Compression compression = Compression.of(codec).build();
            MemoryRecordsBuilder builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), magic, compression,
                TimestampType.CREATE_TIME, baseOffset, -1, producerId, producerEpoch, baseSequence, transactional, false,
                leaderEpoch, Integer.MAX_VALUE, -1);
            for (int i = 0; i < count; i++) {
                byte[] value = new byte[s.random.nextInt(60)];
                java.util.Arrays.fill(value, (byte) ('a' + s.random.nextInt(26)));
                builder.append(magic == 0 ? -1 : timestamp + s.random.nextInt(100), new byte[] {(byte) i}, value);
            }
            return Utils.toArray(builder.build().buffer());
        }
    }

    static class Scenario {
        final String name;
        final PrintStream out;
        final Random random;
        final LogConfig config;
        final Map<String, String> settings;
        final Path root;
        final FixedTime time = new FixedTime();
        UnifiedLog log;

        Scenario(String name, PrintStream out, long seed, Map<String, String> settings) throws IOException {
            this.name = name;
            this.out = out;
            this.random = new Random(seed);
            Map<String, String> all = new HashMap<>(settings);
            all.putIfAbsent("segment.index.bytes", "2400");
            all.put("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE));
            this.settings = all;
            this.config = new LogConfig(all);
            this.root = Files.createTempDirectory("golden-logs");
        }

        /** Mostly forward, now and then back. */
        long now(int i) {
            return NOW + i * 1000L - (random.nextInt(4) == 0 ? random.nextInt(20_000) : 0);
        }

        void run(Script script) throws Exception {
            out.println("scenario " + name + settings.entrySet().stream().sorted(Map.Entry.comparingByKey())
                .map(e -> " " + e.getKey() + "=" + e.getValue()).collect(Collectors.joining()));
            Path live = root.resolve("live").resolve("t-0");
            log = open(live, true);
            script.write(this);
            Path killed = root.resolve("killed").resolve("t-0");
            copy(live, killed);
            print("killed", killed);
            answer();
            log.close();
            print("closed", live);
            log = open(killed, false);
            log.close();
            print("recovered", killed);
            Utils.delete(root.toFile());
        }

        UnifiedLog open(Path dir, boolean clean) throws IOException {
            Files.createDirectories(dir);
            return UnifiedLog.create(dir.toFile(), config, 0L, 0L, new NoScheduler(), new BrokerTopicStats(), time, 900_000,
                new ProducerStateManagerConfig(86_400_000, false), 600_000, new LogDirFailureChannel(1), clean,
                Optional.of(new Uuid(1, 2)));
        }

        void asLeader(int epoch, AppendOrigin origin, byte[] batch) throws IOException {
            out.println("leader " + epoch + " " + origin + " " + HEX.formatHex(batch));
            log.appendAsLeader(MemoryRecords.readableRecords(ByteBuffer.wrap(batch)), epoch, origin,
                org.apache.kafka.server.common.RequestLocal.noCaching(), VerificationGuard.SENTINEL, (short) 0);
            log.updateHighWatermark(log.logEndOffset());
        }

        void asFollower(int epoch, byte[] batches) {
            out.println("follower " + epoch + " " + HEX.formatHex(batches));
            log.appendAsFollower(MemoryRecords.readableRecords(ByteBuffer.wrap(batches)), epoch);
        }

        void moveStart(long offset) throws IOException {
            out.println("start " + offset);
            log.updateHighWatermark(log.logEndOffset());
            log.maybeIncrementLogStartOffset(offset, LogStartOffsetIncrementReason.ClientRecordDeletion);
            log.deleteOldSegments();
        }

        void answer() throws Exception {
            long start = log.logStartOffset();
            long end = log.logEndOffset();
            // The start of a batch, as every real high watermark is.
            long watermark = log.maybeConvertToOffsetMetadata(end - (end - start) / 10).messageOffset;
            log.updateHighWatermark(watermark);
            out.println("watermark " + watermark);
            out.println("ends " + log.logStartOffset() + " " + log.lastStableOffset() + " " + end);
            for (int epoch = -1; epoch < 9; epoch++) {
                int asked = epoch;
                out.println("epoch " + asked + " " + log.endOffsetForEpoch(asked)
                    .map(found -> found.epoch() + " " + found.offset()).orElse("-1 -1"));
            }
            List<Long> timestamps = new ArrayList<>(List.of(-1L, -2L, -3L, -4L, 0L, NOW - 5_000, NOW + 10_000_000));
            for (int i = 0; i < 40; i++) {
                timestamps.add(NOW - 900_000 + random.nextInt(1_100_000));
                timestamps.add(NOW + random.nextInt(80_000));
            }
            for (long timestamp : timestamps) {
                out.println("time " + timestamp + " " + log.fetchOffsetByTimestamp(timestamp, Optional.empty())
                    .timestampAndOffsetOpt().map(found -> found.timestamp + " " + found.offset + " " + found.leaderEpoch.orElse(-1))
                    .orElse("-9 -9 -9"));
            }
            for (int i = 0; i < 150; i++) {
                long from = start + random.nextInt((int) (end - start + 1));
                int max = random.nextInt(4) == 0 ? 1_000_000 : random.nextInt(600);
                FetchIsolation isolation = FetchIsolation.values()[random.nextInt(3)];
                boolean minOne = random.nextBoolean();
                FetchDataInfo info = log.read(from, max, isolation, minOne);
                boolean isEmpty = info.records.sizeInBytes() == 0;
                String aborted = info.abortedTransactions.map(list -> "[" + list.stream()
                    .map(t -> t.producerId() + ":" + t.firstOffset()).collect(Collectors.joining(",")) + "]").orElse("-");
                out.println("read " + from + " " + max + " " + isolation + " " + minOne + " "
                    + (isEmpty ? "-" : info.fetchOffsetMetadata.segmentBaseOffset) + " "
                    + (isEmpty ? "-" : info.fetchOffsetMetadata.relativePositionInSegment) + " "
                    + info.records.sizeInBytes() + " " + aborted);
            }
        }

        void print(String state, Path dir) throws IOException {
            try (Stream<Path> files = Files.list(dir)) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    byte[] content = Files.readAllBytes(file);
                    int length = content.length;
                    while (length > 0 && content[length - 1] == 0) {
                        length--;
                    }
                    String zeros = length == content.length ? "" : "+" + (content.length - length);
                    out.println("file " + state + " " + file.getFileName() + " " + HEX.formatHex(content, 0, length) + zeros);
                }
            }
        }

        static void copy(Path from, Path to) throws IOException {
            Files.createDirectories(to);
            try (Stream<Path> files = Files.list(from)) {
                for (Path file : files.toList()) {
                    Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    /** What is scheduled never happens: no delayed deletion, no background flush. */
    static class NoScheduler implements Scheduler {
        public void startup() { }
        public void shutdown() { }
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            return (ScheduledFuture<?>) java.lang.reflect.Proxy.newProxyInstance(GoldenLogs.class.getClassLoader(),
                new Class<?>[] {ScheduledFuture.class}, (proxy, method, arguments) -> method.getReturnType() == boolean.class ? true : null);
        }
        public void resizeThreadPool(int newSize) { }
    }

    static class FixedTime implements Time {
        public long milliseconds() { return NOW; }
        public long nanoseconds() { return NOW * 1_000_000; }
        public void sleep(long ms) { }
        public void waitObject(Object obj, Supplier<Boolean> condition, long deadlineMs) { }
    }
}
