import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;

/** Prints every broker key of the Apache Kafka on the class path: name, type, default, valid values, separated by tabs. */
public class NodeKeys {
    public static void main(String[] arguments) {
        for (ConfigDef.ConfigKey key : new TreeMap<>(AbstractKafkaConfig.CONFIG_DEF.configKeys()).values()) {
            Object value = key.hasDefault() ? key.defaultValue : "<required>";
            if (value instanceof List<?> entries) {
                value = String.join(",", entries.stream().map(Object::toString).toList());
            }
            String valid = key.validator == null ? "" : key.validator.toString();
            System.out.println(key.name + "\t" + key.type + "\t" + value + "\t" + valid);
        }
    }
}
