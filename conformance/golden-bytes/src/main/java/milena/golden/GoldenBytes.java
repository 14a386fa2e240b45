package milena.golden;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

import java.io.BufferedWriter;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Writes what Apache Kafka's own classes make of seeded random values, for every message at every version.
 *
 * One line a case: NAME, VERSION, SHAPE, BYTES in hex, VALUES as Kafka's JSON, separated by tabs; then two columns of lists
 * separated by commas, either of which may be empty. The first is for the shapes that leave many fields unset: for every
 * version of the message what writing the same value there gives, the CRC-32 of the bytes in hex or `-` where Kafka refuses.
 * The second is what Kafka reads when one byte is changed, as {@link ChangedBytes} explains.
 *
 * Arguments: the file to write; optionally any text, which leads to other values.
 */
public final class GoldenBytes {
    public static void main(String[] args) throws Exception {
        String salt = args.length > 1 ? args[1] : "";
        int messages = 0;
        int cases = 0;
        GZIPOutputStream compressed = new GZIPOutputStream(new FileOutputStream(args[0])) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        };
        try (Writer out = new BufferedWriter(new OutputStreamWriter(compressed, StandardCharsets.UTF_8))) {
            for (MessageClass found : MessageClass.all()) {
                messages++;
                for (short version = found.lowest(); version <= found.highest(); version++) {
                    for (Shape shape : Shape.values()) {
                        if (shape == Shape.TAGGED && !found.isFlexible(version)) {
                            continue;
                        }
                        out.write(line(found, version, shape, salt));
                        cases++;
                    }
                }
            }
        }
        System.out.println(messages + " messages, " + cases + " cases");
    }

    private static String line(MessageClass found, short version, Shape shape, String salt) throws Exception {
        long seed = (found.name() + " " + version + " " + shape + salt).hashCode();
        Message value = found.create();
        new RandomFill(new Random(seed), shape).fill(value, found.schema(version));
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(value, version).buffer();
        String hex = HexFormat.of().formatHex(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.arrayOffset() + bytes.limit());
        ObjectNode json = found.toJson(value, version);
        String line = found.name() + "\t" + version + "\t" + shape.name().toLowerCase() + "\t" + hex + "\t" + json;
        line += "\t" + (shape.isWrittenAtOtherVersions() ? otherVersions(found, value) : "");
        byte[] original = HexFormat.of().parseHex(hex);
        line += "\t" + (shape.isChanged() ? ChangedBytes.list(found, version, original, new Random(seed + 1)) : "");
        return line + "\n";
    }

    private static String otherVersions(MessageClass found, Message value) {
        StringBuilder out = new StringBuilder();
        for (short version = found.lowest(); version <= found.highest(); version++) {
            out.append(out.isEmpty() ? "" : ",").append(checksum(value, version));
        }
        return out.toString();
    }

    private static String checksum(Message value, short version) {
        ByteBufferAccessor written;
        try {
            written = MessageUtil.toByteBufferAccessor(value, version);
        } catch (UnsupportedVersionException | NullPointerException refused) {
            // A field that the version lacks, or null where it allows none.
            return "-";
        }
        return checksum(written.buffer());
    }

    static String checksum(ByteBuffer bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return Long.toHexString(crc.getValue());
    }
}
