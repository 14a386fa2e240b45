import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.coordinator.transaction.TransactionLog;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.coordinator.transaction.TxnTransitMetadata;
import org.apache.kafka.server.common.TransactionVersion;

/**
 * Golden records of transactional ids, in each state and under each transaction.version, as the TransactionLog of the
 * Apache Kafka on the class path writes them, and what it reads in them.
 *
 * Columns, parted by tabs: transaction.version, key and value in hexadecimal ("-" for a tombstone), the transactional id
 * in hexadecimal, and then what was read: state, producer id, epoch, previous and next producer id, timeout, times of
 * begin and of the last change, client's version, partitions as TOPIC-INDEX parted by commas.
 */
public class TransactionRecords {
    private static final HexFormat HEX = HexFormat.of();
    private static final List<TransactionState> STATES = List.of(TransactionState.EMPTY, TransactionState.ONGOING,
        TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_COMMIT,
        TransactionState.COMPLETE_ABORT);

    public static void main(String[] arguments) {
        Set<TopicPartition> none = Set.of();
        Set<TopicPartition> one = Set.of(new TopicPartition("orders", 7));
        Set<TopicPartition> many = Set.of(new TopicPartition("orders", 0), new TopicPartition("orders", 200),
            new TopicPartition("orders", Integer.MAX_VALUE), new TopicPartition("a.topic_with-all.signs", 3),
            new TopicPartition("__consumer_offsets", 49));
        for (TransactionVersion version : TransactionVersion.values()) {
            for (TransactionState state : STATES) {
                for (Set<TopicPartition> partitions : List.of(none, one, many)) {
                    if (state != TransactionState.EMPTY || partitions.isEmpty()) {
                        for (TxnTransitMetadata metadata : of(state, partitions, version)) {
                            print(version, "id", metadata);
                        }
                    }
                }
            }
        }
        print(TransactionVersion.TV_2, "ïd→✓ " + "x".repeat(300),
            of(TransactionState.ONGOING, one, TransactionVersion.TV_2).get(0));
        line(TransactionVersion.TV_2, "id", "-", "-");
    }

    private static List<TxnTransitMetadata> of(TransactionState state, Set<TopicPartition> partitions,
                                               TransactionVersion version) {
        boolean tagged = version != TransactionVersion.TV_0;
        TransactionVersion client = version == TransactionVersion.TV_2 ? version : TransactionVersion.TV_0;
        long began = state == TransactionState.EMPTY ? -1 : 1_700_000_000_000L;
        return List.of(
            metadata(1000, tagged ? 1000 : -1, -1, 5, 60_000, state, partitions, began, 1_700_000_000_123L, client),
            metadata(1000, tagged ? 999 : -1, tagged ? 1001 : -1, Short.MAX_VALUE, 900_000, state, partitions, began,
                1_700_000_000_123L, client),
            metadata(Long.MAX_VALUE, -1, -1, 0, Integer.MAX_VALUE, state, partitions, began, Long.MAX_VALUE,
                TransactionVersion.TV_0));
    }

    private static TxnTransitMetadata metadata(long id, long previous, long next, int epoch, int timeout,
                                               TransactionState state, Set<TopicPartition> partitions, long began,
                                               long updated, TransactionVersion client) {
        return new TxnTransitMetadata(id, previous, next, (short) epoch, (short) -1, timeout, state,
            new HashSet<>(partitions), began, updated, client);
    }

    private static void print(TransactionVersion version, String id, TxnTransitMetadata written) {
        byte[] key = TransactionLog.keyToBytes(id);
        byte[] value = TransactionLog.valueToBytes(written, version);
        TransactionLog.TxnRecord record =
            (TransactionLog.TxnRecord) TransactionLog.read(ByteBuffer.wrap(key), ByteBuffer.wrap(value));
        TransactionMetadata read = record.metadata();
        line(version, record.transactionId(), HEX.formatHex(value), String.join("\t",
            read.state().stateName(), "" + read.producerId(), "" + read.producerEpoch(), "" + read.prevProducerId(),
            "" + read.prepareNoTransit().nextProducerId(), "" + read.txnTimeoutMs(), "" + read.txnStartTimestamp(),
            "" + read.txnLastUpdateTimestamp(), "" + read.clientTransactionVersion().featureLevel(),
            read.topicPartitions().stream().map(TopicPartition::toString).sorted().collect(Collectors.joining(","))));
    }

    private static void line(TransactionVersion version, String id, String value, String fields) {
        String key = HEX.formatHex(TransactionLog.keyToBytes(id));
        System.out.println(String.join("\t", "" + version.featureLevel(), key, value,
            HEX.formatHex(id.getBytes(StandardCharsets.UTF_8)), fields));
    }
}
