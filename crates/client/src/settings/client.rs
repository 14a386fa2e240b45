//! Settings that every client has, and those of an admin client.

use super::values::Values;
use super::{ClientKind, SettingError};
use crate::config::ClientConfig;

impl ClientConfig {
    /// An admin client's settings by Kafka's names.
    ///
    /// # Errors
    /// As [`SettingError`] says.
    pub fn from_settings<'a>(
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SettingError> {
        let values = Values::new(ClientKind::Admin, settings)?;
        if values.number("retries", 0)? != i32::MAX {
            let reason = "calls are tried again until default.api.timeout.ms is over";
            let value = values.text("retries").to_owned();
            return Err(SettingError::NotServed { key: "retries", value, reason });
        }
        Ok(Self { metadata_timeout: values.millis("default.api.timeout.ms")?, ..Self::of(&values)? })
    }

    /// What all clients share.
    pub(super) fn of(values: &Values) -> Result<Self, SettingError> {
        let bootstrap_servers: Vec<String> = values.list("bootstrap.servers").map(str::to_owned).collect();
        if bootstrap_servers.is_empty() {
            return Err(SettingError::Missing { key: "bootstrap.servers" });
        }
        let has_port = |server: &String| {
            server
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        if let Some(server) = bootstrap_servers.iter().find(|server| !has_port(server)) {
            return Err(values.invalid("bootstrap.servers", &format_args!("{server} is not HOST:PORT")));
        }
        Ok(Self {
            request_timeout: values.millis("request.timeout.ms")?,
            retry_backoff: values.millis("retry.backoff.ms")?,
            retry_backoff_max: values.millis("retry.backoff.max.ms")?,
            metadata_max_age: values.millis("metadata.max.age.ms")?,
            connection_setup_timeout: values.millis("socket.connection.setup.timeout.ms")?,
            ..Self::new(bootstrap_servers, values.text("client.id"))
        })
    }
}
