//! A compressed stream of any codec: it ends, and costs no more than its window. Run with `-rss_limit_mb=512`.
//!
//! The first byte chooses the codec and whether it is wrapped in a message of magic 0. What inflates is deflated
//! again and must come back.
#![no_main]

use std::io::{Read, Write};

use libfuzzer_sys::fuzz_target;
use record::compression::{Deflater, Inflater, Wrapping};
use record::{Codec, Compression, Limits};

/// Enough to leave every window behind.
const INFLATED_MAX: u64 = 16 << 20;
const LIMITS: Limits = Limits { record_bytes_max: 1 << 20, zstd_window_log_max: 23 };

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let Some(codec) = Codec::from_id(choice & 7) else { return };
    let wrapping = if choice & 0x80 == 0 { Wrapping::Batch } else { Wrapping::MessageV0 };
    let Ok(inflater) = Inflater::new(codec, data, wrapping, LIMITS) else { return };
    let mut text = Vec::new();
    if inflater.take(INFLATED_MAX).read_to_end(&mut text).is_err() || text.len() > 1 << 20 {
        return;
    }
    let mut deflater = Deflater::new(Compression::of(codec), Vec::new()).expect("default levels exist");
    deflater.write_all(&text).expect("vectors take all");
    let again = deflater.finish().expect("vectors take all");
    let mut back = Vec::new();
    Inflater::new(codec, &again, Wrapping::Batch, LIMITS)
        .and_then(|mut inflater| inflater.read_to_end(&mut back))
        .expect("our own");
    assert!(back == text);
});
