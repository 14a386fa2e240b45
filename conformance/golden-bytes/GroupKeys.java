import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;

/**
 * Prints every key of groups and of subscriptions to clients' metrics of the Apache Kafka on the class path: whose it is,
 * name, type, default, valid values, separated by tabs.
 */
public class GroupKeys {
    public static void main(String[] arguments) {
        print("group", GroupConfig.CONFIG_DEF);
        print("client-metrics", ClientMetricsConfigs.configDef());
    }

    private static void print(String family, ConfigDef keys) {
        for (ConfigDef.ConfigKey key : new TreeMap<>(keys.configKeys()).values()) {
            Object value = key.defaultValue;
            if (value instanceof List<?> entries) {
                value = String.join(",", entries.stream().map(Object::toString).toList());
            }
            String valid = key.validator == null ? "" : key.validator.toString();
            System.out.println(String.join("\t", family, key.name, key.type.toString(), String.valueOf(value), valid));
        }
    }
}
