//! AlterConfigs: all settings of a resource at once; what is not given is removed (KIP-133).

use metadata::ConfigResource;
use protocol::records::config_record::ConfigRecord;

use super::{AlterOutcome, ConfigChange, ConfigOperation};
use crate::{Controller, ControllerError, Decision};

/// All settings that a resource shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSettings {
    /// The resource.
    pub resource: ConfigResource,
    /// Keys and values, as given; a missing value is refused.
    pub settings: Vec<(String, Option<String>)>,
}

impl Controller {
    /// Replaces settings, or only says whether they could be replaced.
    pub fn decide_alter_configs(
        &self,
        resources: &[ResourceSettings],
        validate_only: bool,
    ) -> Decision<AlterOutcome> {
        self.decide_each(resources, validate_only, |it| &it.resource, |it| self.replace(it))
    }

    fn replace(&self, asked: &ResourceSettings) -> Result<Vec<ConfigRecord>, ControllerError> {
        let ResourceSettings { resource, settings } = asked;
        let set = settings.iter().map(|(name, value)| ConfigChange {
            name: name.clone(),
            operation: ConfigOperation::Set,
            value: value.clone(),
        });
        let is_given = |name: &String| settings.iter().any(|(given, _)| given == name);
        let gone = self.image().configs.of(resource).keys().filter(|name| !is_given(name));
        let removed = gone.map(|name| ConfigChange {
            name: name.clone(),
            operation: ConfigOperation::Delete,
            value: None,
        });
        self.alter(resource, &set.chain(removed).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use types::{ErrorCode, NodeId};

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn alter(
        cluster: &mut Cluster,
        resource: ConfigResource,
        settings: &[(&str, Option<&str>)],
    ) -> ErrorCode {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
        let asked = [ResourceSettings { resource, settings: settings.collect() }];
        let decided = cluster.controller.decide_alter_configs(&asked, false);
        cluster.append(&decided.records);
        code_of(decided.response[0].1.clone())
    }

    #[test]
    fn what_is_not_given_is_removed() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let topic = || ConfigResource::topic("t");
        let both = [("segment.ms", Some("9")), ("flush.ms", Some("8"))];
        assert_eq!(alter(&mut cluster, topic(), &both), ErrorCode::None);
        assert_eq!(alter(&mut cluster, topic(), &[("flush.ms", Some("8"))]), ErrorCode::None);
        let left: Vec<_> = cluster.controller.image().configs.of(&topic()).keys().cloned().collect();
        assert_eq!(left, ["flush.ms"]);
    }

    #[test]
    fn a_bad_setting_leaves_all_as_they_were() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let topic = || ConfigResource::topic("t");
        alter(&mut cluster, topic(), &[("segment.ms", Some("9"))]);
        let end = cluster.next_offset;
        assert_eq!(alter(&mut cluster, topic(), &[("flush.ms", Some("x"))]), ErrorCode::InvalidConfig);
        assert_eq!(alter(&mut cluster, topic(), &[("flush.ms", None)]), ErrorCode::InvalidRequest);
        let twice = [("flush.ms", Some("1")), ("flush.ms", Some("2"))];
        assert_eq!(alter(&mut cluster, topic(), &twice), ErrorCode::InvalidRequest);
        assert_eq!(cluster.next_offset, end);
    }

    #[test]
    fn the_minimum_of_all_brokers_cannot_be_left_out() {
        let mut cluster = Cluster::of(1);
        let all = ConfigResource::broker_defaults;
        let without = [("log.retention.ms", Some("9"))];
        assert_eq!(alter(&mut cluster, all(), &without), ErrorCode::InvalidConfig);
        let with = [("log.retention.ms", Some("9")), ("min.insync.replicas", Some("1"))];
        assert_eq!(alter(&mut cluster, all(), &with), ErrorCode::None);
        let one = ConfigResource::broker(NodeId(1));
        assert_eq!(alter(&mut cluster, one, &without), ErrorCode::None);
    }
}
