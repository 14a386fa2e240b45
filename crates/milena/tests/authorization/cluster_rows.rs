//! APIs of the cluster itself, and of settings.

use protocol::api;
use protocol::messages::alter_client_quotas_request::{
    AlterClientQuotasRequest, EntityData, EntryData, OpData,
};
use protocol::messages::alter_client_quotas_response::AlterClientQuotasResponse;
use protocol::messages::alter_configs_request::AlterConfigsRequest;
use protocol::messages::alter_configs_response::AlterConfigsResponse;
use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::api_versions_response::ApiVersionsResponse;
use protocol::messages::describe_client_quotas_request::DescribeClientQuotasRequest;
use protocol::messages::describe_client_quotas_response::DescribeClientQuotasResponse;
use protocol::messages::describe_cluster_request::DescribeClusterRequest;
use protocol::messages::describe_cluster_response::DescribeClusterResponse;
use protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use protocol::messages::describe_configs_response::DescribeConfigsResponse;
use protocol::messages::describe_user_scram_credentials_request::{
    DescribeUserScramCredentialsRequest, UserName,
};
use protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResponse;
use protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use protocol::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use protocol::messages::list_config_resources_response::ListConfigResourcesResponse;

use crate::node::TestNode;
use crate::row::{Row, name};
use crate::topic_rows::operations;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const GROUP: i8 = 32;

pub fn rows() -> Vec<Row> {
    vec![
        // Asked before anybody can say who they are.
        api_versions().allowed(&[], "NONE"),
        describe_cluster()
            .allowed(&["Describe cluster"], "NONE may 0x1fa0")
            .and_operations_of("cluster")
            .denied(&["Describe cluster"], "NONE may 0x0")
            .denied(&["Create cluster"], "NONE may 0x1f80"),
        describe_configs("", [(TOPIC, "t"), (BROKER, "1")])
            .allowed(&["DescribeConfigs topic t", "DescribeConfigs cluster"], "2 t NONE, 4 1 NONE")
            .denied(&["DescribeConfigs topic t"], "2 t TOPIC_AUTHORIZATION_FAILED, 4 1 NONE")
            .denied(&["DescribeConfigs cluster"], "2 t NONE, 4 1 CLUSTER_AUTHORIZATION_FAILED"),
        incremental_alter_configs()
            .allowed(&["AlterConfigs topic t", "AlterConfigs topic u"], "2 t NONE, 2 u NONE")
            .denied(&["AlterConfigs topic t"], "2 t TOPIC_AUTHORIZATION_FAILED, 2 u NONE")
            .denied(&["AlterConfigs topic u"], "2 t NONE, 2 u TOPIC_AUTHORIZATION_FAILED"),
        describe_configs("of groups", [(GROUP, "g"), (BROKER_LOGGER, "1")])
            .allowed(&["DescribeConfigs group g", "DescribeConfigs cluster"], "32 g NONE, 8 1 NONE")
            .denied(&["DescribeConfigs group g"], "32 g GROUP_AUTHORIZATION_FAILED, 8 1 NONE")
            .denied(&["DescribeConfigs cluster"], "32 g NONE, 8 1 CLUSTER_AUTHORIZATION_FAILED"),
        alter_configs()
            .allowed(
                &["AlterConfigs topic t", "AlterConfigs group g", "AlterConfigs cluster"],
                "2 t NONE, 32 g NONE, 4 1 NONE",
            )
            .denied(&["AlterConfigs topic t"], "2 t TOPIC_AUTHORIZATION_FAILED, 32 g NONE, 4 1 NONE")
            .denied(&["AlterConfigs group g"], "2 t NONE, 32 g GROUP_AUTHORIZATION_FAILED, 4 1 NONE")
            .denied(&["AlterConfigs cluster"], "2 t NONE, 32 g NONE, 4 1 CLUSTER_AUTHORIZATION_FAILED"),
        alter_groups_and_loggers()
            .allowed(&["AlterConfigs group g", "AlterConfigs cluster"], "32 g NONE, 8 1 NONE")
            .denied(&["AlterConfigs group g"], "32 g GROUP_AUTHORIZATION_FAILED, 8 1 NONE")
            .denied(&["AlterConfigs cluster"], "32 g NONE, 8 1 CLUSTER_AUTHORIZATION_FAILED"),
        describe_client_quotas()
            .allowed(&["DescribeConfigs cluster"], "NONE")
            .denied(&["DescribeConfigs cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
        alter_client_quotas()
            .allowed(&["AlterConfigs cluster"], "user ann NONE")
            .denied(&["AlterConfigs cluster"], "user ann CLUSTER_AUTHORIZATION_FAILED"),
        describe_user_scram_credentials()
            .allowed(&["Describe cluster"], "NONE, ann RESOURCE_NOT_FOUND")
            .denied(&["Describe cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
        list_config_resources()
            .allowed(&["DescribeConfigs cluster"], "2 t, 2 u, NONE")
            .denied(&["DescribeConfigs cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
    ]
}

pub fn api_versions() -> Row {
    let request = |_: &TestNode| ApiVersionsRequest {
        client_software_name: "authorization".to_owned(),
        client_software_version: "1".to_owned(),
        ..Default::default()
    };
    Row::new(api::API_VERSIONS, 4, "", request, |_, answer: ApiVersionsResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn describe_cluster() -> Row {
    let request = |_: &TestNode| DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 1,
        ..Default::default()
    };
    Row::new(api::DESCRIBE_CLUSTER, 2, "", request, |_, answer: DescribeClusterResponse| {
        let may = operations(answer.cluster_authorized_operations);
        vec![format!("{} may {may}", name(answer.error_code))]
    })
}

fn describe_configs(variant: &'static str, resources: [(i8, &'static str); 2]) -> Row {
    let resource = |(resource_type, resource_name): (i8, &str)| DescribeConfigsResource {
        resource_type,
        resource_name: resource_name.to_owned(),
        configuration_keys: None,
        ..Default::default()
    };
    let request = move |_: &TestNode| DescribeConfigsRequest {
        resources: resources.map(resource).into(),
        ..Default::default()
    };
    Row::new(api::DESCRIBE_CONFIGS, 4, variant, request, |_, answer: DescribeConfigsResponse| {
        let told = answer.results.iter();
        told.map(|it| format!("{} {} {}", it.resource_type, it.resource_name, name(it.error_code))).collect()
    })
}

fn incremental_alter_configs() -> Row {
    let resource = |(resource_type, resource_name): (i8, &str)| AlterConfigsResource {
        resource_type,
        resource_name: resource_name.to_owned(),
        configs: vec![AlterableConfig {
            name: "retention.ms".to_owned(),
            value: Some("60000".to_owned()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = move |_: &TestNode| IncrementalAlterConfigsRequest {
        resources: [(TOPIC, "t"), (TOPIC, "u")].map(resource).into(),
        ..Default::default()
    };
    Row::new(api::INCREMENTAL_ALTER_CONFIGS, 1, "", request, |_, answer: IncrementalAlterConfigsResponse| {
        let told = answer.responses.iter();
        told.map(|it| format!("{} {} {}", it.resource_type, it.resource_name, name(it.error_code))).collect()
    })
}

fn alter_configs() -> Row {
    use protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let resource =
        |(resource_type, resource_name, key, value): (i8, &str, &str, &str)| AlterConfigsResource {
            resource_type,
            resource_name: resource_name.to_owned(),
            configs: vec![AlterableConfig {
                name: key.to_owned(),
                value: Some(value.to_owned()),
                ..Default::default()
            }],
            ..Default::default()
        };
    let request = move |_: &TestNode| AlterConfigsRequest {
        resources: [
            (TOPIC, "t", "retention.ms", "60000"),
            (GROUP, "g", "consumer.session.timeout.ms", "50000"),
            (BROKER, "1", "log.retention.ms", "60000"),
        ]
        .map(resource)
        .into(),
        ..Default::default()
    };
    Row::new(api::ALTER_CONFIGS, 2, "", request, |_, answer: AlterConfigsResponse| {
        let told = answer.responses.iter();
        told.map(|it| format!("{} {} {}", it.resource_type, it.resource_name, name(it.error_code))).collect()
    })
}

fn alter_groups_and_loggers() -> Row {
    let resource = |(resource_type, resource_name): (i8, &str)| AlterConfigsResource {
        resource_type,
        resource_name: resource_name.to_owned(),
        ..Default::default()
    };
    let request = move |_: &TestNode| IncrementalAlterConfigsRequest {
        resources: [(GROUP, "g"), (BROKER_LOGGER, "1")].map(resource).into(),
        ..Default::default()
    };
    let what = "of groups and loggers";
    Row::new(
        api::INCREMENTAL_ALTER_CONFIGS,
        1,
        what,
        request,
        |_, answer: IncrementalAlterConfigsResponse| {
            let told = answer.responses.iter();
            told.map(|it| format!("{} {} {}", it.resource_type, it.resource_name, name(it.error_code)))
                .collect()
        },
    )
}

fn describe_client_quotas() -> Row {
    let request = |_: &TestNode| DescribeClientQuotasRequest::default();
    Row::new(api::DESCRIBE_CLIENT_QUOTAS, 1, "", request, |_, answer: DescribeClientQuotasResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn alter_client_quotas() -> Row {
    let request = |_: &TestNode| AlterClientQuotasRequest {
        entries: vec![EntryData {
            entity: vec![EntityData {
                entity_type: "user".to_owned(),
                entity_name: Some("ann".to_owned()),
                ..Default::default()
            }],
            ops: vec![OpData { key: "producer_byte_rate".to_owned(), value: 1024.0, ..Default::default() }],
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(api::ALTER_CLIENT_QUOTAS, 1, "", request, |_, answer: AlterClientQuotasResponse| {
        let told = answer.entries.iter().flat_map(|entry| {
            let name_of = |entity_name: &Option<String>| entity_name.clone().unwrap_or_default();
            entry.entity.iter().map(move |part| {
                format!("{} {} {}", part.entity_type, name_of(&part.entity_name), name(entry.error_code))
            })
        });
        told.collect()
    })
}

fn describe_user_scram_credentials() -> Row {
    let request = |_: &TestNode| DescribeUserScramCredentialsRequest {
        users: Some(vec![UserName { name: "ann".to_owned(), ..Default::default() }]),
        ..Default::default()
    };
    type Answer = DescribeUserScramCredentialsResponse;
    Row::new(api::DESCRIBE_USER_SCRAM_CREDENTIALS, 0, "", request, |_, answer: Answer| {
        let told = answer.results.iter().map(|it| format!("{} {}", it.user, name(it.error_code)));
        told.chain([name(answer.error_code).to_owned()]).collect()
    })
}

fn list_config_resources() -> Row {
    let request =
        |_: &TestNode| ListConfigResourcesRequest { resource_types: vec![TOPIC], ..Default::default() };
    Row::new(api::LIST_CONFIG_RESOURCES, 1, "", request, |_, answer: ListConfigResourcesResponse| {
        let listed = answer.config_resources.iter();
        let listed = listed.map(|it| format!("{} {}", it.resource_type, it.resource_name));
        listed.chain([name(answer.error_code).to_owned()]).collect()
    })
}
