import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints every topic key of the Apache Kafka on the class path: name, type, default, valid values, whether it is internal,
 * and the broker keys that give it its default, each with what it makes of 1. Separated by tabs.
 */
public class TopicKeys {
    public static void main(String[] arguments) {
        for (ConfigDef.ConfigKey key : new TreeMap<>(LogConfig.configKeys()).values()) {
            Object value = key.defaultValue;
            if (value instanceof List<?> entries) {
                value = String.join(",", entries.stream().map(Object::toString).toList());
            }
            String valid = key.validator == null ? "" : key.validator.toString();
            List<String> synonyms = ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS
                .getOrDefault(key.name, List.of()).stream()
                .map(synonym -> synonym.name() + "=" + synonym.converter().apply("1")).toList();
            System.out.println(String.join("\t", key.name, key.type.toString(), String.valueOf(value), valid,
                key.internalConfig ? "internal" : "", String.join(",", synonyms)));
        }
    }
}
