//! What bodies made to hurt can do: no decoder panics, and none takes more than 64 bytes of memory for a byte of input.
//!
//! The memory is what the allocator sees at the worst moment, old and new buffer of a growing array counted both.

#[path = "../golden/cases.rs"]
mod cases;
mod smallest;

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::{DecodeBudget, DecodeError, Message, Reader};

type Decode = fn(&mut Reader, i16) -> Result<(), DecodeError>;

fn decode<M: Message>(reader: &mut Reader, version: i16) -> Result<(), DecodeError> {
    M::decode(reader, version).map(drop)
}

macro_rules! decoders {
    ($(($kind:literal, $key:literal, $message:ty))*) => {
        BTreeMap::from([$((<$message as Message>::NAME, decode::<$message> as Decode)),*])
    };
}

/// What the bodies of one test came to.
#[derive(Debug, Default)]
struct Seen {
    bodies: usize,
    decoded: usize,
    stopped_by_budget: usize,
    /// Bytes of memory for 100 bytes of input, at most.
    worst_percent: u64,
}

impl Seen {
    fn judge(&mut self, decode: Decode, name: &str, version: i16, body: Vec<u8>) {
        let length = body.len() as u64;
        let mut reader = Reader::new(Bytes::from(body));
        let mut outcome = Ok(());
        let info = allocation_counter::measure(|| outcome = decode(&mut reader, version));
        let memory = info.bytes_max;
        let allowed = DecodeBudget::PER_BYTE as u64 * length;
        assert!(memory <= allowed, "{name} version {version}: {memory} bytes of memory for {length} bytes");
        self.bodies += 1;
        self.decoded += usize::from(outcome.is_ok());
        self.stopped_by_budget += usize::from(matches!(outcome, Err(DecodeError::BudgetExceeded { .. })));
        self.worst_percent = self.worst_percent.max(memory * 100 / length.max(1));
    }
}

#[test]
fn long_arrays_of_the_smallest_elements_cost_at_most_64_times_their_length() {
    let mut decoders = protocol::for_every_message!(decoders);
    decoders.extend(protocol::for_every_private_message!(decoders));
    let mut schemas = cases::schemas();
    schemas.extend(cases::schemas_of(&["milena-apis.txt"]));
    let mut seen = Seen::default();
    for schema in schemas.values() {
        for version in schema.valid.low..=schema.valid.high {
            for array in 0..smallest::arrays(schema, version) {
                for count in [1, 2, 5, 9, 17, 18, 35, 52, 86, 129, 171, 257, 513, 1030, 5000] {
                    let body = smallest::with_long_array(schema, version, array, count);
                    seen.judge(decoders[schema.name.as_str()], &schema.name, version, body);
                }
            }
        }
    }
    println!("{seen:?}");
    assert_eq!(seen.decoded + seen.stopped_by_budget, seen.bodies, "the bodies are legal");
    // They do hurt: some are decoded near the limit, a few would be above it.
    assert!(seen.decoded > 10_000, "only {} decoded", seen.decoded);
    assert!(seen.stopped_by_budget > 0, "the budget stopped none");
    assert!(seen.worst_percent > 5_000, "the worst body cost {} %", seen.worst_percent);
}

/// Bodies that start like a real one and go on with an array of more elements than there may be.
///
/// After the claim come bytes that are the smallest strings and arrays of flexible versions (1) or of old ones and
/// structs without tagged fields (0).
fn claims(start: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const FILLER: usize = 600;
    let counts = [1, 2, 3, 5, 9, 20, 60].map(|size| (FILLER / size) as u32 - 1);
    counts.into_iter().flat_map(move |count| {
        let compact = [(count + 1) as u8 | 0x80, ((count + 1) >> 7) as u8];
        let flexible = [0, 1].map(|filler| [start, &compact, &[filler; FILLER]].concat());
        let old = [start, &count.to_be_bytes(), &[0; FILLER]].concat();
        flexible.into_iter().chain([old])
    })
}

#[test]
fn false_claims_cost_at_most_64_times_their_length() {
    let decoders = protocol::for_every_message!(decoders);
    let mut seen = Seen::default();
    for case in cases::read().into_iter().filter(|case| case.shape == "full") {
        let decode = decoders[case.name.as_str()];
        for end in 0..=case.bytes.len().min(100) {
            let start = &case.bytes[..end];
            seen.judge(decode, &case.name, case.version, start.to_vec());
            for body in claims(start) {
                seen.judge(decode, &case.name, case.version, body);
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.bodies > 100_000, "only {} bodies", seen.bodies);
}

#[test]
fn bytes_changed_anywhere_never_panic() {
    let decoders = protocol::for_every_message!(decoders);
    let mut seen = Seen::default();
    for case in cases::read().into_iter().filter(|case| case.shape == "full" || case.shape == "tagged") {
        let decode = decoders[case.name.as_str()];
        for at in 0..case.bytes.len().min(200) {
            for change in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut body = case.bytes.clone();
                body[at] = change;
                seen.judge(decode, &case.name, case.version, body);
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.bodies > 100_000, "only {} bodies", seen.bodies);
}
