import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;

/**
 * Prints every broker key of the Apache Kafka on the class path: name, type, default, valid values, and whether it can be
 * altered while a broker runs, separated by tabs.
 */
public class NodeKeys {
    public static void main(String[] arguments) {
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (ConfigDef.ConfigKey key : new TreeMap<>(AbstractKafkaConfig.CONFIG_DEF.configKeys()).values()) {
            Object value = key.hasDefault() ? key.defaultValue : "<required>";
            if (value instanceof List<?> entries) {
                value = String.join(",", entries.stream().map(Object::toString).toList());
            }
            String valid = key.validator == null ? "" : key.validator.toString();
            String mode = modes.getOrDefault(key.name, "read-only");
            System.out.println(String.join("\t", key.name, key.type.toString(), String.valueOf(value), valid, mode));
        }
    }
}
