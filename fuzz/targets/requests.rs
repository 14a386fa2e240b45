//! Decodes any body as any of the requests.
#![no_main]

use std::sync::LazyLock;

use fuzz::{Subject, run, subjects};
use libfuzzer_sys::fuzz_target;

static SUBJECTS: LazyLock<Vec<&'static Subject>> = LazyLock::new(|| subjects("requests"));

fuzz_target!(|input: &[u8]| run(&SUBJECTS, input));
