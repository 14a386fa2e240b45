package milena.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;

import java.io.File;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.jar.JarFile;

/** One generated class of Kafka, found on the class path. */
record MessageClass(String name, Class<? extends Message> type, Schema[] schemas, short lowest, short highest) {
    private static final String CONVERTER = "JsonConverter.class";

    /** All of them by name: every class that has a converter to JSON beside it and is not nested. */
    static Iterable<MessageClass> all() throws Exception {
        TreeMap<String, MessageClass> found = new TreeMap<>();
        for (String path : System.getProperty("milena.class.path", classPath()).split(File.pathSeparator)) {
            if (!path.endsWith(".jar")) {
                continue;
            }
            try (JarFile jar = new JarFile(path)) {
                for (String entry : entries(jar)) {
                    if (entry.startsWith("org/apache/kafka/") && entry.endsWith(CONVERTER) && !entry.contains("$")) {
                        String className = entry.substring(0, entry.length() - CONVERTER.length()).replace('/', '.');
                        MessageClass message = of(Class.forName(className).asSubclass(Message.class));
                        if (found.put(message.name, message) != null) {
                            throw new IllegalStateException("two messages are called " + message.name);
                        }
                    }
                }
            }
        }
        return found.values();
    }

    /** Maven's exec plugin loads classes by a loader of its own. */
    private static String classPath() {
        if (MessageClass.class.getClassLoader() instanceof java.net.URLClassLoader loader) {
            List<String> paths = new ArrayList<>();
            for (java.net.URL url : loader.getURLs()) {
                paths.add(new File(url.getPath()).getPath());
            }
            return String.join(File.pathSeparator, paths);
        }
        return System.getProperty("java.class.path");
    }

    private static List<String> entries(JarFile jar) {
        return jar.stream().map(entry -> entry.getName()).toList();
    }

    private static MessageClass of(Class<? extends Message> type) throws Exception {
        String name = type.getSimpleName();
        if (name.endsWith("RequestData") || name.endsWith("ResponseData") || name.endsWith("HeaderData")) {
            name = name.substring(0, name.length() - "Data".length());
        }
        Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
        short lowest = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
        short highest = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
        return new MessageClass(name, type, schemas, lowest, highest);
    }

    Message create() throws Exception {
        return type.getConstructor().newInstance();
    }

    Schema schema(short version) {
        return schemas[version];
    }

    boolean isFlexible(short version) {
        for (var field : schema(version).fields()) {
            if (field.def instanceof Field.TaggedFieldsSection) {
                return true;
            }
        }
        return false;
    }

    ObjectNode toJson(Message value, short version) throws Exception {
        Class<?> converter = Class.forName(type.getName() + "JsonConverter");
        Method write = converter.getMethod("write", type, short.class, boolean.class);
        // Without their records, of which only the size is told then.
        return (ObjectNode) (JsonNode) write.invoke(null, value, version, false);
    }
}
