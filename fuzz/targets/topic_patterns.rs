//! Patterns of topics and transactional ids, as strangers send them: compiled or refused in bounded time and memory, and
//! matched in linear time.
//!
//! An input is a byte (1: over all characters, else over ASCII), the pattern up to the first line break, and a text.
#![no_main]

use std::time::{Duration, Instant};

use coordinator::pattern::{Alphabet, Pattern};
use libfuzzer_sys::fuzz_target;

/// With sanitizers, which are some ten times as slow.
const LONGEST: Duration = Duration::from_secs(2);

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let alphabet = if choice & 1 == 0 { Alphabet::Ascii } else { Alphabet::Unicode };
    let text = String::from_utf8_lossy(rest);
    let (pattern, text) = text.split_once('\n').unwrap_or((&text, "orders"));
    let began = Instant::now();
    if let Ok(compiled) = Pattern::compile(pattern, alphabet) {
        let _ = compiled.matches(text);
        // A pattern that takes something takes the same when it is compiled again.
        let again = Pattern::compile(pattern, alphabet).expect("it was taken before");
        assert_eq!(compiled.matches(text), again.matches(text));
    }
    assert!(began.elapsed() < LONGEST, "{pattern:?}: {:?}", began.elapsed());
});
