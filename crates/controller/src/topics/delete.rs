//! DeleteTopics: topics named or given by their ids.

use std::collections::BTreeMap;

use protocol::records::remove_topic_record::RemoveTopicRecord;
use types::{TopicName, Uuid};

use super::counts;
use crate::{Controller, ControllerError, Decision};

/// A topic to delete: by its name, or by its id where the name is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TopicToDelete {
    pub name: Option<String>,
    pub id: Uuid,
}

/// What whoever asks may do with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says it; each includes those before it")]
pub enum DeleteAccess {
    Nothing,
    Describe,
    Delete,
}

/// What became of a topic that was to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Its name, where whoever asks may know it.
    pub name: Option<TopicName>,
    /// Its id, zero where it is not known.
    pub id: Uuid,
    /// Whether it is deleted.
    pub result: Result<(), ControllerError>,
}

impl Controller {
    /// Deletes topics. Who may not describe a topic learns neither that its name exists nor which name an id has.
    ///
    /// # Errors
    /// [`ControllerError::TopicDeletionDisabled`] where `delete.topic.enable` is false.
    pub fn decide_delete_topics(
        &self,
        topics: &[TopicToDelete],
        access: &dyn Fn(&str) -> DeleteAccess,
    ) -> Result<Decision<Vec<DeleteOutcome>>, ControllerError> {
        if !self.settings.delete_topic_enable {
            return Err(ControllerError::TopicDeletionDisabled);
        }
        let mut outcomes = Vec::with_capacity(topics.len());
        let (names, ids) = split(topics, &mut outcomes);
        // Ids first: a name that means one of them is the duplicate.
        let mut deleted: BTreeMap<Uuid, TopicName> = BTreeMap::new();
        for id in ids {
            self.take_id(id, access, &mut deleted, &mut outcomes);
        }
        for name in names {
            self.take_name(name, access, &mut deleted, &mut outcomes);
        }
        let mut records = Vec::with_capacity(deleted.len());
        for (id, name) in deleted {
            records.push(RemoveTopicRecord { topic_id: id, ..Default::default() }.into());
            outcomes.push(DeleteOutcome { name: Some(name), id, result: Ok(()) });
        }
        Ok(Decision::atomic(records, outcomes))
    }

    fn take_id(
        &self,
        id: Uuid,
        access: &dyn Fn(&str) -> DeleteAccess,
        deleted: &mut BTreeMap<Uuid, TopicName>,
        outcomes: &mut Vec<DeleteOutcome>,
    ) {
        let mut refuse = |name, error| outcomes.push(DeleteOutcome { name, id, result: Err(error) });
        let Some(topic) = self.image().topics.by_id(id) else {
            return refuse(None, ControllerError::UnknownTopicId { id });
        };
        match access(&topic.name) {
            DeleteAccess::Delete => {
                deleted.insert(id, topic.name.clone());
            }
            DeleteAccess::Describe => {
                refuse(Some(topic.name.clone()), ControllerError::TopicAuthorization);
            }
            DeleteAccess::Nothing => refuse(None, ControllerError::TopicAuthorization),
        }
    }

    fn take_name(
        &self,
        name: &str,
        access: &dyn Fn(&str) -> DeleteAccess,
        deleted: &mut BTreeMap<Uuid, TopicName>,
        outcomes: &mut Vec<DeleteOutcome>,
    ) {
        let mut refuse =
            |id, error| outcomes.push(DeleteOutcome { name: Some(name.into()), id, result: Err(error) });
        let access = access(name);
        if access == DeleteAccess::Nothing {
            return refuse(Uuid::ZERO, ControllerError::TopicAuthorization);
        }
        let Some(topic) = self.image().topics.by_name(name) else {
            return refuse(Uuid::ZERO, ControllerError::UnknownTopic);
        };
        if access == DeleteAccess::Describe {
            return refuse(Uuid::ZERO, ControllerError::TopicAuthorization);
        }
        // A topic given both ways is refused and kept, like everything that is asked for twice.
        if deleted.remove(&topic.id).is_some() {
            return refuse(topic.id, ControllerError::TopicNameOfSuppliedId);
        }
        deleted.insert(topic.id, topic.name.clone());
    }
}

/// The names and ids that are asked for once; what is malformed or repeated goes to the outcomes.
fn split<'a>(topics: &'a [TopicToDelete], outcomes: &mut Vec<DeleteOutcome>) -> (Vec<&'a str>, Vec<Uuid>) {
    let (mut names, mut ids) = (Vec::new(), Vec::new());
    for topic in topics {
        match (&topic.name, topic.id.is_zero()) {
            (Some(name), true) => names.push(name),
            (None, false) => ids.push(topic.id),
            (name, _) => {
                let error = match name {
                    Some(_) => ControllerError::TopicNameAndId,
                    None => ControllerError::NoTopic,
                };
                let name = name.as_deref().map(TopicName::from);
                outcomes.push(DeleteOutcome { name, id: topic.id, result: Err(error) });
            }
        }
    }
    let mut once = (Vec::new(), Vec::new());
    for (name, times) in counts(names.iter().copied()) {
        match times {
            1 => once.0.push(name.as_str()),
            _ => outcomes.push(DeleteOutcome {
                name: Some(name.as_str().into()),
                id: Uuid::ZERO,
                result: Err(ControllerError::DuplicateTopicName),
            }),
        }
    }
    for (id, times) in counts(ids.iter()) {
        match times {
            1 => once.1.push(*id),
            _ => outcomes.push(DeleteOutcome {
                name: None,
                id: *id,
                result: Err(ControllerError::DuplicateTopicId),
            }),
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn named(name: &str) -> TopicToDelete {
        TopicToDelete { name: Some(name.to_owned()), id: Uuid::ZERO }
    }

    fn with_id(id: Uuid) -> TopicToDelete {
        TopicToDelete { name: None, id }
    }

    fn check(
        cluster: &Cluster,
        topics: &[TopicToDelete],
        access: DeleteAccess,
        expect: &[(&str, ErrorCode)],
    ) {
        let decided =
            cluster.controller.decide_delete_topics(topics, &|_| access).expect("deletion is enabled");
        let outcomes: Vec<_> = decided.response.iter().collect();
        let found: Vec<_> = outcomes
            .iter()
            .map(|it| (it.name.as_deref().unwrap_or("-"), code_of(it.result.clone())))
            .collect();
        assert_eq!(found, expect);
        let deleted = expect.iter().filter(|(_, code)| *code == ErrorCode::None).count();
        assert_eq!(decided.records.len(), deleted);
    }

    #[test]
    fn topics_are_deleted_by_name_and_by_id_with_their_settings() {
        let mut cluster = Cluster::of(1);
        let (a, b) = (cluster.create("a", 1, 1), cluster.create("b", 1, 1));
        cluster.set_topic_config("a", "retention.ms", "1");
        assert_ne!(a, b);
        let decided = cluster
            .controller
            .decide_delete_topics(&[named("a"), with_id(b)], &|_| DeleteAccess::Delete)
            .expect("deletion is enabled");
        cluster.append(&decided.records);
        assert!(cluster.controller.image().topics.is_empty());
        let topic_settings = cluster.controller.image().configs.iter();
        assert_eq!(topic_settings.filter(|(resource, _)| resource.name == "a").count(), 0);
    }

    #[test]
    fn what_is_unknown_repeated_or_malformed_is_refused() {
        let mut cluster = Cluster::of(1);
        let a = cluster.create("a", 1, 1);
        let stranger = Uuid::from_halves(7, 7);
        check(&cluster, &[named("x")], DeleteAccess::Delete, &[("x", ErrorCode::UnknownTopicOrPartition)]);
        check(&cluster, &[with_id(stranger)], DeleteAccess::Delete, &[("-", ErrorCode::UnknownTopicId)]);
        check(&cluster, &[named("a"), named("a")], DeleteAccess::Delete, &[("a", ErrorCode::InvalidRequest)]);
        check(&cluster, &[with_id(a), with_id(a)], DeleteAccess::Delete, &[("-", ErrorCode::InvalidRequest)]);
        check(&cluster, &[with_id(a), named("a")], DeleteAccess::Delete, &[("a", ErrorCode::InvalidRequest)]);
        check(&cluster, &[with_id(Uuid::ZERO)], DeleteAccess::Delete, &[("-", ErrorCode::InvalidRequest)]);
        let both = TopicToDelete { name: Some("a".to_owned()), id: a };
        check(&cluster, &[both], DeleteAccess::Delete, &[("a", ErrorCode::InvalidRequest)]);
    }

    #[test]
    fn who_may_not_describe_learns_nothing() {
        let mut cluster = Cluster::of(1);
        let a = cluster.create("a", 1, 1);
        let refused = ErrorCode::TopicAuthorizationFailed;
        check(&cluster, &[named("a")], DeleteAccess::Nothing, &[("a", refused)]);
        check(&cluster, &[named("x")], DeleteAccess::Nothing, &[("x", refused)]);
        check(&cluster, &[with_id(a)], DeleteAccess::Nothing, &[("-", refused)]);
        check(&cluster, &[with_id(a)], DeleteAccess::Describe, &[("a", refused)]);
    }

    #[test]
    fn deletion_can_be_disabled() {
        let mut cluster = Cluster::of(1);
        cluster.controller.settings.delete_topic_enable = false;
        let decided = cluster.controller.decide_delete_topics(&[named("a")], &|_| DeleteAccess::Delete);
        assert_eq!(decided, Err(ControllerError::TopicDeletionDisabled));
    }
}
