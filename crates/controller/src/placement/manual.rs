//! Rules for replicas that somebody names.

use types::NodeId;

use crate::Controller;
use crate::error::AssignmentError;

impl Controller {
    /// Checks one partition's replicas. `count` is how many they must be, where that is settled.
    pub(crate) fn check_manual_assignment(
        &self,
        replicas: &[NodeId],
        count: Option<usize>,
    ) -> Result<(), AssignmentError> {
        if replicas.is_empty() {
            return Err(AssignmentError::NoReplicas);
        }
        let mut sorted = replicas.to_vec();
        sorted.sort();
        for (index, id) in sorted.iter().enumerate() {
            if self.image().cluster.broker(*id).is_none() {
                return Err(AssignmentError::UnknownBroker { id: *id });
            }
            if index > 0 && sorted[index - 1] == *id {
                return Err(AssignmentError::RepeatedBroker { id: *id });
            }
        }
        match count {
            Some(expected) if expected != replicas.len() => {
                Err(AssignmentError::ReplicaCount { found: replicas.len(), expected })
            }
            _ => Ok(()),
        }
    }
}
