//! Keys as variables of the environment, as the official image of Apache Kafka reads them: `KAFKA_LOG_RETENTION_MS` is
//! `log.retention.ms`, two underscores are one, three are a dash.

/// Variables that begin like keys and are for Kafka's scripts and its Java machine.
const NO_KEYS: &[&str] = &[
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_JMX_HOSTNAME",
    "KAFKA_JMX_OPTS",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_LOG4J_LOGGERS",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_LOG4J_ROOT_LOGLEVEL",
    "KAFKA_OPTS",
    "KAFKA_TOOLS_LOG4J_LOGLEVEL",
    "KAFKA_VERSION",
];

/// The variable that names the cluster, in the official image of Apache Kafka as here; no key says that.
pub const CLUSTER_ID_VARIABLE: &str = "CLUSTER_ID";

/// The key that a variable of the environment sets; `None` where it sets none.
pub fn key_of_variable(variable: &str) -> Option<String> {
    let name = variable.strip_prefix("KAFKA_").filter(|name| !name.is_empty())?;
    if NO_KEYS.contains(&variable) {
        return None;
    }
    Some(name.to_lowercase().replace('_', ".").replace("...", "-").replace("..", "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the image's own code makes of them (`conformance/golden-bytes/EnvironmentKeys.java`).
    #[test]
    fn variables_are_read_as_the_official_image_reads_them() {
        for line in include_str!("../testdata/environment-keys-4.3.1.tsv").lines() {
            let (variable, property) = line.split_once('\t').expect("a variable and what becomes of it");
            let key = property.strip_suffix("=v").map(str::to_owned);
            assert_eq!(key_of_variable(variable), key, "{variable}");
        }
        assert_eq!(key_of_variable("KAFKA_"), None);
    }
}
