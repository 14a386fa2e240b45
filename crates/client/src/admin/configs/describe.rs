//! DescribeConfigs.

use protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use protocol::messages::describe_configs_response::DescribeConfigsResourceResult;

use super::ConfigResource;
use crate::admin::{Admin, Outcomes, outcome};
use crate::error::ClientError;

/// Where a key's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum ConfigSource {
    DynamicTopic,
    DynamicBroker,
    DynamicDefaultBroker,
    StaticBroker,
    Default,
    DynamicBrokerLogger,
    ClientMetrics,
    Group,
    /// A source that is newer than this client.
    Other(i8),
}

impl ConfigSource {
    fn of(number: i8) -> Self {
        match number {
            1 => Self::DynamicTopic,
            2 => Self::DynamicBroker,
            3 => Self::DynamicDefaultBroker,
            4 => Self::StaticBroker,
            5 => Self::Default,
            6 => Self::DynamicBrokerLogger,
            7 => Self::ClientMetrics,
            8 => Self::Group,
            other => Self::Other(other),
        }
    }

    /// In words: `dynamic topic`, `default`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DynamicTopic => "topic",
            Self::DynamicBroker => "broker",
            Self::DynamicDefaultBroker => "all brokers",
            Self::StaticBroker => "file",
            Self::Default => "default",
            Self::DynamicBrokerLogger => "logger",
            Self::ClientMetrics => "client metrics",
            Self::Group => "group",
            Self::Other(_) => "unknown",
        }
    }

    /// Whether somebody set it while the cluster ran.
    pub const fn is_dynamic(self) -> bool {
        !matches!(self, Self::StaticBroker | Self::Default)
    }
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// The key.
    pub name: String,
    /// `None` where it is sensitive, or has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether it cannot be altered while the cluster runs.
    pub is_read_only: bool,
    /// Whether its value is never told.
    pub is_sensitive: bool,
    /// Where else it could come from, the one that counts first.
    pub synonyms: Vec<ConfigSynonym>,
    /// What it means, where the broker says so.
    pub documentation: Option<String>,
}

/// A place that a value may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// The key there, such as `log.retention.ms` for `retention.ms`.
    pub name: String,
    /// The value there.
    pub value: Option<String>,
    /// The place.
    pub source: ConfigSource,
}

impl Admin {
    /// All keys of each of these resources. A broker is asked about itself.
    ///
    /// # Errors
    /// When nobody answers; for a resource what the cluster says, such as UNKNOWN_TOPIC_OR_PARTITION.
    pub async fn describe_configs(
        &self,
        resources: &[ConfigResource],
    ) -> Result<Outcomes<ConfigResource, Vec<ConfigEntry>>, ClientError> {
        let mut described = Outcomes::new();
        // One by one: they may go to different brokers, and few are asked about.
        for resource in resources {
            let request = DescribeConfigsRequest {
                resources: vec![DescribeConfigsResource {
                    resource_type: resource.resource_type.number(),
                    resource_name: resource.name.clone(),
                    configuration_keys: None,
                    ..DescribeConfigsResource::default()
                }],
                include_synonyms: true,
                include_documentation: true,
                ..DescribeConfigsRequest::default()
            };
            let answer = self.ask(resource.whom(), &request, |_| 0).await?;
            let result = answer.results.into_iter().next().ok_or_else(|| ClientError::Malformed {
                api: "DescribeConfigs",
                reason: format!("no answer for {resource}"),
            })?;
            let entries = outcome(&resource.to_string(), result.error_code, result.error_message)
                .map(|()| result.configs.into_iter().map(ConfigEntry::from).collect());
            described.insert(resource.clone(), entries);
        }
        Ok(described)
    }
}

impl From<DescribeConfigsResourceResult> for ConfigEntry {
    fn from(entry: DescribeConfigsResourceResult) -> Self {
        let synonyms = entry.synonyms.into_iter().map(|synonym| ConfigSynonym {
            name: synonym.name,
            value: synonym.value,
            source: ConfigSource::of(synonym.source),
        });
        Self {
            name: entry.name,
            value: entry.value,
            source: ConfigSource::of(entry.config_source),
            is_read_only: entry.read_only,
            is_sensitive: entry.is_sensitive,
            synonyms: synonyms.collect(),
            documentation: entry.documentation,
        }
    }
}
