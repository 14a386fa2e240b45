//! What the targets have in common: picking a decoder by two bytes, and what must hold of anything it accepts.

pub mod mended;

use bytes::Bytes;
use protocol::{DecodeError, EncodeError, Message, Reader, Writer};

/// One message or record with its versions and the property that is tested.
pub struct Subject {
    /// The kind's word in the tables of facts, such as `request`.
    pub kind: &'static str,
    /// Kafka's name.
    pub name: &'static str,
    min_version: i16,
    max_version: i16,
    hold: fn(Bytes, i16),
}

macro_rules! subjects {
    ($(($kind:literal, $key:literal, $message:ty))*) => {
        &[$(Subject {
            kind: $kind,
            name: <$message as Message>::NAME,
            min_version: <$message as Message>::MIN_VERSION,
            max_version: <$message as Message>::MAX_VERSION,
            hold: hold::<$message>,
        }),*]
    };
}

static SUBJECTS: &[Subject] = protocol::for_every_message!(subjects);

/// The targets that pick a decoder, and the kinds of messages each is for.
pub const TARGETS: [(&str, fn(&str) -> bool); 3] = [
    ("requests", |kind| kind == "request"),
    ("responses", |kind| kind == "response"),
    ("records", |kind| !matches!(kind, "request" | "response" | "header")),
];

/// The subjects of a target, in a fixed order.
pub fn subjects(target: &str) -> Vec<&'static Subject> {
    let of_kind = TARGETS.iter().find(|known| known.0 == target).expect("one of the three targets").1;
    SUBJECTS.iter().filter(|subject| of_kind(subject.kind)).collect()
}

/// Runs one input: the byte of the subject, the byte of the version, the body.
pub fn run(subjects: &[&Subject], input: &[u8]) {
    let [subject, version, body @ ..] = input else { return };
    let Some(subject) = subjects.get(usize::from(*subject)) else { return };
    let Some(version) = subject.min_version.checked_add(i16::from(*version)) else { return };
    if version <= subject.max_version {
        (subject.hold)(Bytes::copy_from_slice(body), version);
    }
}

/// The input with which [`run`] reaches this message and version, if the target knows it.
pub fn input(target: &str, name: &str, version: i16, body: &[u8]) -> Option<Vec<u8>> {
    let subjects = subjects(target);
    let position = subjects.iter().position(|subject| subject.name == name)?;
    let version = version.checked_sub(subjects[position].min_version)?;
    Some([&[u8::try_from(position).ok()?, u8::try_from(version).ok()?], body].concat())
}

/// What decodes can be encoded, and that decodes and encodes to the same bytes.
fn hold<M: Message>(body: Bytes, version: i16) {
    let mut reader = Reader::new(body);
    let Ok(value) = M::decode(&mut reader, version) else { return };
    let Some(first) = written(&value, version) else { return };
    let mut reader = Reader::new(first.clone());
    match M::decode(&mut reader, version) {
        Ok(value) => {
            assert_eq!(reader.finish(), Ok(()), "{} reads what it wrote to the end", M::NAME);
            assert_eq!(written(&value, version), Some(first), "{} writes what it read", M::NAME);
        }
        // Written, a body can be shorter than it was, and then has less memory to spend.
        Err(DecodeError::BudgetExceeded { .. }) => {}
        Err(error) => panic!("{} does not read what it wrote: {error}", M::NAME),
    }
}

fn written<M: Message>(value: &M, version: i16) -> Option<Bytes> {
    let mut writer = Writer::new();
    match value.encode(&mut writer, version) {
        Ok(()) => Some(writer.into_bytes()),
        // Malformed text grows while it is read, and may then be too long to write.
        Err(EncodeError::TooLong { .. }) => None,
        Err(error) => panic!("{} cannot write what it read: {error}", M::NAME),
    }
}

/// The bytes of a golden file: hexadecimal digits, then `+N` for N zeros.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let (digits, zeros) = text.split_once('+').unwrap_or((text, "0"));
    let pairs = (0..digits.len()).step_by(2);
    let mut bytes =
        pairs.map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    bytes.resize(bytes.len() + zeros.parse::<usize>().ok()?, 0);
    Some(bytes)
}
