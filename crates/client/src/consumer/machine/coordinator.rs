//! Which broker coordinates the consumer's group.

use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use tokio::time::Instant;

use super::ConsumerMachine;
use super::effect::{CoordinatorCall, Effect};
use crate::errand::Errand;
use crate::error::ClientError;
use crate::find_coordinator::{self, Coordinated, Found};

/// What is known of the coordinator.
#[derive(Debug, Default)]
pub(super) struct Coordinator {
    /// host:port, where it is known.
    address: Option<String>,
    search: Errand,
    /// Somebody needs it.
    is_wanted: bool,
}

impl ConsumerMachine {
    /// Whether the coordinator is known; if not, it is looked for.
    pub(super) fn has_coordinator(&mut self) -> bool {
        self.coordinator.is_wanted |= self.coordinator.address.is_none();
        self.coordinator.address.is_some()
    }

    /// Sends a call to the coordinator, which is known.
    pub(super) fn call_coordinator(&mut self, call: CoordinatorCall) {
        if let Some(address) = self.coordinator.address.clone() {
            self.effects.push_back(Effect::Coordinator { address, call });
        }
    }

    /// The coordinator moved, or does not answer.
    pub(super) fn lose_coordinator(&mut self, why: &dyn std::fmt::Display) {
        if let Some(address) = self.coordinator.address.take() {
            tracing::info!(%address, %why, "the group's coordinator is looked for anew");
        }
        self.coordinator.is_wanted = true;
    }

    pub(super) fn advance_coordinator(&mut self, now: Instant) {
        if !self.coordinator.is_wanted || self.coordinator.address.is_some() {
            return;
        }
        let Some(group) = self.config.group_id.clone() else { return };
        if self.coordinator.search.begins(now) {
            let request = find_coordinator::request(Coordinated::Group(&group));
            self.effects.push_back(Effect::FindCoordinator(request));
        } else if let Some(at) = self.coordinator.search.wake_at() {
            self.wake(at);
        }
    }

    pub(super) fn handle_coordinator(
        &mut self,
        answer: Result<FindCoordinatorResponse, ClientError>,
        now: Instant,
    ) {
        let group = self.config.group_id.as_deref().unwrap_or_default();
        let found = answer.and_then(|answer| find_coordinator::found(Coordinated::Group(group), answer));
        match found {
            Ok(Found { address, .. }) => {
                tracing::debug!(%address, "found the group's coordinator");
                self.coordinator.search.succeeded();
                self.coordinator.address = Some(address);
                self.coordinator.is_wanted = false;
                self.membership.coordinator_found(now);
            }
            Err(error) => {
                let client = &self.client;
                self.coordinator.search.failed(now, |failures| client.backoff(failures));
                tracing::debug!(%error, "the group's coordinator is not found");
                if !error.is_retriable() {
                    self.fail_commits(&error);
                    self.membership.fatal.get_or_insert(error);
                }
            }
        }
    }
}
