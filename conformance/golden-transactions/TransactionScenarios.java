import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import kafka.coordinator.transaction.TransactionConfig;
import kafka.coordinator.transaction.TransactionCoordinator;
import kafka.coordinator.transaction.TransactionMarkerChannelManager;
import kafka.coordinator.transaction.TransactionStateManager;
import kafka.server.ReplicaManager;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.ProduceResponse.PartitionResponse;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.ProducerIdAndEpoch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.transaction.TransactionLog;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.coordinator.transaction.TxnTransitMetadata;
import org.apache.kafka.metadata.MetadataCache;
import org.apache.kafka.server.common.FinalizedFeatures;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.FetchDataInfo;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogOffsetMetadata;
import org.apache.kafka.storage.internals.log.RecordValidationStats;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import scala.Option;
import scala.runtime.BoxedUnit;
import sun.misc.Unsafe;

/**
 * Plays scenarios of transactions on the coordinator of the Apache Kafka on the class path, and writes what it answers
 * into them: java TransactionScenarios FILE...
 *
 * A scenario is a list of commands; what is indented under a command is what came of it, and is written anew. The
 * commands are those of crates/transaction-coordinator/tests/transactions/play.rs, which plays the same files on Milena.
 * Log, clock and timers are this program's, and so is who writes markers: they are complete at the command "markers".
 */
public class TransactionScenarios {
    /** Wall clock when a scenario begins. */
    private static final long START = 1_700_000_000_000L;
    private static final TopicPartition LOG = new TopicPartition("__transaction_state", 0);

    private final Map<String, String> settings = new HashMap<>();
    private final List<MemoryRecords> log = new ArrayList<>();
    private final Map<String, Runnable> pending = new TreeMap<>();
    private final Map<String, List<ProducerIdAndEpoch>> told = new HashMap<>();
    private List<String> records = new ArrayList<>();
    private TreeSet<String> due = new TreeSet<>();
    private List<String> answers = new ArrayList<>();
    private List<Task> tasks = new ArrayList<>();
    private long offset;
    private long now;
    private long nextProducerId = 1000;
    private short version = 2;
    private int elections;
    private TransactionCoordinator coordinator;

    private static final class Task {
        private final Runnable runnable;
        private final long period;
        private long at;

        private Task(Runnable runnable, long at, long period) {
            this.runnable = runnable;
            this.at = at;
            this.period = period;
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (String file : arguments) {
            Path path = Path.of(file);
            Files.writeString(path, new TransactionScenarios().play(Files.readAllLines(path)));
        }
        System.exit(0);
    }

    private String play(List<String> lines) throws Exception {
        StringBuilder out = new StringBuilder();
        for (String line : lines) {
            if (line.startsWith("  ")) {
                continue;
            }
            out.append(line).append('\n');
            if (!line.isBlank() && !line.startsWith("#")) {
                command(line.trim().split(" +"));
                for (String result : results()) {
                    out.append("  ").append(result).append('\n');
                }
            }
        }
        return out.toString();
    }

    private List<String> results() {
        List<String> all = new ArrayList<>(records);
        all.addAll(due);
        all.addAll(answers);
        records = new ArrayList<>();
        due = new TreeSet<>();
        answers = new ArrayList<>();
        return all;
    }

    private void command(String[] words) throws Exception {
        Map<String, String> options = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (String word : Arrays.copyOfRange(words, 1, words.length)) {
            int equals = word.indexOf('=');
            if (equals < 0) {
                names.add(word);
            } else {
                options.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        switch (words[0]) {
            case "settings" -> {
                settings.putAll(options);
                return;
            }
            case "version" -> {
                version = Short.parseShort(names.get(0));
                return;
            }
            default -> { }
        }
        if (coordinator == null || words[0].equals("load")) {
            load();
        }
        try {
            answer(words[0], names, options);
        } catch (ApiException e) {
            answers.add(Errors.forException(e).name());
        }
    }

    private void answer(String command, List<String> names, Map<String, String> options) {
        String id = names.isEmpty() ? null : names.get(0).equals("-") ? "" : names.get(0);
        TransactionVersion client = TransactionVersion.fromFeatureLevel(
            Short.parseShort(options.getOrDefault("client", version == 2 ? "2" : "0")));
        RequestLocal local = RequestLocal.noCaching();
        switch (command) {
            case "load" -> { }
            case "assume" -> assume(names, options);
            case "init" -> coordinator.handleInitProducerId(id,
                Integer.parseInt(options.getOrDefault("timeout", "60000")), names.contains("2pc"), names.contains("keep"),
                Option.apply(options.containsKey("as") ? producer(id, options.get("as")) : null), result -> {
                    tell(id, result.producerId(), result.producerEpoch());
                    answers.add(result.error() == Errors.NONE
                        ? result.producerId() + "/" + result.producerEpoch() : result.error().name());
                    return BoxedUnit.UNIT;
                }, local);
            case "add" -> {
                ProducerIdAndEpoch producer = producer(id, names.get(1));
                coordinator.handleAddPartitionsToTransaction(id, producer.producerId, producer.epoch,
                    partitions(names.subList(2, names.size())), error -> {
                        answers.add(error == Errors.NONE ? "ok" : error.name());
                        return BoxedUnit.UNIT;
                    }, client, local);
            }
            case "verify" -> {
                ProducerIdAndEpoch producer = producer(id, names.get(1));
                coordinator.handleVerifyPartitionsInTransaction(id, producer.producerId, producer.epoch,
                    partitions(names.subList(2, names.size())), result -> {
                        TreeMap<String, String> errors = new TreeMap<>();
                        result.topicResults().forEach(topic -> topic.resultsByPartition().forEach(partition -> errors.put(
                            topic.name() + "-" + partition.partitionIndex(),
                            Errors.forCode(partition.partitionErrorCode()).name())));
                        answers.add(errors.entrySet().stream().map(e -> e.getKey() + " " + e.getValue())
                            .collect(Collectors.joining(", ")));
                        return BoxedUnit.UNIT;
                    });
            }
            case "end" -> {
                ProducerIdAndEpoch producer = producer(id, names.get(1));
                TransactionResult result =
                    names.get(2).equals("commit") ? TransactionResult.COMMIT : TransactionResult.ABORT;
                coordinator.handleEndTransaction(id, producer.producerId, producer.epoch, result, client,
                    (error, nextId, nextEpoch) -> {
                        tell(id, (Long) nextId, (Short) nextEpoch);
                        answers.add(error == Errors.NONE ? nextId + "/" + nextEpoch : error.name());
                        return BoxedUnit.UNIT;
                    }, local);
            }
            case "describe" -> answers.add(described(coordinator.handleDescribeTransactions(id)));
            case "list" -> answers.add(listed(options));
            case "markers" -> {
                List<Runnable> all = new ArrayList<>(pending.values());
                pending.clear();
                all.forEach(Runnable::run);
            }
            case "wait" -> {
                pass(Long.parseLong(names.get(0)));
                // Transactional ids come in any order, what is written of one in its own.
                records.sort(Comparator.comparing(record -> record.split(" ")[1]));
            }
            default -> throw new IllegalArgumentException(command);
        }
    }

    /** A record that nobody asked for; it counts after the next "load". */
    private void assume(List<String> names, Map<String, String> options) {
        ProducerIdAndEpoch producer = producer(names.get(2));
        TransactionState state = TransactionState.fromName(names.get(1)).orElseThrow();
        TxnTransitMetadata assumed = new TxnTransitMetadata(producer.producerId, number(options, "previous", -1),
            number(options, "next", -1), producer.epoch, (short) -1, (int) number(options, "timeout", 60_000), state,
            new HashSet<>(partitions(names.subList(3, names.size()))),
            options.containsKey("began") ? START + number(options, "began", 0) : -1,
            START + number(options, "updated", 0),
            TransactionVersion.fromFeatureLevel((short) number(options, "client", 0)));
        byte[] value = TransactionLog.valueToBytes(assumed, TransactionVersion.fromFeatureLevel(version));
        append(MemoryRecords.withRecords(Compression.NONE,
            new SimpleRecord(START + now, TransactionLog.keyToBytes(names.get(0)), value)));
    }

    private static long number(Map<String, String> options, String key, long otherwise) {
        return options.containsKey(key) ? Long.parseLong(options.get(key)) : otherwise;
    }

    /** A producer by its numbers; "@" is the last that the id was told, "@-" the one before, "@+" has the next epoch. */
    private ProducerIdAndEpoch producer(String id, String word) {
        List<ProducerIdAndEpoch> all = told.getOrDefault(id, List.of());
        int last = all.size() - (word.equals("@-") ? 2 : 1);
        if (!word.startsWith("@")) {
            return producer(word);
        }
        ProducerIdAndEpoch found = last < 0 ? new ProducerIdAndEpoch(7, (short) 0) : all.get(last);
        return word.equals("@+") ? new ProducerIdAndEpoch(found.producerId, (short) (found.epoch + 1)) : found;
    }

    private void tell(String id, long producerId, short epoch) {
        List<ProducerIdAndEpoch> all = told.computeIfAbsent(id, it -> new ArrayList<>());
        if (producerId >= 0 && (all.isEmpty() || !all.get(all.size() - 1).equals(new ProducerIdAndEpoch(producerId, epoch)))) {
            all.add(new ProducerIdAndEpoch(producerId, epoch));
        }
    }

    private static ProducerIdAndEpoch producer(String word) {
        String[] parts = word.split("/");
        return new ProducerIdAndEpoch(Long.parseLong(parts[0]), Short.parseShort(parts[1]));
    }

    private static Set<TopicPartition> partitions(List<String> words) {
        return words.stream().map(word -> {
            int dash = word.lastIndexOf('-');
            return new TopicPartition(word.substring(0, dash), Integer.parseInt(word.substring(dash + 1)));
        }).collect(Collectors.toCollection(HashSet::new));
    }

    private static String text(Iterable<TopicPartition> partitions) {
        TreeSet<String> all = new TreeSet<>();
        partitions.forEach(partition -> all.add(partition.toString()));
        return all.stream().map(partition -> " " + partition).collect(Collectors.joining());
    }

    private static String time(long ms) {
        return ms == -1 ? "never" : "+" + (ms - START);
    }

    private static String described(DescribeTransactionsResponseData.TransactionState state) {
        if (state.errorCode() != 0) {
            return Errors.forCode(state.errorCode()).name();
        }
        List<TopicPartition> partitions = new ArrayList<>();
        state.topics().forEach(topic ->
            topic.partitions().forEach(index -> partitions.add(new TopicPartition(topic.topic(), index))));
        return state.transactionState() + " " + state.producerId() + "/" + state.producerEpoch() + " timeout "
            + state.transactionTimeoutMs() + " began " + time(state.transactionStartTimeMs()) + text(partitions);
    }

    private String listed(Map<String, String> options) {
        List<Object> ids = words(options, "producers").stream().map(id -> (Object) Long.parseLong(id)).toList();
        ListTransactionsResponseData data = coordinator.handleListTransactions(set(ids), set(words(options, "states")),
            Long.parseLong(options.getOrDefault("longer", "-1")), options.get("pattern"));
        String listed = data.transactionStates().stream()
            .map(state -> state.transactionalId() + " " + state.producerId() + " " + state.transactionState())
            .sorted().collect(Collectors.joining(", "));
        String unknown = data.unknownStateFilters().stream().sorted().map(name -> "; unknown " + name)
            .collect(Collectors.joining());
        return data.errorCode() == 0 ? "[" + listed + "]" + unknown : Errors.forCode(data.errorCode()).name();
    }

    private static List<String> words(Map<String, String> options, String key) {
        return options.containsKey(key) ? List.of(options.get(key).split(",")) : List.of();
    }

    private static <T> scala.collection.immutable.Set<T> set(List<T> items) {
        return scala.jdk.javaapi.CollectionConverters.asScala(items).toSet();
    }

    /** The coordinator is gone; a new one reads the log. */
    private void load() throws Exception {
        tasks = new ArrayList<>();
        pending.clear();
        Clock time = new Clock();
        Timers timers = new Timers();
        TransactionConfig config = new TransactionConfig(
            Integer.parseInt(settings.getOrDefault("expiration", "604800000")),
            Integer.parseInt(settings.getOrDefault("max-timeout", "900000")), 1, (short) 1, 1 << 20, 1 << 20, 1,
            10_000, 3_600_000, Boolean.parseBoolean(settings.getOrDefault("2pc", "false")), 30_000);
        MetadataCache metadata = (MetadataCache) Proxy.newProxyInstance(MetadataCache.class.getClassLoader(),
            new Class<?>[] {MetadataCache.class}, (proxy, method, arguments) -> {
                if (method.getName().equals("features")) {
                    return new FinalizedFeatures(MetadataVersion.latestProduction(),
                        Map.of(TransactionVersion.FEATURE_NAME, version), 0);
                }
                throw new UnsupportedOperationException(method.toString());
            });
        Replicas replicas = made(Replicas.class);
        replicas.play = this;
        Log read = made(Log.class);
        read.play = this;
        replicas.read = read;
        TransactionStateManager states =
            new TransactionStateManager(1, timers, replicas, metadata, config, time, new Metrics());
        Markers markers = made(Markers.class);
        markers.play = this;
        markers.states = states;
        coordinator = new TransactionCoordinator(config, timers, () -> () -> nextProducerId++, states, markers, time,
            new LogContext());
        coordinator.startup(() -> 1, true);
        coordinator.onElection(0, elections++);
    }

    /** An instance whose constructor has not run: only what is overridden may be called. */
    private static <T> T made(Class<T> type) throws Exception {
        Field field = Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        return type.cast(((Unsafe) field.get(null)).allocateInstance(type));
    }

    private void pass(long ms) {
        long end = now + ms;
        while (true) {
            Task next = tasks.stream().filter(task -> task.at <= end)
                .min((one, other) -> Long.compare(one.at, other.at)).orElse(null);
            if (next == null) {
                now = end;
                return;
            }
            now = next.at;
            next.at += next.period;
            next.runnable.run();
        }
    }

    /** When a transaction is complete, Kafka has decided before its markers are written. */
    private static String updated(TxnTransitMetadata it) {
        boolean complete = it.txnState() == TransactionState.COMPLETE_COMMIT || it.txnState() == TransactionState.COMPLETE_ABORT;
        return complete ? "" : " updated " + time(it.txnLastUpdateTimestamp());
    }

    private void append(MemoryRecords batch) {
        log.add(batch);
        for (Record record : batch.records()) {
            offset++;
            ByteBuffer value = record.value();
            int valueVersion = value == null ? -1 : value.getShort(value.position());
            TransactionLog.ReadResult result = TransactionLog.read(record.key(), value);
            if (result instanceof TransactionLog.TxnRecord read) {
                TxnTransitMetadata it = read.metadata().prepareNoTransit();
                records.add("record: " + read.transactionId() + " " + it.txnState().stateName() + " " + it.producerId()
                    + "/" + it.producerEpoch() + " previous " + it.prevProducerId() + " next " + it.nextProducerId()
                    + " timeout " + it.txnTimeoutMs() + " began " + time(it.txnStartTimestamp()) + updated(it) + " client " + it.clientTransactionVersion().featureLevel()
                    + " v" + valueVersion + text(it.topicPartitions()));
            } else if (result instanceof TransactionLog.TxnTombstone read) {
                records.add("record: " + read.transactionId() + " is gone");
            }
        }
    }

    private final class Clock implements Time {
        @Override
        public long milliseconds() {
            return START + now;
        }

        @Override
        public long nanoseconds() {
            return now * 1_000_000;
        }

        @Override
        public void sleep(long ms) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void waitObject(Object object, Supplier<Boolean> condition, long deadline) {
            throw new UnsupportedOperationException();
        }
    }

    private final class Timers implements Scheduler {
        @Override
        public void startup() { }

        @Override
        public void shutdown() { }

        @Override
        public void resizeThreadPool(int size) { }

        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delay, long period) {
            if (period < 0) {
                task.run();
            } else {
                tasks.add(new Task(task, now + delay, period));
            }
            return null;
        }
    }

    /** Appends to the log of this program, which is committed at once. */
    private static final class Replicas extends ReplicaManager {
        private TransactionScenarios play;
        private Log read;

        private Replicas() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null, null, null, null);
        }

        @Override
        public Option<UnifiedLog> getLog(TopicPartition partition) {
            return Option.apply(read);
        }

        @Override
        public Option<Object> getLogEndOffset(TopicPartition partition) {
            return Option.apply(play.offset);
        }

        @Override
        public Option<LogConfig> getLogConfig(TopicPartition partition) {
            return Option.apply(new LogConfig(new Properties()));
        }

        @Override
        public TopicIdPartition topicIdPartition(TopicPartition partition) {
            return new TopicIdPartition(Uuid.ONE_UUID, partition);
        }

        @Override
        public void appendRecords(long timeout, short acks, boolean internal, AppendOrigin origin,
                                  scala.collection.Map<TopicIdPartition, MemoryRecords> entries,
                                  scala.Function1<Map<TopicIdPartition, PartitionResponse>, BoxedUnit> callback,
                                  scala.Function1<scala.collection.Map<TopicIdPartition, RecordValidationStats>, BoxedUnit>
                                      validation,
                                  RequestLocal local,
                                  scala.collection.Map<TopicPartition, VerificationGuard> guards, short version) {
            Map<TopicIdPartition, PartitionResponse> responses = new HashMap<>();
            scala.jdk.javaapi.CollectionConverters.asJava(entries).forEach((partition, records) -> {
                play.append(records);
                responses.put(partition, new PartitionResponse(Errors.NONE));
            });
            callback.apply(responses);
        }
    }

    /** Reads the log of this program. */
    private static final class Log extends UnifiedLog {
        private TransactionScenarios play;

        private Log() throws IOException {
            super(0, null, null, 0, null, null, Optional.empty(), false, null);
        }

        @Override
        public long logStartOffset() {
            return 0;
        }

        @Override
        public FetchDataInfo read(long from, int size, FetchIsolation isolation, boolean one) {
            ByteBuffer all = ByteBuffer.allocate(play.log.stream().mapToInt(MemoryRecords::sizeInBytes).sum());
            long base = 0;
            for (MemoryRecords batch : play.log) {
                ByteBuffer copy = ByteBuffer.allocate(batch.sizeInBytes());
                copy.put(batch.buffer().duplicate()).flip();
                long first = base;
                for (var it : MemoryRecords.readableRecords(copy).batches()) {
                    long last = first + (it.lastOffset() - it.baseOffset());
                    it.setLastOffset(last);
                    first = last + 1;
                }
                base = first;
                all.put(copy);
            }
            return new FetchDataInfo(new LogOffsetMetadata(0), MemoryRecords.readableRecords(all.flip()));
        }
    }

    /** Markers are written when the scenario says so. */
    private static final class Markers extends TransactionMarkerChannelManager {
        private TransactionScenarios play;
        private TransactionStateManager states;

        private Markers() {
            super(null, null, null, null, null);
        }

        @Override
        public void start() { }

        @Override
        public void removeMarkersForTxnTopicPartition(int partition) { }

        @Override
        public void addTxnMarkersToSend(int coordinatorEpoch, TransactionResult result, TransactionMetadata metadata,
                                        TxnTransitMetadata next) {
            String id = metadata.transactionalId();
            Runnable complete = () -> {
                new ArrayList<>(metadata.topicPartitions()).forEach(metadata::removePartition);
                states.appendTransactionToLog(id, coordinatorEpoch, next, error -> {
                    if (error != Errors.NONE) {
                        throw new IllegalStateException(error.name());
                    }
                    return BoxedUnit.UNIT;
                }, error -> false, RequestLocal.noCaching());
            };
            if (metadata.topicPartitions().isEmpty()) {
                complete.run();
                return;
            }
            play.due.add("due: " + id + " " + metadata.producerId() + "/" + metadata.producerEpoch() + " "
                + result.toString().toLowerCase() + " version " + metadata.clientTransactionVersion().featureLevel()
                + text(metadata.topicPartitions()));
            play.pending.put(id, complete);
        }
    }
}
