//! DeleteGroups.

use protocol::messages::delete_groups_request::DeleteGroupsRequest;

use super::coordinator::{group_outcome, not_answered};
use crate::admin::{Admin, Outcomes};
use crate::error::ClientError;

impl Admin {
    /// Deletes these groups and their committed offsets.
    ///
    /// # Errors
    /// When nobody answers; for a group NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND and their like.
    pub async fn delete_groups(&self, groups: &[String]) -> Result<Outcomes<String, ()>, ClientError> {
        let mut deleted = Outcomes::new();
        for group in groups {
            let request =
                DeleteGroupsRequest { groups_names: vec![group.clone()], ..DeleteGroupsRequest::default() };
            let first_error = |answer: &protocol::messages::delete_groups_response::DeleteGroupsResponse| {
                answer.results.first().map_or(0, |result| result.error_code)
            };
            let answer = self.ask_coordinator(group, &request, first_error).await?;
            let result = answer.results.into_iter().next();
            let result = result.ok_or_else(|| not_answered("DeleteGroups", group))?;
            deleted.insert(group.clone(), group_outcome(group, result.error_code, None));
        }
        Ok(deleted)
    }
}
