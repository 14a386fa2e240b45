package wire;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Record batches and the Produce requests that carry them; timestamps are the same in every run. */
final class Batches {
    static final long THEN = 1_700_000_000_000L;

    private Batches() {
    }

    static SimpleRecord record(long timestamp, String key, String value) {
        return new SimpleRecord(timestamp, key == null ? null : key.getBytes(), value == null ? null : value.getBytes());
    }

    static SimpleRecord[] records(int count) {
        SimpleRecord[] records = new SimpleRecord[count];
        for (int at = 0; at < count; at++) {
            records[at] = record(THEN + at, "k" + at, "value " + at);
        }
        return records;
    }

    static MemoryRecords plain(int count) {
        return MemoryRecords.withRecords(Compression.NONE, records(count));
    }

    static MemoryRecords idempotent(long producerId, int epoch, int sequence, int count) {
        return MemoryRecords.withIdempotentRecords(Compression.NONE, producerId, (short) epoch, sequence, records(count));
    }

    static MemoryRecords magic(int magic, Compression compression, int count) {
        return MemoryRecords.withRecords((byte) magic, 0, compression, TimestampType.CREATE_TIME, records(count));
    }

    static ByteBuffer bytes(MemoryRecords records) {
        ByteBuffer copy = ByteBuffer.allocate(records.sizeInBytes());
        copy.put(records.buffer().duplicate()).flip();
        return copy;
    }

    static MemoryRecords of(ByteBuffer bytes) {
        return MemoryRecords.readableRecords(bytes);
    }

    static MemoryRecords joined(MemoryRecords first, MemoryRecords second) {
        ByteBuffer both = ByteBuffer.allocate(first.sizeInBytes() + second.sizeInBytes());
        both.put(bytes(first)).put(bytes(second)).flip();
        return of(both);
    }

    /** One partition's records; the topic is named as the version wants it. */
    static ProduceRequestData produce(int version, int acks, String name, Uuid id, int partition, MemoryRecords records) {
        return request(acks, topic(version, name, id, part(partition, records)));
    }

    static PartitionProduceData part(int partition, MemoryRecords records) {
        return new PartitionProduceData().setIndex(partition).setRecords(records);
    }

    static TopicProduceData topic(int version, String name, Uuid id, PartitionProduceData... partitions) {
        TopicProduceData topic = new TopicProduceData().setPartitionData(List.of(partitions));
        return version >= 13 ? topic.setTopicId(id) : topic.setName(name);
    }

    static ProduceRequestData request(int acks, TopicProduceData... topics) {
        ProduceRequestData request = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(10_000);
        for (TopicProduceData topic : topics) {
            request.topicData().mustAdd(topic);
        }
        return request;
    }
}
