//! Every file in `testdata/scenarios`, played on Milena, compared with what Kafka's own coordinator made of it.
//!
//! The files come from `conformance/golden-transactions/TransactionScenarios.java`, which writes the indented lines.

use std::fs;
use std::path::Path;

use crate::play::Play;

#[test]
fn every_scenario_goes_as_it_did_with_kafka() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scenarios");
    let mut files: Vec<_> =
        fs::read_dir(directory).expect("the scenarios").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 20, "there are many scenarios");
    let mut differing = Vec::new();
    for file in files {
        let kafka = fs::read_to_string(&file).expect("a text");
        let ours = Play::default().play(&kafka);
        if let Some((line, (kafka, ours))) =
            kafka.lines().zip(ours.lines()).enumerate().find(|(_, (kafka, ours))| kafka != ours)
        {
            differing.push(format!("{}:{}\n  Kafka: {kafka}\n  ours:  {ours}", file.display(), line + 1));
        } else if kafka != ours {
            differing.push(format!("{}: one has more lines", file.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
