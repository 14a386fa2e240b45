//! What `produce` and `consume` share: a client, a runtime, and how a cluster's errors are told.

use std::time::Duration;

use client::{ClientConfig, ClientError, NetworkClient};
use tokio::runtime::Runtime;

use crate::command_line::ClusterArguments;
use crate::failure::Failure;

/// How long nobody may answer before a command gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// A client of the cluster that the command line names.
pub(crate) fn client(arguments: &ClusterArguments, client_id: &str) -> NetworkClient {
    let mut config = ClientConfig::new(arguments.bootstrap_server.clone(), client_id);
    config.metadata_timeout = PATIENCE;
    NetworkClient::new(config)
}

/// Threads for the network, beside the one that reads or prints.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("client")
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime("threads", format!("cannot start threads: {error}")))
}

/// A cluster's error as a person reads it, with a way out where there is a usual one.
pub(crate) fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::Unreachable { .. } | ClientError::NoBootstrapServer => Failure::runtime(
            "unreachable",
            format!("{error}; start a node with `milena`, or name another with --bootstrap-server"),
        ),
        ClientError::NoSuchPartition { .. } => Failure::usage("partition", error),
        ClientError::Topic { .. } => Failure::runtime("topic", error),
        _ => Failure::runtime("cluster", error),
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
