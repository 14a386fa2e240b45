//! `milena partition elect`.

use clap::Args;
use client::ClientError;
use client::admin::{Admin, ElectionType};
use types::{ErrorCode, TopicPartition};

use super::known;
use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing, topic_partition};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena partition elect`.
#[derive(Args, Clone, Debug)]
pub struct ElectArguments {
    /// The partitions, such as orders-0.
    #[arg(value_name = "TOPIC-PARTITION", value_parser = topic_partition::parse, required_unless_present = "every")]
    pub partitions: Vec<TopicPartition>,

    /// Every partition there is.
    #[arg(long, conflicts_with = "partitions")]
    pub every: bool,

    /// Let any replica lead where none that is in sync is left: records may be lost. Without it, the preferred replica leads.
    #[arg(long)]
    pub unclean: bool,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn elect(arguments: &ElectArguments) -> Result<(), Failure> {
    let (items, failures) = arguments.change.ask.ask(async |admin| {
        let (known, mut failures) = match arguments.every {
            true => (every_partition(admin).await?, Vec::new()),
            false => known::split(admin, &arguments.partitions).await?,
        };
        if arguments.change.dry_run {
            let items = known.iter().map(|partition| item(partition, "would be elected")).collect();
            return Ok((items, failures));
        }
        if known.is_empty() {
            return Ok((Vec::new(), failures));
        }
        let election = if arguments.unclean { ElectionType::Unclean } else { ElectionType::Preferred };
        let asked_for = if arguments.every { None } else { Some(known.as_slice()) };
        let elected =
            admin.elect_leaders(election, asked_for).await.map_err(|error| connect::failure(&error))?;
        let (fine, others): (Vec<_>, Vec<_>) = elected.into_iter().partition(|(_, outcome)| {
            matches!(outcome, Err(ClientError::Topic { code: ErrorCode::ElectionNotNeeded, .. }))
        });
        let (elected, refused) = missing::settle(admin, others.into_iter().collect()).await;
        failures.extend(refused);
        let elected = elected.iter().map(|(partition, ())| item(partition, "elected"));
        // Where every partition is meant, those that need none are not told of.
        let fine =
            fine.iter().filter(|_| !arguments.every).map(|(partition, _)| item(partition, "not needed"));
        Ok((elected.chain(fine).collect(), failures))
    })?;
    let view = View::Sentences("leader of {name} {outcome}");
    Report::many(items, view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

async fn every_partition(admin: &Admin) -> Result<Vec<TopicPartition>, Failure> {
    let topics = admin.list_topics().await.map_err(|error| connect::failure(&error))?;
    let of_topic = topics.into_iter().flat_map(|topic| {
        let count = i32::try_from(topic.partitions).unwrap_or(0);
        (0..count).map(move |index| TopicPartition::new(topic.name.as_str(), index)).collect::<Vec<_>>()
    });
    Ok(of_topic.collect())
}

fn item(partition: &TopicPartition, outcome: &str) -> Value {
    Value::object([("name", partition.to_string().into()), ("outcome", outcome.into())])
}
