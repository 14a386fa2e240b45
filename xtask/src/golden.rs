//! `cargo xtask golden`: makes the checked-in golden bytes anew with the classes of Apache Kafka.
//!
//! The same Kafka gives the same files, so that `git diff` shows afterwards what a new version of it changed.

use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::command::{root, run as run_command};

/// Golden bytes that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Golden {
    /// Every message and record at every version: crates/protocol/testdata.
    Messages,
    /// Record batches and verdicts on them: crates/record/testdata. Kafka then reads batches of ours.
    Records,
    /// Partition directories that Kafka's log wrote, and what it answers about them: crates/log/testdata.
    Logs,
    /// Scenarios of consumer groups as Kafka plays them, records of groups, how partitions are shared out by the server,
    /// patterns of topics, hashes of groups, and a log of groups with what Kafka tells of it (with ids of members that are drawn anew each time):
    /// crates/group-coordinator/testdata.
    Groups,
    /// Scenarios of transactions as Kafka plays them, and records of transactional ids: crates/transaction-coordinator/testdata.
    Transactions,
    /// The table of a node's configuration keys: crates/config/testdata.
    NodeKeys,
    /// The table of topic keys: crates/config/testdata.
    TopicKeys,
    /// The table of the keys of groups and of subscriptions to clients' metrics: crates/config/testdata.
    GroupKeys,
    /// Which keys the variables of the official image's environment set: crates/config/testdata.
    EnvironmentKeys,
    /// Which values topic keys take: crates/config/testdata.
    TopicValues,
    /// A metadata log with snapshots, and how its topics are described: crates/metadata/testdata, crates/config/testdata.
    /// Kafka draws ids, salts and ports anew each time: the records and snapshots are of the same kind, not the same bytes.
    Metadata,
    /// What keys hash to: crates/client/testdata.
    Murmur2,
    /// How partitions are shared out among consumers: crates/client/testdata.
    Assignors,
}

/// Which golden bytes to make.
#[derive(Args)]
pub struct Options {
    /// All when none is named.
    #[arg(value_enum)]
    golden: Vec<Golden>,
}

/// Makes the golden bytes that were named.
///
/// # Errors
/// When Java, Maven or one of the programs fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    for golden in Golden::value_variants() {
        if options.golden.is_empty() || options.golden.contains(golden) {
            match golden {
                Golden::Messages => messages(),
                Golden::Records => records(),
                Golden::Logs => logs(),
                Golden::Groups => groups(),
                Golden::Transactions => transactions(),
                Golden::NodeKeys => printed("NodeKeys", "crates/config/testdata/node-keys-4.3.1.tsv"),
                Golden::TopicKeys => printed("TopicKeys", "crates/config/testdata/topic-keys-4.3.1.tsv"),
                Golden::GroupKeys => printed("GroupKeys", "crates/config/testdata/group-keys-4.3.1.tsv"),
                Golden::EnvironmentKeys => {
                    printed("EnvironmentKeys", "crates/config/testdata/environment-keys-4.3.1.tsv")
                }
                Golden::TopicValues => {
                    printed("TopicValues", "crates/config/testdata/topic-values-4.3.1.tsv")
                }
                Golden::Metadata => run_command("python3", ["conformance/golden_metadata.py"]),
                Golden::Murmur2 => printed("Murmur2", "crates/client/testdata/murmur2-4.3.1.tsv"),
                Golden::Assignors => assignors(),
            }
            .with_context(|| format!("golden bytes of {golden:?}"))?;
        }
    }
    Ok(())
}

fn messages() -> anyhow::Result<()> {
    // The program writes to a path relative to its own directory.
    let script = "cd conformance/golden-bytes && mvn --quiet --batch-mode compile exec:java";
    run_command("sh", ["-c", script])
}

fn records() -> anyhow::Result<()> {
    let program = "conformance/golden-records/GoldenRecords.java";
    let oracle = ["conformance/oracle.py", "run", program];
    run_command("python3", oracle.into_iter().chain(["make", "crates/record/testdata"]))?;
    let ours = "cargo run --quiet --package record --example golden_out";
    run_command("sh", ["-c", &format!("{ours} | python3 {} read", oracle.join(" "))])
}

fn logs() -> anyhow::Result<()> {
    let program = "conformance/golden-logs/GoldenLogs.java";
    run_command("python3", ["conformance/oracle.py", "run", program, "crates/log/testdata/golden_logs.gz"])
}

fn groups() -> anyhow::Result<()> {
    let program = "python3 conformance/oracle.py run conformance/golden-groups/GroupScenarios.java";
    let data = "crates/group-coordinator/testdata";
    run_command("sh", ["-c", &format!("{program} {data}/scenarios/*.txt")])?;
    let some = ["one-member", "static-members", "protocols", "loading"];
    let some = some.map(|name| format!("{data}/scenarios/{name}.txt")).join(" ");
    run_command("sh", ["-c", &format!("{program} --bytes {some} > {data}/group-metadata-4.3.1.hex")])?;
    let some = ["consumer-static", "consumer-subscriptions", "consumer-regex", "upgrade", "downgrade"];
    let some = some.map(|name| format!("{data}/scenarios/{name}.txt")).join(" ");
    let of_consumers = "grep -E '^00(0[3-8]|10)' | sort -u";
    run_command(
        "sh",
        ["-c", &format!("{program} --bytes {some} | {of_consumers} > {data}/consumer-records-4.3.1.hex")],
    )?;
    let programs = [
        ("GroupRecords.java", "group-records"),
        ("TargetAssignments.java", "target-assignments"),
        ("TopicPatterns.java", "topic-patterns"),
        ("TopicPatterns.java classes", "unicode-classes"),
        ("GroupHashes.java", "group-hashes"),
    ];
    for (program, file) in programs {
        let program = format!("python3 conformance/oracle.py run conformance/golden-groups/{program}");
        run_command("sh", ["-c", &format!("{program} > {data}/{file}-4.3.1.tsv")])?;
    }
    run_command("python3", ["conformance/golden_offsets.py"])
}

fn transactions() -> anyhow::Result<()> {
    let program = "python3 conformance/oracle.py run conformance/golden-transactions/Transaction";
    let data = "crates/transaction-coordinator/testdata";
    run_command("sh", ["-c", &format!("{program}Scenarios.java {data}/scenarios/*.txt")])?;
    run_command("sh", ["-c", &format!("{program}Records.java > {data}/transaction-records-4.3.1.tsv")])
}

fn assignors() -> anyhow::Result<()> {
    printed("Assignors", "crates/client/testdata/assignors-4.3.1.tsv")?;
    printed_with("Assignors", &["racks"], "crates/client/testdata/assignors-racks-4.3.1.tsv")
}

/// A program that prints its file.
fn printed(program: &str, file: &str) -> anyhow::Result<()> {
    printed_with(program, &[], file)
}

fn printed_with(program: &str, arguments: &[&str], file: &str) -> anyhow::Result<()> {
    let path = root().join(file);
    let status = Command::new("python3")
        .args(["conformance/oracle.py", "run", &format!("conformance/golden-bytes/{program}.java")])
        .args(arguments)
        .current_dir(root())
        .stdout(Stdio::from(File::create(&path).with_context(|| path.display().to_string())?))
        .status()?;
    if !status.success() {
        bail!("{program} failed: {status}");
    }
    Ok(())
}
