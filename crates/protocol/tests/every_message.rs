//! What holds for every message at every version: counts, defaults, versions outside the range.

use bytes::Bytes;
use protocol::{DecodeError, EncodeError, Message, Reader, Writer};

/// Defaults come back from every version, and versions outside the range are refused by name.
fn judge<M: Message>() -> usize {
    let default = M::default();
    for version in M::MIN_VERSION..=M::MAX_VERSION {
        let mut writer = Writer::new();
        default.encode(&mut writer, version).unwrap_or_else(|error| panic!("{} {version}: {error}", M::NAME));
        let mut reader = Reader::new(writer.into_bytes());
        let decoded =
            M::decode(&mut reader, version).unwrap_or_else(|error| panic!("{} {version}: {error}", M::NAME));
        assert_eq!(decoded, default, "{} at version {version}", M::NAME);
        assert_eq!(reader.finish(), Ok(()), "{} at version {version}", M::NAME);
    }
    for version in [M::MIN_VERSION - 1, M::MAX_VERSION + 1] {
        let refused = EncodeError::UnsupportedVersion { message: M::NAME, version };
        assert_eq!(default.encode(&mut Writer::new(), version), Err(refused));
        let refused = DecodeError::UnsupportedVersion { message: M::NAME, version };
        assert_eq!(M::decode(&mut Reader::new(Bytes::new()), version), Err(refused));
    }
    usize::from(M::MAX_VERSION.abs_diff(M::MIN_VERSION)) + 1
}

macro_rules! judge_all {
    ($(($kind:literal, $key:literal, $message:ty))*) => { [$(judge::<$message>()),*] };
}

#[test]
fn defaults_survive_every_version_of_every_message() {
    let versions = protocol::for_every_message!(judge_all);
    assert_eq!(versions.len(), 272);
    protocol::for_every_private_message!(judge_all);
}

macro_rules! list_ranges {
    ($(($kind:literal, $key:literal, $message:ty))*) => {
        [$(($kind, $key, <$message>::MIN_VERSION, <$message>::MAX_VERSION, <$message>::FLEXIBLE_SINCE)),*]
    };
}

#[test]
fn the_table_of_apis_agrees_with_the_schemas() {
    let kafkas = protocol::for_every_message!(list_ranges);
    let ours = protocol::for_every_private_message!(list_ranges);
    let tables = [(protocol::api::APIS, &kafkas[..]), (protocol::api::private::APIS, &ours[..])];
    for (apis, ranges) in tables {
        for (api, kind) in apis.iter().flat_map(|api| [(api, "request"), (api, "response")]) {
            let expected = (kind, api.key, api.min_version, api.max_version, api.flexible_since);
            assert!(ranges.contains(&expected), "{} {kind}: {expected:?} not among the schemas", api.name);
        }
    }
}
