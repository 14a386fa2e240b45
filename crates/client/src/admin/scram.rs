//! DescribeUserScramCredentials (KIP-554): whose passwords there are, never what they are.

use protocol::messages::describe_user_scram_credentials_request::{
    DescribeUserScramCredentialsRequest, UserName,
};

use super::ask::Whom;
use super::{Admin, Outcomes, outcome, whole};
use crate::call::Call;
use crate::error::ClientError;

/// A credential of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScramCredential {
    /// Its hash.
    pub mechanism: ScramMechanism,
    /// How often it is hashed.
    pub iterations: i32,
}

/// The hash of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum ScramMechanism {
    Sha256,
    Sha512,
    /// One that is newer than this client.
    Other(i8),
}

impl Admin {
    /// The credentials of these users; of all where none is named.
    ///
    /// # Errors
    /// When nobody answers; RESOURCE_NOT_FOUND for a user without credentials.
    pub async fn describe_scram_credentials(
        &self,
        users: Option<&[String]>,
    ) -> Result<Outcomes<String, Vec<ScramCredential>>, ClientError> {
        let users = users.map(|users| {
            let users = users.iter();
            users.map(|name| UserName { name: name.clone(), ..UserName::default() }).collect()
        });
        let request =
            DescribeUserScramCredentialsRequest { users, ..DescribeUserScramCredentialsRequest::default() };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(DescribeUserScramCredentialsRequest::API, answer.error_code)?;
        let described = answer.results.into_iter().map(|result| {
            let credentials = result.credential_infos.iter().map(|info| ScramCredential {
                mechanism: match info.mechanism {
                    1 => ScramMechanism::Sha256,
                    2 => ScramMechanism::Sha512,
                    other => ScramMechanism::Other(other),
                },
                iterations: info.iterations,
            });
            let credentials = credentials.collect();
            let outcome = outcome(&format!("user {}", result.user), result.error_code, result.error_message);
            (result.user, outcome.map(|()| credentials))
        });
        Ok(described.collect())
    }
}
