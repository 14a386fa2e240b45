//! Where a voter listens.

use std::collections::BTreeMap;

/// A host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Name or address, as configured.
    pub host: String,
    /// Port, as configured or bound.
    pub port: u16,
}

/// A voter's endpoints by the name of the controller listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints(BTreeMap<String, Endpoint>);

impl Endpoints {
    /// One endpoint on one listener.
    pub fn single(listener: &str, host: &str, port: u16) -> Self {
        [(listener.to_owned(), Endpoint { host: host.to_owned(), port })].into_iter().collect()
    }

    /// The endpoint on this listener.
    pub fn get(&self, listener: &str) -> Option<&Endpoint> {
        self.0.get(listener)
    }

    /// All endpoints, by the listener's name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Endpoint)> {
        self.0.iter().map(|(listener, endpoint)| (listener.as_str(), endpoint))
    }

    /// Whether no endpoint is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Endpoint)> for Endpoints {
    fn from_iter<I: IntoIterator<Item = (String, Endpoint)>>(endpoints: I) -> Self {
        Self(endpoints.into_iter().collect())
    }
}
