//! DescribeUserScramCredentials (key 50), version 0: which users have credentials, and how strong (KIP-554).
//!
//! Broker listeners. Needs DESCRIBE on the cluster. What is told is what the metadata holds, perhaps from a cluster of
//! Apache Kafka; credentials are neither made nor used yet. No secret is told. Errors for each user: RESOURCE_NOT_FOUND,
//! DUPLICATE_RESOURCE (asked for twice); of the whole request: CLUSTER_AUTHORIZATION_FAILED. kafka-configs asks this
//! whenever it describes the quotas of users.

use std::collections::BTreeMap;

use broker::Broker;
use metadata::ScramImage;
use net::Request;
use protocol::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// The numbers of SCRAM-SHA-256 and SCRAM-SHA-512.
const MECHANISMS: [i8; 2] = [1, 2];

/// Answers from the broker's own image.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeUserScramCredentialsRequest = exchange::decode(request)?;
    let image = broker.image();
    let mut response = DescribeUserScramCredentialsResponse {
        // Empty, not null: the oracle leaves the field at its default.
        error_message: Some(String::new()),
        ..Default::default()
    };
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        let error = ErrorCode::ClusterAuthorizationFailed;
        response.error_code = error.code();
        response.error_message = None;
        return exchange::answer(&request.header, &response);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    match body.users.as_ref().filter(|users| !users.is_empty()) {
        Some(users) => users.iter().for_each(|user| *counts.entry(&user.name).or_default() += 1),
        None => counts.extend(image.scram.users().map(|(_, user)| (user, 1))),
    }
    response.results = counts.into_iter().map(|(user, count)| described(&image.scram, user, count)).collect();
    exchange::answer(&request.header, &response)
}

fn described(scram: &ScramImage, user: &str, count: usize) -> DescribeUserScramCredentialsResult {
    let info = |mechanism| {
        let credential = scram.get(mechanism, user)?;
        Some(CredentialInfo { mechanism, iterations: credential.iterations, ..Default::default() })
    };
    let infos: Vec<_> = MECHANISMS.into_iter().filter_map(info).collect();
    let (error, message) = match count {
        1 if infos.is_empty() => {
            (ErrorCode::ResourceNotFound, Some(format!("the user {user:?} has no credentials")))
        }
        1 => (ErrorCode::None, Some(String::new())),
        _ => (ErrorCode::DuplicateResource, Some(format!("the request asks for {user:?} more than once"))),
    };
    DescribeUserScramCredentialsResult {
        user: user.to_owned(),
        error_code: error.code(),
        error_message: message,
        credential_infos: if error == ErrorCode::None { infos } else { Vec::new() },
        ..Default::default()
    }
}
