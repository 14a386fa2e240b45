//! An access policy that denies what it is told to, and keeps a list of what it was asked.

use std::sync::Mutex;

use handlers::{AccessPolicy, Operation, Resource};
use net::ConnectionContext;

/// A question in words, such as `Write topic t`.
pub fn words(operation: Operation, resource: Resource<'_>) -> String {
    match resource {
        Resource::Cluster => format!("{operation:?} cluster"),
        Resource::AnyTopic => format!("{operation:?} any topic"),
        Resource::Topic(name) => format!("{operation:?} topic {name}"),
        Resource::Group(name) => format!("{operation:?} group {name}"),
        Resource::TransactionalId(name) => format!("{operation:?} transactional id {name}"),
    }
}

/// Allows everything but the questions in `denied`.
#[derive(Debug, Default)]
pub struct Denying {
    denied: Vec<&'static str>,
    asked: Mutex<Vec<String>>,
}

impl Denying {
    pub fn new(denied: &[&'static str]) -> Self {
        Self { denied: denied.to_vec(), asked: Mutex::default() }
    }

    /// Every question so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics while it holds this").clone()
    }
}

impl AccessPolicy for Denying {
    fn allows(&self, _client: &ConnectionContext, operation: Operation, resource: Resource<'_>) -> bool {
        let question = words(operation, resource);
        let is_denied = self.denied.iter().any(|denied| *denied == question);
        self.asked.lock().expect("no test panics while it holds this").push(question);
        !is_denied
    }
}
