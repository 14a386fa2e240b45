//! Which API goes to which handler: the one place that knows all of them.
//!
//! What stands in [`dispatch`] is served, and what is served is advertised. The range advertised is the protocol's
//! stable one (our own APIs apart: [`PRIVATE`]), but for Produce, whose versions 0–2 are advertised and refused (KAFKA-18659: librdkafka looks at them).

use net::{Answer, CloseReason, Request};
use protocol::api::{self, Api};

use crate::Handlers;
use crate::produce::Begun;
use crate::{api_versions, exchange::Handled};

/// The APIs served, by ascending key.
const SERVED: &[i16] = &[
    api::PRODUCE,
    api::FETCH,
    api::LIST_OFFSETS,
    api::METADATA,
    api::OFFSET_COMMIT,
    api::OFFSET_FETCH,
    api::FIND_COORDINATOR,
    api::JOIN_GROUP,
    api::HEARTBEAT,
    api::LEAVE_GROUP,
    api::SYNC_GROUP,
    api::DESCRIBE_GROUPS,
    api::LIST_GROUPS,
    api::API_VERSIONS,
    api::CREATE_TOPICS,
    api::DELETE_TOPICS,
    api::DELETE_RECORDS,
    api::INIT_PRODUCER_ID,
    api::OFFSET_FOR_LEADER_EPOCH,
    api::ADD_PARTITIONS_TO_TXN,
    api::ADD_OFFSETS_TO_TXN,
    api::END_TXN,
    api::WRITE_TXN_MARKERS,
    api::TXN_OFFSET_COMMIT,
    api::DESCRIBE_CONFIGS,
    api::ALTER_CONFIGS,
    api::DESCRIBE_LOG_DIRS,
    api::CREATE_PARTITIONS,
    api::DELETE_GROUPS,
    api::ELECT_LEADERS,
    api::INCREMENTAL_ALTER_CONFIGS,
    api::ALTER_PARTITION_REASSIGNMENTS,
    api::LIST_PARTITION_REASSIGNMENTS,
    api::OFFSET_DELETE,
    api::DESCRIBE_CLIENT_QUOTAS,
    api::ALTER_CLIENT_QUOTAS,
    api::DESCRIBE_USER_SCRAM_CREDENTIALS,
    api::DESCRIBE_QUORUM,
    api::UPDATE_FEATURES,
    api::DESCRIBE_CLUSTER,
    api::DESCRIBE_PRODUCERS,
    api::UNREGISTER_BROKER,
    api::DESCRIBE_TRANSACTIONS,
    api::LIST_TRANSACTIONS,
    api::CONSUMER_GROUP_HEARTBEAT,
    api::CONSUMER_GROUP_DESCRIBE,
    api::LIST_CONFIG_RESOURCES,
    api::DESCRIBE_TOPIC_PARTITIONS,
];

/// Our own APIs: served, and never advertised, so that no client of Kafka's meets them.
const PRIVATE: &[i16] = &[api::private::WHY];

/// The APIs served and the oldest version advertised of each.
pub(crate) fn advertised() -> impl Iterator<Item = (&'static Api, i16)> {
    SERVED.iter().filter_map(|key| Api::by_key(*key)).map(|api| {
        let min_version = if api.key == api::PRODUCE { 0 } else { api.min_version };
        (api, min_version)
    })
}

/// Sends a request to its handler.
pub(crate) async fn dispatch(handlers: &Handlers, request: Request) -> Answer {
    let header = &request.header;
    let handled = match Api::by_key(header.api_key).filter(|api| is_served(api)) {
        None => Err(CloseReason::refused(format!("API key {} is not served", header.api_key))),
        Some(api) if is_served_version(api, header.api_version) => route(handlers, &request).await,
        Some(api) if api.key == api::API_VERSIONS => api_versions::refuse_version(&request),
        Some(api) => Err(CloseReason::refused(format!(
            "version {} of {} is not served, {} to {} are",
            header.api_version, api.name, api.min_version, api.stable_max_version
        ))),
    };
    handled.unwrap_or_else(Answer::Close)
}

fn is_served(api: &Api) -> bool {
    SERVED.contains(&api.key) || PRIVATE.contains(&api.key)
}

fn is_served_version(api: &Api, version: i16) -> bool {
    (api.min_version..=api.stable_max_version).contains(&version)
}

/// Handlers that wait are boxed: a call takes the room of the largest future in it, and most calls have none.
async fn route(handlers: &Handlers, request: &Request) -> Handled {
    let Handlers { broker, controller, authorizer, .. } = handlers;
    match request.header.api_key {
        api::PRODUCE => match crate::produce::handle(broker, authorizer, request) {
            Begun::Handled(handled) => handled,
            Begun::Verifying(verifying) => verifying.await,
        },
        api::FETCH => crate::fetch::handle(broker, authorizer, request),
        api::LIST_OFFSETS => crate::list_offsets::handle(broker, authorizer, request),
        api::METADATA => Box::pin(crate::metadata::handle(broker, controller, authorizer, request)).await,
        api::OFFSET_COMMIT => crate::offset_commit::handle(broker, authorizer, request),
        api::OFFSET_FETCH => crate::offset_fetch::handle(broker, authorizer, request),
        api::FIND_COORDINATOR => {
            Box::pin(crate::find_coordinator::handle(broker, controller, authorizer, request)).await
        }
        api::JOIN_GROUP => crate::join_group::handle(broker, authorizer, request),
        api::HEARTBEAT => crate::heartbeat::handle(broker, authorizer, request),
        api::LEAVE_GROUP => crate::leave_group::handle(broker, authorizer, request),
        api::SYNC_GROUP => crate::sync_group::handle(broker, authorizer, request),
        api::DESCRIBE_GROUPS => crate::describe_groups::handle(broker, authorizer, request),
        api::LIST_GROUPS => crate::list_groups::handle(broker, authorizer, request),
        api::API_VERSIONS => api_versions::handle(broker, request),
        api::CREATE_TOPICS => {
            Box::pin(crate::create_topics::handle(broker, controller, authorizer, request)).await
        }
        api::DELETE_TOPICS => {
            Box::pin(crate::delete_topics::handle(broker, controller, authorizer, request)).await
        }
        api::DELETE_RECORDS => Box::pin(crate::delete_records::handle(broker, authorizer, request)).await,
        api::INIT_PRODUCER_ID => Box::pin(crate::init_producer_id::handle(broker, authorizer, request)).await,
        api::OFFSET_FOR_LEADER_EPOCH => crate::offset_for_leader_epoch::handle(broker, authorizer, request),
        api::ADD_PARTITIONS_TO_TXN => crate::add_partitions_to_txn::handle(broker, authorizer, request),
        api::ADD_OFFSETS_TO_TXN => crate::add_offsets_to_txn::handle(broker, authorizer, request),
        api::END_TXN => Box::pin(crate::end_txn::handle(broker, authorizer, request)).await,
        api::WRITE_TXN_MARKERS => crate::write_txn_markers::handle(broker, authorizer, request),
        api::TXN_OFFSET_COMMIT => {
            Box::pin(crate::txn_offset_commit::handle(broker, authorizer, request)).await
        }
        api::DESCRIBE_CONFIGS => crate::describe_configs::handle(broker, authorizer, request),
        api::ALTER_CONFIGS => {
            Box::pin(crate::alter_configs::handle(broker, controller, authorizer, request)).await
        }
        api::CREATE_PARTITIONS => {
            Box::pin(crate::create_partitions::handle(broker, controller, authorizer, request)).await
        }
        api::DELETE_GROUPS => crate::delete_groups::handle(broker, authorizer, request),
        api::OFFSET_DELETE => crate::offset_delete::handle(broker, authorizer, request),
        api::INCREMENTAL_ALTER_CONFIGS => {
            Box::pin(crate::incremental_alter_configs::handle(broker, controller, authorizer, request)).await
        }
        api::DESCRIBE_CLIENT_QUOTAS => crate::describe_client_quotas::handle(broker, authorizer, request),
        api::ALTER_CLIENT_QUOTAS => {
            Box::pin(crate::alter_client_quotas::handle(broker, controller, authorizer, request)).await
        }
        api::DESCRIBE_USER_SCRAM_CREDENTIALS => {
            crate::describe_user_scram_credentials::handle(broker, authorizer, request)
        }
        api::LIST_CONFIG_RESOURCES => crate::list_config_resources::handle(broker, authorizer, request),
        api::DESCRIBE_LOG_DIRS => {
            Box::pin(crate::describe_log_dirs::handle(broker, authorizer, request)).await
        }
        api::ELECT_LEADERS => {
            Box::pin(crate::elect_leaders::handle(broker, controller, authorizer, request)).await
        }
        api::ALTER_PARTITION_REASSIGNMENTS => {
            Box::pin(crate::alter_partition_reassignments::handle(broker, controller, authorizer, request))
                .await
        }
        api::LIST_PARTITION_REASSIGNMENTS => {
            crate::list_partition_reassignments::handle(controller, authorizer, request)
        }
        api::DESCRIBE_QUORUM => crate::describe_quorum::handle(broker, controller, authorizer, request),
        api::UPDATE_FEATURES => {
            Box::pin(crate::update_features::handle(broker, controller, authorizer, request)).await
        }
        api::DESCRIBE_PRODUCERS => crate::describe_producers::handle(broker, authorizer, request),
        api::UNREGISTER_BROKER => {
            Box::pin(crate::unregister_broker::handle(broker, controller, authorizer, request)).await
        }
        api::DESCRIBE_TRANSACTIONS => crate::describe_transactions::handle(broker, authorizer, request),
        api::LIST_TRANSACTIONS => crate::list_transactions::handle(broker, authorizer, request),
        api::DESCRIBE_CLUSTER => crate::describe_cluster::handle(broker, authorizer, request),
        api::DESCRIBE_TOPIC_PARTITIONS => {
            crate::describe_topic_partitions::handle(broker, authorizer, request)
        }
        api::CONSUMER_GROUP_HEARTBEAT => crate::consumer_group_heartbeat::handle(broker, authorizer, request),
        api::CONSUMER_GROUP_DESCRIBE => crate::consumer_group_describe::handle(broker, authorizer, request),
        api::private::WHY => crate::why::handle(broker, authorizer, request),
        key => Err(CloseReason::refused(format!("API key {key} is not served"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn produce_is_advertised_from_version_0_and_served_from_3() {
        let (produce, min_version) = advertised().next().expect("Produce is the first");
        assert_eq!((produce.name, min_version), ("Produce", 0));
        assert!(!is_served_version(produce, 2));
        assert!(is_served_version(produce, 13));
    }

    /// Bytes of the future that a function returns.
    fn size_of_future<'a, F: Future + 'a>(_: fn(&'a Handlers, Request) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_takes_little_room() {
        // Each request has one made and moved.
        let size = size_of_future(dispatch);
        assert!(size <= 512, "{size} bytes");
    }

    #[test]
    fn private_apis_are_served_and_not_advertised() {
        for key in PRIVATE {
            assert!(is_served(Api::by_key(*key).expect("the API exists")));
            assert!(advertised().all(|(api, _)| api.key != *key));
        }
        assert_eq!(PRIVATE.len(), api::private::APIS.len());
    }

    #[test]
    fn unstable_versions_are_not_served() {
        let init = Api::by_key(api::INIT_PRODUCER_ID).expect("the API exists");
        assert!(is_served_version(init, 5) && !is_served_version(init, 6));
    }
}
