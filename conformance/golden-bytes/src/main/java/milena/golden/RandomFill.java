package milena.golden;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field.TaggedFieldsSection;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Random;

/** Sets fields of a message to random values: those that its schema at one version has. */
final class RandomFill {
    /** A tag no message knows, and its value; the tests know both. */
    private static final RawTaggedField UNKNOWN = new RawTaggedField(9999, new byte[] {1, 2, 3});

    private final Random random;
    private final Shape shape;

    RandomFill(Random random, Shape shape) {
        this.random = random;
        this.shape = shape;
    }

    void fill(Message value, Schema schema) throws Exception {
        for (BoundField field : schema.fields()) {
            if (field.def instanceof TaggedFieldsSection) {
                for (var tagged : ((TaggedFields) field.def.type).fields().values()) {
                    set(value, tagged.name, tagged.type);
                }
                if (shape == Shape.TAGGED) {
                    value.unknownTaggedFields().add(UNKNOWN);
                }
            } else {
                set(value, field.def.name, field.def.type);
            }
        }
    }

    private void set(Message value, String snakeName, Type type) throws Exception {
        Field field = javaField(value.getClass(), snakeName);
        field.setAccessible(true);
        if (BaseRecords.class.isAssignableFrom(field.getType()) && !type.isNullable()) {
            // Unset records cannot be written at all where they may not be null.
            field.set(value, records(shape == Shape.DEFAULT ? 0 : random.nextInt(40)));
        } else if (random.nextDouble() < shape.chanceToSet) {
            field.set(value, any(field.getGenericType(), field.getType(), type));
        } else if (type.isNullable() && shape != Shape.DEFAULT && random.nextBoolean()) {
            field.set(value, null);
        } else if (shape == Shape.TAGGED && field.get(value) instanceof Message inner) {
            // Even where nothing else in it is set.
            fill(inner, (Schema) type);
        }
    }

    /** Fields are named `topicData` in classes and `topic_data` in schemas. */
    private static Field javaField(Class<?> owner, String snakeName) {
        String plain = snakeName.replace("_", "");
        for (Field field : owner.getDeclaredFields()) {
            if (field.getName().equalsIgnoreCase(plain)) {
                return field;
            }
        }
        throw new IllegalStateException(owner + " has no field " + snakeName);
    }

    private Object any(java.lang.reflect.Type generic, Class<?> java, Type type) throws Exception {
        if (Collection.class.isAssignableFrom(java)) {
            return collection(generic, java, type.arrayElementType().orElseThrow());
        }
        if (Message.class.isAssignableFrom(java)) {
            Message inner = (Message) java.getDeclaredConstructor().newInstance();
            fill(inner, (Schema) type);
            return inner;
        }
        return scalar(java, type.toString());
    }

    @SuppressWarnings("unchecked")
    private Object collection(java.lang.reflect.Type generic, Class<?> java, Type element) throws Exception {
        ParameterizedType parameters =
            (ParameterizedType) (generic instanceof ParameterizedType ? generic : java.getGenericSuperclass());
        Class<?> elementClass = (Class<?>) parameters.getActualTypeArguments()[0];
        Collection<Object> out =
            java.isInterface() ? new java.util.ArrayList<>() : (Collection<Object>) java.getConstructor().newInstance();
        int count = shape == Shape.FULL ? 1 + random.nextInt(2) : random.nextInt(3);
        for (int index = 0; index < count; index++) {
            out.add(any(elementClass, elementClass, element));
        }
        return out;
    }

    private Object scalar(Class<?> java, String type) {
        if (java == boolean.class) return shape == Shape.FULL || random.nextBoolean();
        if (java == byte.class || java == Byte.class) return (byte) integer(8);
        if (java == short.class || java == Short.class) return (short) integer(16);
        if (java == int.class && type.equals("UINT16")) return (int) integer(16) & 0xffff;
        if (java == int.class || java == Integer.class) return (int) integer(32);
        if (java == long.class && type.equals("UINT32")) return integer(32) & 0xffffffffL;
        if (java == long.class || java == Long.class) return integer(64);
        if (java == double.class) return random.nextInt(100000) / 64.0;
        if (java == Uuid.class) return new Uuid(random.nextLong(), integer(64));
        if (java == String.class) return text();
        if (java == byte[].class) return bytes();
        if (java == ByteBuffer.class) return ByteBuffer.wrap(bytes());
        if (BaseRecords.class.isAssignableFrom(java)) return records(random.nextInt(40));
        throw new IllegalStateException("no values for " + java + " " + type);
    }

    /** Half of them use all bits, the others are small; never zero, which so often is the default. */
    private long integer(int bits) {
        long value = random.nextBoolean() ? random.nextLong() >> (64 - bits) : random.nextInt(100) + 1;
        return value == 0 ? 1 : value;
    }

    private String text() {
        StringBuilder out = new StringBuilder();
        int length = random.nextInt(12) == 0 ? 130 : 1 + random.nextInt(5);
        for (int index = 0; index < length; index++) {
            out.append((char) ('a' + random.nextInt(26)));
        }
        return random.nextInt(8) == 0 ? out + "é€\"\\" : out.toString();
    }

    private byte[] bytes() {
        byte[] out = new byte[random.nextInt(12) == 0 ? 200 : random.nextInt(6)];
        random.nextBytes(out);
        return out;
    }

    /** Kafka's JSON tells no more of records than their size, so the size tells the tests all bytes. */
    private static MemoryRecords records(int size) {
        byte[] out = new byte[size];
        for (int index = 0; index < size; index++) {
            out[index] = (byte) (size * 7 + index * 31);
        }
        return MemoryRecords.readableRecords(ByteBuffer.wrap(out));
    }
}
