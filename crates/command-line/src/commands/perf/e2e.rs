//! `milena perf e2e`.

use std::ops::ControlFlow;
use std::time::Duration;

use clap::Args;
use client::consumer::{Consumer, ConsumerConfig};
use client::producer::{Producer, ProducerConfig, ProducerRecord};
use client::{AutoCreate, ClientError};
use tokio::time::{Instant, timeout};
use types::TopicPartition;

use super::figures::{Latencies, Stopwatch};
use super::payload::Payloads;
use crate::commands::arguments::AskArguments;
use crate::commands::delivery_arguments::DeliveryArguments;
use crate::commands::{completion, connect, duration, missing};
use crate::failure::{Failure, FailureClass};
use crate::logging;

/// Options of `milena perf e2e`.
#[derive(Args, Clone, Debug)]
pub struct E2eArguments {
    /// The topic. Nobody else should write to it meanwhile.
    #[arg(add = completion::topics())]
    pub topic: String,

    /// How many records.
    #[arg(short, long, value_name = "NUMBER", default_value = "10000")]
    pub count: u64,

    /// Bytes of each value.
    #[arg(short = 's', long, value_name = "BYTES", default_value = "100")]
    pub record_size: usize,

    /// How long to wait for a record.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    pub patience: Duration,

    /// How records are acknowledged and packed.
    #[command(flatten)]
    pub delivery: DeliveryArguments,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn e2e(arguments: &E2eArguments) -> Result<(), Failure> {
    logging::start(&arguments.ask.log, "warn")?;
    let client = connect::client(&arguments.ask.cluster, "milena-perf")?;
    connect::block_on(&connect::runtime()?, async {
        let told = |error: ClientError| connect::failure(&error);
        let topic = match client.topic(&arguments.topic, AutoCreate::Forbidden).await {
            Ok(topic) => topic,
            Err(error) => return Err(missing::explain(&client::admin::Admin::new(client), &error).await),
        };
        let consumer = Consumer::new(&client, ConsumerConfig::default());
        let partitions = topic.partitions.iter();
        let partitions: Vec<TopicPartition> = partitions
            .map(|known| TopicPartition { topic: topic.name.clone(), partition: known.index })
            .collect();
        consumer.assign_at(consumer.end_offsets(&partitions).await.map_err(told)?).map_err(told)?;
        // One record after the other: to wait for a second one in the batch would be measured, too.
        let config = ProducerConfig::default()
            .acks(arguments.delivery.acks())
            .compression(arguments.delivery.compression())
            .linger(Duration::ZERO);
        let producer = Producer::new(client, config, io::Clock::System, connect::entropy()?);
        let mut payloads = Payloads::new(arguments.record_size, 1);
        let mut latencies = Latencies::new();
        let watch = Stopwatch::start();
        for number in 1..=arguments.count {
            let value = payloads.next();
            let begun = Instant::now();
            let record =
                ProducerRecord { topic: &arguments.topic, value: Some(value), ..ProducerRecord::default() };
            let delivery = producer.send(record).await.map_err(told)?;
            match timeout(arguments.patience, is_next(&consumer, value)).await {
                Ok(Ok(true)) => latencies.record(begun.elapsed()),
                Ok(Ok(false)) => {
                    let told = format!(
                        "something else came in the place of record {number}: somebody else writes, too"
                    );
                    return Err(Failure::new(FailureClass::Failed, "other-record", told));
                }
                Ok(Err(error)) => return Err(told(error)),
                Err(_) => {
                    // Perhaps the cluster has said why it is not there.
                    delivery.wait().await.map_err(told)?;
                    let told =
                        format!("record {number} did not come within {} ms", arguments.patience.as_millis());
                    return Err(Failure::new(FailureClass::Unanswered, "too-few-records", told));
                }
            }
        }
        let figures = watch.stop(arguments.count, arguments.count * arguments.record_size as u64);
        producer.close().await;
        consumer.close().await.map_err(told)?;
        figures.print(&arguments.topic, Some(&latencies), &arguments.ask.output.output)
    })
}

/// Waits for the next record, and tells whether it is this one.
async fn is_next(consumer: &Consumer, value: &[u8]) -> Result<bool, ClientError> {
    loop {
        let mut found = None;
        let visited = consumer.poll().await?.for_each(|record| {
            found = Some(found.is_none() && record.value == Some(value));
            ControlFlow::<()>::Continue(())
        });
        // It never breaks off.
        let _ = visited?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
}
