package milena.golden;

import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What Kafka reads from bytes of which one has been changed, as POSITION:BYTE:OUTCOME in decimal, hex and text.
 *
 * An outcome is `-` when Kafka refuses to read, otherwise how many bytes it leaves over, a slash and the CRC-32 in hex of
 * what it writes again; or nothing after the slash where it cannot write what it has read.
 */
final class ChangedBytes {
    private static final int[] VALUES = {0x00, 0x01, 0x02, 0x7f, 0x80, 0xff};
    private static final int CHANGES = 6;

    static String list(MessageClass found, short version, byte[] original, Random random) throws Exception {
        List<String> out = new ArrayList<>();
        for (int change = 0; change < CHANGES && original.length > 0; change++) {
            int position = random.nextInt(original.length);
            int value = VALUES[random.nextInt(VALUES.length)];
            byte[] changed = original.clone();
            changed[position] = (byte) value;
            out.add(position + ":" + Integer.toHexString(value) + ":" + outcome(found, version, changed));
        }
        return String.join(",", out);
    }

    private static String outcome(MessageClass found, short version, byte[] bytes) throws Exception {
        Message value = found.create();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            value.read(new ByteBufferAccessor(buffer), version);
        } catch (RuntimeException refused) {
            return "-";
        }
        String outcome = buffer.remaining() + "/";
        try {
            return outcome + GoldenBytes.checksum(MessageUtil.toByteBufferAccessor(value, version).buffer());
        } catch (RuntimeException refused) {
            return outcome;
        }
    }
}
