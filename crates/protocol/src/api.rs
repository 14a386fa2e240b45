//! The table of APIs: which exist, at which versions, on which listeners.

/// Facts about one API of Apache Kafka 4.3.1, or of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its number in request headers.
    pub key: i16,
    /// Its name, such as `Produce`.
    pub name: &'static str,
    /// Oldest version.
    pub min_version: i16,
    /// Newest version, stable or not.
    pub max_version: i16,
    /// Newest version that is not marked unstable.
    pub stable_max_version: i16,
    /// Whether broker listeners serve it.
    pub on_brokers: bool,
    /// Whether controller listeners serve it.
    pub on_controllers: bool,
    /// Whether the caller must be allowed to act for the cluster.
    pub cluster_action: bool,
    /// Whether a broker forwards it to the controller.
    pub forwarded: bool,
    /// First version with compact lengths and tagged fields, and with the header that goes with them.
    pub flexible_since: Option<i16>,
}

include!(concat!(env!("OUT_DIR"), "/apis.rs"));

/// APIs that only our own nodes and commands speak. They are never advertised, so that no client of Kafka's meets them;
/// their keys are far from Kafka's.
pub mod private {
    use super::Api;

    include!(concat!(env!("OUT_DIR"), "/private_apis.rs"));
}

impl Api {
    /// The API with this key, Kafka's or our own.
    pub fn by_key(key: i16) -> Option<&'static Self> {
        let of_key = |apis: &'static [Self]| {
            let index = apis.binary_search_by_key(&key, |api| api.key).ok()?;
            apis.get(index)
        };
        of_key(APIS).or_else(|| of_key(private::APIS))
    }

    /// The API of Kafka's with this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        APIS.iter().find(|api| api.name == name)
    }

    /// Whether the protocol has this version, stable or not.
    pub fn has_version(&self, version: i16) -> bool {
        (self.min_version..=self.max_version).contains(&version)
    }

    /// Whether this version has compact lengths and tagged fields.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible_since.is_some_and(|first| version >= first)
    }

    /// Version of the header of a request at this version.
    pub fn request_header_version(&self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// Version of the header of a response at this version. ApiVersions always answers with the oldest one: the
    /// client does not know yet what the node speaks (KIP-511).
    pub fn response_header_version(&self, version: i16) -> i16 {
        if self.key != API_VERSIONS && self.is_flexible(version) { 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_is_found_by_key_and_name() {
        assert_eq!(APIS.len(), 89);
        for api in APIS {
            assert_eq!(Api::by_key(api.key), Some(api));
            assert_eq!(Api::by_name(api.name), Some(api));
        }
        assert_eq!(Api::by_key(7), None);
        assert_eq!(FETCH, 1);
    }

    /// Kafka counts its keys up from 0, and its clients' tables end with them.
    #[test]
    fn private_apis_are_found_by_key_and_far_from_kafkas() {
        for api in private::APIS {
            assert_eq!(Api::by_key(api.key), Some(api));
            assert_eq!(Api::by_name(api.name), None);
            assert!(api.key >= 22_000, "{}", api.name);
        }
        assert_eq!(private::APIS.len(), 1);
    }

    #[test]
    fn headers_follow_flexibility_except_for_api_versions() {
        let fetch = Api::by_key(FETCH).expect("Fetch exists");
        assert_eq!((fetch.request_header_version(11), fetch.response_header_version(11)), (1, 0));
        assert_eq!((fetch.request_header_version(12), fetch.response_header_version(12)), (2, 1));
        let versions = Api::by_key(API_VERSIONS).expect("ApiVersions exists");
        assert_eq!((versions.request_header_version(4), versions.response_header_version(4)), (2, 0));
        let handshake = Api::by_key(SASL_HANDSHAKE).expect("SaslHandshake exists");
        assert_eq!((handshake.request_header_version(1), handshake.response_header_version(1)), (1, 0));
    }
}
