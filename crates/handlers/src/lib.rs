//! One file per Kafka API, and for our own: translation between wire and domain.
//!
//! A handler decodes its request, asks the authorizer, calls the one or two services it uses, and encodes the answer.
//! It keeps no state. Version quirks of the protocol stop here.
//!
//! *Boundary:* handlers see services (`broker`, `controller-node`) and words, never `log` or `raft`.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod altered_resources;
mod api_versions;
mod authorizer;
mod auto_create_topics;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod controlled;
mod coordinator_topics;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_transactions;
mod describe_user_scram_credentials;
mod doubled;
mod elect_leaders;
mod end_txn;
mod errors;
pub mod exchange;
mod fetch;
mod find_coordinator;
mod group_replies;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod internal_topics;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod node_endpoints;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod partition_view;
mod peer;
mod produce;
mod routes;
mod shard_replies;
mod sync_group;
mod topic_names;
mod transaction_replies;
mod txn_offset_commit;
mod unregister_broker;
mod update_features;
mod why;
mod write_txn_markers;

use std::sync::Arc;

use broker::Broker;
use controller_node::ControllerHandle;
use net::{Answer, Request, Service};

pub use authorizer::{AccessPolicy, Authorizer, Operation, Resource};

/// Serves the requests of a broker's listeners.
#[derive(Clone, Debug)]
pub struct Handlers {
    /// The broker.
    pub broker: Arc<Broker>,
    /// The controller.
    pub controller: ControllerHandle,
    /// Who may do what.
    pub authorizer: Authorizer,
}

impl Service for Handlers {
    async fn call(&self, request: Request) -> Answer {
        routes::dispatch(self, request).await
    }
}
