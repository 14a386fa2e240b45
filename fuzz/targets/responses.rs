//! Decodes any body as any of the responses.
#![no_main]

use std::sync::LazyLock;

use fuzz::{Subject, run, subjects};
use libfuzzer_sys::fuzz_target;

static SUBJECTS: LazyLock<Vec<&'static Subject>> = LazyLock::new(|| subjects("responses"));

fuzz_target!(|input: &[u8]| run(&SUBJECTS, input));
