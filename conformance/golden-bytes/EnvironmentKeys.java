import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import kafka.docker.KafkaDockerWrapper$;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Prints which line of server.properties the official image of the Apache Kafka on the class path makes of a variable of
 * its environment: variable, line, separated by a tab; nothing where it makes none.
 */
public class EnvironmentKeys {
    static final List<String> VARIABLES = List.of(
        "KAFKA_NODE_ID", "KAFKA_node_id", "KAFKA_NUM_PARTITIONS", "KAFKA_LISTENER_NAME_A__B_MAX_CONNECTIONS",
        "KAFKA_LISTENER_NAME_A___B_MAX_CONNECTIONS", "KAFKA_A____B", "KAFKA_A_____B", "KAFKA_A______B", "KAFKA__A", "KAFKA_A_",
        "KAFKA_KAFKA_METRICS_REPORTERS", "KAFKA_LOG_DIRS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_A.B", "KAFKA_A-B",
        "KAFKA_VERSION", "KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS", "KAFKA_OPTS", "KAFKA_JMX_OPTS", "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_GC_LOG_OPTS", "KAFKA_LOG4J_ROOT_LOGLEVEL", "KAFKA_LOG4J_LOGGERS", "KAFKA_TOOLS_LOG4J_LOGLEVEL",
        "KAFKA_JMX_HOSTNAME", "KAFKA_JMX_PORT", "KAFKA_CLUSTER_ID", "KAFKA_HOME", "CLUSTER_ID", "kafka_node_id", "KAFKANODE_ID",
        "MY_KAFKA_NODE_ID", "PATH");

    public static void main(String[] arguments) {
        for (String variable : VARIABLES) {
            var environment = scala.collection.immutable.Map$.MODULE$.<String, String>from(
                CollectionConverters.asScala(new LinkedHashMap<>(Map.of(variable, "v"))));
            var lines = CollectionConverters.asJava(KafkaDockerWrapper$.MODULE$.getServerConfigsFromEnv(environment));
            System.out.println(variable + "\t" + String.join(";", lines));
        }
    }
}
