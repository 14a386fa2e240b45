//! `milena group reset`: says where a group would begin to read, and with `--execute` commits it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use client::admin::{Admin, CommittedOffset, ListedOffset, OffsetSpec, OffsetToCommit, Outcomes};
use client::consumer::IsolationLevel;
use types::{Offset, PartitionIndex, TopicPartition};

use super::plan::{self, Known, Target};
use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, datetime, duration, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] = &[
    column("TOPIC", "topic"),
    column("PARTITION", "partition"),
    column("COMMITTED", "committed"),
    column("NEW", "new"),
    column("EARLIEST", "earliest"),
    column("END", "end"),
    column("OUTCOME", "outcome"),
];

/// Options of `milena group reset`.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("target").required(true).args(["to_earliest", "to_latest", "to_offset", "shift_by",
    "to_datetime", "by_duration", "to_current", "from_file"])))]
pub struct ResetArguments {
    /// The group; one that does not exist yet is made.
    #[arg(add = completion::groups())]
    pub group: String,

    /// This topic, or with :0,2 these partitions of it; may be repeated [default: what the group has committed].
    #[arg(short, long = "topic", value_name = "TOPIC[:PARTITIONS]", value_parser = plan::topic_and_partitions)]
    pub topics: Vec<(String, Option<Vec<PartitionIndex>>)>,

    /// To the first record there is.
    #[arg(long)]
    pub to_earliest: bool,

    /// Behind the last record.
    #[arg(long)]
    pub to_latest: bool,

    /// To this offset.
    #[arg(long, value_name = "OFFSET")]
    pub to_offset: Option<i64>,

    /// This many records on, or back where it is negative.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub shift_by: Option<i64>,

    /// To the first record at or after a time, such as 2026-11-21T15:00:00Z, or milliseconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = datetime::parse_ms)]
    pub to_datetime: Option<i64>,

    /// To the first record of this last while, such as 2h.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub by_duration: Option<Duration>,

    /// Where it is now; with a topic it has not read yet, to its end.
    #[arg(long)]
    pub to_current: bool,

    /// To the offsets in this file, each line TOPIC,PARTITION,OFFSET.
    #[arg(long, value_name = "FILE", conflicts_with = "topics")]
    pub from_file: Option<PathBuf>,

    /// Do it. Without this the plan is told, and nothing done.
    #[arg(long, conflicts_with = "dry_run")]
    pub execute: bool,

    /// Tell the plan and do nothing: what happens without --execute.
    #[arg(long)]
    pub dry_run: bool,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn reset(arguments: &ResetArguments) -> Result<(), Failure> {
    let target = target(arguments)?;
    let (items, failures) = arguments.ask.ask(async |admin| {
        let committed = admin.list_group_offsets(&arguments.group).await;
        let committed = committed.map_err(|error| connect::failure(&error))?;
        let partitions = partitions(arguments, &target, admin, &committed).await?;
        let (known, mut failures) = known(admin, &target, &partitions, &committed).await?;
        let plan: BTreeMap<&TopicPartition, i64> = known
            .iter()
            .filter_map(|(partition, known)| Some((partition, target.offset(partition, *known)?)))
            .collect();
        let mut done = BTreeSet::new();
        if arguments.execute && failures.is_empty() {
            let offsets = plan.iter().map(|(partition, offset)| ((*partition).clone(), to_commit(*offset)));
            let altered = admin.alter_group_offsets(&arguments.group, &offsets.collect()).await;
            let altered = altered.map_err(|error| connect::failure(&error))?;
            let (altered, refused) = missing::settle(admin, altered).await;
            done = altered.into_iter().map(|(partition, ())| partition).collect();
            failures.extend(refused);
        }
        let items = known.iter().map(|(partition, known)| {
            let outcome = match (plan.get(partition), done.contains(partition)) {
                (None, _) => "left as it is",
                (Some(_), true) => "reset",
                (Some(_), false) => "would be reset",
            };
            item(partition, *known, plan.get(partition).copied(), outcome)
        });
        Ok((items.collect::<Vec<_>>(), failures))
    })?;
    let is_plan = !arguments.execute && failures.is_empty() && !items.is_empty();
    Report::many(items, View::Table(COLUMNS)).print(&arguments.ask.output.output)?;
    if is_plan {
        eprintln!("nothing was changed; --execute does it");
    }
    Failure::of_all(failures)
}

fn target(arguments: &ResetArguments) -> Result<Target, Failure> {
    Ok(match arguments {
        ResetArguments { to_earliest: true, .. } => Target::Earliest,
        ResetArguments { to_latest: true, .. } => Target::Latest,
        ResetArguments { to_offset: Some(offset), .. } => Target::Offset(*offset),
        ResetArguments { shift_by: Some(by), .. } => Target::Shift(*by),
        ResetArguments { to_datetime: Some(ms), .. } => Target::Time(*ms),
        ResetArguments { by_duration: Some(duration), .. } => {
            let back = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            Target::Time(io::Clock::System.now_ms().saturating_sub(back))
        }
        ResetArguments { from_file: Some(path), .. } => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::runtime("input", format!("cannot read {}: {error}", path.display()))
            })?;
            let offsets = plan::listed(&text, &arguments.group)
                .map_err(|reason| Failure::usage("reset-file", format!("{}, {reason}", path.display())))?;
            Target::Listed(offsets)
        }
        _ => Target::Current,
    })
}

/// The partitions that are meant.
async fn partitions(
    arguments: &ResetArguments,
    target: &Target,
    admin: &Admin,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Result<Vec<TopicPartition>, Failure> {
    if let Target::Listed(offsets) = target {
        return Ok(offsets.keys().cloned().collect());
    }
    if arguments.topics.is_empty() {
        return match committed.is_empty() {
            false => Ok(committed.keys().cloned().collect()),
            true => Err(missing::group(admin, &arguments.group)
                .await
                .about("it has committed nothing, so the topics must be named with --topic")),
        };
    }
    let mut partitions = Vec::new();
    for (topic, indexes) in &arguments.topics {
        let found = admin.describe_topics(std::slice::from_ref(topic)).await;
        let found = found.map_err(|error| connect::failure(&error))?;
        let (described, failures) = missing::settle(admin, found).await;
        Failure::of_all(failures)?;
        let all = described.into_iter().flat_map(|(_, topic)| topic.partitions).map(|it| it.index);
        let indexes = indexes.clone().unwrap_or_else(|| all.collect());
        partitions.extend(indexes.into_iter().map(|index| TopicPartition::new(topic.as_str(), index)));
    }
    Ok(partitions)
}

/// What the log of each partition holds.
async fn known(
    admin: &Admin,
    target: &Target,
    partitions: &[TopicPartition],
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Result<(BTreeMap<TopicPartition, Known>, Vec<Failure>), Failure> {
    let ask = async |query: OffsetSpec| -> Result<Outcomes<TopicPartition, ListedOffset>, Failure> {
        let queries = partitions.iter().map(|partition| (partition.clone(), query)).collect();
        let found = admin.list_offsets(&queries, IsolationLevel::ReadUncommitted).await;
        found.map_err(|error| connect::failure(&error))
    };
    let (earliest, failures) = missing::settle(admin, ask(OffsetSpec::Earliest).await?).await;
    let latest = ask(OffsetSpec::Latest).await?;
    let at_time = match target {
        Target::Time(ms) => ask(OffsetSpec::Timestamp(*ms)).await?,
        _ => Outcomes::new(),
    };
    let offset = |found: &Outcomes<TopicPartition, ListedOffset>, partition: &TopicPartition| {
        let listed = found.get(partition)?.as_ref().ok()?;
        listed.offset.map(|offset| offset.0)
    };
    let known = earliest.into_iter().map(|(partition, found)| {
        let earliest = found.offset.map_or(0, |offset| offset.0);
        let known = Known {
            committed: committed.get(&partition).map(|committed| committed.offset.0),
            earliest,
            latest: offset(&latest, &partition).unwrap_or(earliest),
            at_time: offset(&at_time, &partition),
        };
        (partition, known)
    });
    Ok((known.collect(), failures))
}

fn to_commit(offset: i64) -> OffsetToCommit {
    OffsetToCommit { offset: Offset(offset), leader_epoch: None, metadata: String::new() }
}

fn item(partition: &TopicPartition, known: Known, new: Option<i64>, outcome: &str) -> Value {
    Value::object([
        ("name", partition.to_string().into()),
        ("topic", partition.topic.as_ref().into()),
        ("partition", partition.partition.0.into()),
        ("committed", known.committed.into()),
        ("new", new.into()),
        ("earliest", known.earliest.into()),
        ("end", known.latest.into()),
        ("outcome", outcome.into()),
    ])
}
