//! The way from a command line to a cluster: a client, a runtime, and how a cluster's errors are told.

use std::pin::Pin;

use client::admin::Admin;
use client::{ClientConfig, ClientError, NetworkClient};
use tokio::runtime::Runtime;
use types::ErrorCode;

use super::arguments::{AskArguments, ClusterArguments};
use super::ctx::contexts::{self, Contexts};
use crate::failure::{Failure, FailureClass};
use crate::logging;

/// Where a node listens that was told nothing else.
const DEFAULT_SERVER: &str = "127.0.0.1:9092";

/// A client of the cluster that the command line names, or the context.
pub(crate) fn client(arguments: &ClusterArguments, client_id: &str) -> Result<NetworkClient, Failure> {
    let mut config = ClientConfig::new(servers(arguments)?, client_id);
    config.metadata_timeout = arguments.timeout;
    config.request_timeout = config.request_timeout.min(arguments.timeout);
    Ok(NetworkClient::new(config))
}

fn servers(arguments: &ClusterArguments) -> Result<Vec<String>, Failure> {
    if !arguments.bootstrap_server.is_empty() {
        return Ok(arguments.bootstrap_server.clone());
    }
    let of_shell = || std::env::var(contexts::VARIABLE).ok().filter(|name| !name.is_empty());
    let named = arguments.context.clone().or_else(of_shell);
    let contexts = Contexts::load()?;
    let chosen = contexts.chosen(named.as_deref())?;
    Ok(chosen.map_or_else(|| vec![DEFAULT_SERVER.to_owned()], |context| context.bootstrap_server.clone()))
}

/// The system's randomness.
pub(crate) fn entropy() -> Result<io::Entropy, Failure> {
    io::Entropy::from_system()
        .map_err(|error| Failure::runtime("randomness", format!("no random numbers: {error}")))
}

/// Threads for the network, beside the one that reads or prints.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("client")
        .enable_all()
        .build()
        .map_err(no_threads)
}

/// Does a command's work to its end. Behind a pointer, so that the runtime's code is in the program once, not once for each
/// command.
pub(crate) fn block_on<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    let mut done = None;
    let work: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async { done = Some(work.await) });
    runtime.block_on(work);
    done.expect("a runtime returns when the work is done")
}

fn no_threads(error: std::io::Error) -> Failure {
    Failure::runtime("threads", format!("cannot start threads: {error}"))
}

impl AskArguments {
    /// Asks the cluster, on this thread alone: a question is answered before a thread pool would stand.
    pub(crate) fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Admin) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        logging::start(&self.log, "warn")?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_threads)?;
        block_on(&runtime, async {
            let admin = Admin::new(client(&self.cluster, "milena")?);
            question(&admin).await
        })
    }
}

/// A cluster's error as a person reads it, with a way out where there is a usual one.
pub(crate) fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::Unreachable { .. } | ClientError::NoBootstrapServer => Failure::new(
            FailureClass::Unreachable,
            "unreachable",
            format!("{error}; start a node with `milena`, or name another with --bootstrap-server"),
        ),
        ClientError::Disconnected { .. }
        | ClientError::Timeout { .. }
        | ClientError::DeliveryTimeout { .. } => Failure::new(FailureClass::Unanswered, "unanswered", error),
        ClientError::UnsupportedApi { .. } => Failure::new(FailureClass::Unsupported, "unsupported", error),
        ClientError::NotMilena { .. } => Failure::new(FailureClass::Unsupported, "not-milena", error),
        ClientError::NoSuchPartition { .. } => Failure::not_found("partition", error),
        // The code stands in front already.
        ClientError::Topic { subject, code, message: Some(message) } => {
            Failure::new(class(*code), code.name(), format!("{subject}: {message}"))
        }
        ClientError::Server { code, .. } | ClientError::Topic { code, .. } => {
            Failure::new(class(*code), code.name(), error)
        }
        _ => Failure::runtime("cluster", error),
    }
}

fn class(code: ErrorCode) -> FailureClass {
    match code {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::UnknownTopicId
        | ErrorCode::GroupIdNotFound
        | ErrorCode::UnknownMemberId
        | ErrorCode::ResourceNotFound => FailureClass::NotFound,
        ErrorCode::TopicAuthorizationFailed
        | ErrorCode::GroupAuthorizationFailed
        | ErrorCode::ClusterAuthorizationFailed
        | ErrorCode::TransactionalIdAuthorizationFailed
        | ErrorCode::DelegationTokenAuthorizationFailed => FailureClass::Denied,
        ErrorCode::RequestTimedOut | ErrorCode::NetworkException => FailureClass::Unanswered,
        ErrorCode::UnsupportedVersion => FailureClass::Unsupported,
        _ => FailureClass::Refused,
    }
}

/// The bytes of a separator as it is typed: `\t`, `\n`, `\r` and `\\` stand for what they do elsewhere.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut escaped = false;
    for byte in text.bytes() {
        match (escaped, byte) {
            (false, b'\\') => {
                escaped = true;
                continue;
            }
            (true, b't') => bytes.push(b'\t'),
            (true, b'n') => bytes.push(b'\n'),
            (true, b'r') => bytes.push(b'\r'),
            (true, b'\\') | (false, _) => bytes.push(byte),
            (true, _) => bytes.extend([b'\\', byte]),
        }
        escaped = false;
    }
    if escaped {
        bytes.push(b'\\');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_read_as_typed() {
        for (typed, bytes) in [("\\t", &b"\t"[..]), (":", b":"), ("\\\\", b"\\"), ("a\\qb\\", b"a\\qb\\")] {
            assert_eq!(unescape(typed), bytes, "{typed}");
        }
    }
}
