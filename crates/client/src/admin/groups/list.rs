//! ListGroups, asked of every broker: each knows those it has.

use std::collections::BTreeMap;

use protocol::messages::list_groups_request::ListGroupsRequest;

use crate::admin::ask::Whom;
use crate::admin::{Admin, whole};
use crate::call::Call;
use crate::error::ClientError;
use crate::network_client::AutoCreate;

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub group: String,
    /// `consumer` where its members are consumers; empty where nothing but offsets is known of it.
    pub protocol_type: String,
    /// `Stable`, `Empty` and so on; empty where the brokers are too old to tell (KIP-518).
    pub state: String,
    /// `classic`, `consumer`, `share`, `streams`; empty where the brokers are too old to tell (KIP-848).
    pub group_type: String,
}

impl Admin {
    /// All groups that may be seen, by id.
    ///
    /// # Errors
    /// When a broker does not answer.
    pub async fn list_groups(&self) -> Result<Vec<GroupListing>, ClientError> {
        self.client().refresh(&[], AutoCreate::Forbidden).await?;
        let request = ListGroupsRequest::default();
        let mut groups = BTreeMap::new();
        for node in self.client().metadata().nodes.into_keys() {
            let answer = self.ask(Whom::Node(node), &request, |answer| answer.error_code).await?;
            whole(ListGroupsRequest::API, answer.error_code)?;
            groups.extend(answer.groups.into_iter().map(|listed| {
                let group = GroupListing {
                    group: listed.group_id,
                    protocol_type: listed.protocol_type,
                    state: listed.group_state,
                    group_type: listed.group_type,
                };
                (group.group.clone(), group)
            }));
        }
        Ok(groups.into_values().collect())
    }
}
