//! `milena perf consume`.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use client::consumer::{Consumer, ConsumerConfig, OffsetReset};
use client::{AutoCreate, ClientError};
use tokio::time::timeout;
use types::{Offset, TopicPartition};

use super::figures::{Figures, Stopwatch};
use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, duration, missing};
use crate::failure::{Failure, FailureClass};
use crate::logging;

/// Options of `milena perf consume`.
#[derive(Args, Clone, Debug)]
pub struct ConsumeArguments {
    /// The topic; read from its first record on.
    #[arg(add = completion::topics())]
    pub topic: String,

    /// How many records [default: all there are].
    #[arg(short, long, value_name = "NUMBER")]
    pub count: Option<u64>,

    /// How long to wait for the next record.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    pub patience: Duration,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn consume(arguments: &ConsumeArguments) -> Result<(), Failure> {
    logging::start(&arguments.ask.log, "warn")?;
    let client = connect::client(&arguments.ask.cluster, "milena-perf")?;
    connect::block_on(&connect::runtime()?, async {
        let topic = match client.topic(&arguments.topic, AutoCreate::Forbidden).await {
            Ok(topic) => topic,
            Err(error) => return Err(missing::explain(&client::admin::Admin::new(client), &error).await),
        };
        let config = ConsumerConfig { offset_reset: OffsetReset::Earliest, ..ConsumerConfig::default() };
        let consumer = Consumer::new(&client, config);
        let partitions = topic.partitions.iter();
        let partitions: Vec<TopicPartition> = partitions
            .map(|known| TopicPartition { topic: topic.name.clone(), partition: known.index })
            .collect();
        let figures = read(arguments, &consumer, &partitions).await?;
        consumer.close().await.map_err(|error| connect::failure(&error))?;
        figures.print(&arguments.topic, None, &arguments.ask.output.output)
    })
}

async fn read(
    arguments: &ConsumeArguments,
    consumer: &Consumer,
    partitions: &[TopicPartition],
) -> Result<Figures, Failure> {
    let told = |error: ClientError| connect::failure(&error);
    let beginnings = consumer.beginning_offsets(partitions).await.map_err(told)?;
    let ends = consumer.end_offsets(partitions).await.map_err(told)?;
    let mut open: std::collections::BTreeMap<TopicPartition, Offset> = ends
        .into_iter()
        .filter(|(partition, end)| beginnings.get(partition).is_some_and(|first| first < end))
        .collect();
    let wanted = arguments.count.unwrap_or(u64::MAX);
    let is_bounded = arguments.count.is_none();
    consumer.assign_at(beginnings).map_err(told)?;
    let watch = Stopwatch::start();
    let (mut records, mut bytes) = (0u64, 0u64);
    while records < wanted && !(is_bounded && open.is_empty()) {
        let Ok(polled) = timeout(arguments.patience, consumer.poll()).await else {
            let told =
                format!("after {records} records none came within {} ms", arguments.patience.as_millis());
            return Err(Failure::new(FailureClass::Unanswered, "too-few-records", told));
        };
        let polled = polled.map_err(told)?;
        let visited = polled.for_each(|record| {
            records += 1;
            bytes += record.key.map_or(0, <[u8]>::len) as u64 + record.value.map_or(0, <[u8]>::len) as u64;
            if records < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        // Whether it broke off shows in the count.
        let _ = visited.map_err(told)?;
        if open.get(&polled.partition).is_some_and(|end| polled.next_position >= *end) {
            open.remove(&polled.partition);
        }
    }
    Ok(watch.stop(records, bytes))
}
