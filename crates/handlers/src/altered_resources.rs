//! What AlterConfigs and IncrementalAlterConfigs share: which resources are meant, who may alter them, one answer for each
//! in the order of the request.

use std::collections::BTreeMap;

use broker::Broker;
use controller_node::AlterOutcome;
use metadata::{ConfigResource, ConfigResourceType};
use net::Request;
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::controlled;

/// The code and the words of a refusal.
pub(crate) type Refusal = (ErrorCode, Option<String>);

/// The resources of a request and what became of each.
pub(crate) struct AlteredResources {
    named: Vec<(i8, String)>,
    counts: BTreeMap<(i8, String), usize>,
    told: Vec<Result<(), Refusal>>,
}

impl AlteredResources {
    /// The resources as they were named, by type and name.
    pub(crate) fn new(named: Vec<(i8, String)>) -> Self {
        let mut counts = BTreeMap::new();
        named.iter().for_each(|name| *counts.entry(name.clone()).or_default() += 1);
        let told = named.iter().map(|_| Ok(())).collect();
        Self { named, counts, told }
    }

    /// The resource at this place of the request, if whoever asks may alter it here.
    pub(crate) fn check(
        &self,
        place: usize,
        broker: &Broker,
        authorizer: &Authorizer,
        request: &Request,
    ) -> Result<ConfigResource, Refusal> {
        let (type_id, name) = &self.named[place];
        let resource_type = ConfigResourceType::from_id(*type_id);
        let (on, denied) = match resource_type {
            ConfigResourceType::Topic => (Resource::Topic(name), ErrorCode::TopicAuthorizationFailed),
            ConfigResourceType::Group => (Resource::Group(name), ErrorCode::GroupAuthorizationFailed),
            _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
        };
        if !authorizer.allows(&request.connection, Operation::AlterConfigs, on) {
            return Err((denied, None));
        }
        let invalid = |message: String| Err((ErrorCode::InvalidRequest, Some(message)));
        if self.counts[&self.named[place]] > 1 {
            return invalid("the request has this resource more than once".to_owned());
        }
        match resource_type {
            ConfigResourceType::Broker if name.is_empty() => Ok(ConfigResource::broker_defaults()),
            // Settings of a broker are checked by itself, and so are its loggers.
            ConfigResourceType::Broker | ConfigResourceType::BrokerLogger => match name.parse::<i32>() {
                Ok(id) if id == broker.node_id().0 => {
                    Ok(ConfigResource { resource_type, name: broker.node_id().to_string() })
                }
                _ => invalid(format!("this is broker {}, {name:?} is another's name", broker.node_id())),
            },
            ConfigResourceType::Other(id) => invalid(format!("no kind of resource has the number {id}")),
            _ => Ok(ConfigResource { resource_type, name: name.clone() }),
        }
    }

    /// What became of the resource at this place.
    pub(crate) fn tell(&mut self, place: usize, outcome: Result<(), Refusal>) {
        self.told[place] = outcome;
    }

    /// What the controller says of the resources at these places, in their order.
    pub(crate) fn tell_all(&mut self, places: &[usize], outcomes: Result<AlterOutcome, controlled::Refusal>) {
        match outcomes {
            Ok(outcomes) => {
                for (place, (_, outcome)) in places.iter().zip(outcomes) {
                    self.told[*place] = outcome.map_err(|error| (error.code(), Some(error.to_string())));
                }
            }
            Err((error, message)) => {
                for place in places {
                    self.told[*place] = Err((error, Some(message.clone())));
                }
            }
        }
    }

    /// Type, name, code and words for each resource.
    pub(crate) fn into_answers(self) -> impl Iterator<Item = (i8, String, ErrorCode, Option<String>)> {
        self.named.into_iter().zip(self.told).map(|((type_id, name), told)| {
            let (code, message) = told.err().unwrap_or((ErrorCode::None, None));
            (type_id, name, code, message)
        })
    }
}
