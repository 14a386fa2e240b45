//! Every file in `testdata/scenarios`, played on Milena, compared with what Kafka's own coordinator made of it.
//!
//! The files come from `conformance/golden-transactions/TransactionScenarios.java`, which writes the indented lines.

use std::path::Path;

use testkit::scenarios;

use crate::play::Play;

#[test]
fn every_scenario_goes_as_it_did_with_kafka() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/scenarios");
    scenarios::agree(&directory, 20, |kafka| Play::default().play(kafka));
}
