//! `milena perf produce`.

use std::time::Duration;

use clap::Args;
use client::producer::{Delivery, Producer, ProducerConfig, ProducerRecord};
use client::{AutoCreate, ClientError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::figures::{Latencies, Stopwatch};
use super::payload::Payloads;
use crate::commands::arguments::AskArguments;
use crate::commands::delivery_arguments::DeliveryArguments;
use crate::commands::under_way::UnderWay;
use crate::commands::{completion, connect, duration};
use crate::failure::Failure;
use crate::logging;

/// Options of `milena perf produce`.
#[derive(Args, Clone, Debug)]
pub struct ProduceArguments {
    /// The topic; created with the brokers' defaults where they do so.
    #[arg(add = completion::topics())]
    pub topic: String,

    /// How many records.
    #[arg(short, long, value_name = "NUMBER", default_value = "1000000")]
    pub count: u64,

    /// Bytes of each value.
    #[arg(short = 's', long, value_name = "BYTES", default_value = "100")]
    pub record_size: usize,

    /// At most this many records a second [default: as fast as they are taken].
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub rate: Option<u64>,

    /// Bytes of a batch (batch.size).
    #[arg(long, value_name = "BYTES", default_value = "16384")]
    pub batch_size: usize,

    /// How long a batch that is not full waits for more (linger.ms).
    #[arg(long, value_name = "DURATION", default_value = "5ms", value_parser = duration::parse)]
    pub linger: Duration,

    /// How records are acknowledged and packed.
    #[command(flatten)]
    pub delivery: DeliveryArguments,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn produce(arguments: &ProduceArguments) -> Result<(), Failure> {
    logging::start(&arguments.ask.log, "warn")?;
    let config = ProducerConfig::default()
        .acks(arguments.delivery.acks())
        .compression(arguments.delivery.compression())
        .batch_size(arguments.batch_size)
        .linger(arguments.linger);
    let client = connect::client(&arguments.ask.cluster, "milena-perf")?;
    connect::block_on(&connect::runtime()?, async {
        // Finding the topic is no part of what is measured.
        client
            .topic(&arguments.topic, AutoCreate::Allowed)
            .await
            .map_err(|error| connect::failure(&error))?;
        let producer = Producer::new(client, config, io::Clock::System, connect::entropy()?);
        let mut payloads = Payloads::new(arguments.record_size, 1);
        let (mut under_way, mut latencies) = (UnderWay::new(), Latencies::new());
        let told = |error: ClientError| connect::failure(&error);
        let watch = Stopwatch::start();
        for number in 0..arguments.count {
            if let Some(rate) = arguments.rate {
                keep_pace(watch.begun(), number, rate).await;
            }
            let begun = Instant::now();
            let record = ProducerRecord {
                topic: &arguments.topic,
                value: Some(payloads.next()),
                ..ProducerRecord::default()
            };
            let delivery = producer.send(record).await.map_err(told)?;
            note_sent(&mut under_way, begun, delivery, &mut latencies).await.map_err(told)?;
        }
        producer.flush().await;
        for (batch, _) in under_way.into_rest() {
            record(batch, &mut latencies).await.map_err(told)?;
        }
        let figures = watch.stop(arguments.count, arguments.count * arguments.record_size as u64);
        producer.close().await;
        figures.print(&arguments.topic, Some(&latencies), &arguments.ask.output.output)
    })
}

/// Waits until record `number` is due.
async fn keep_pace(begun: Instant, number: u64, rate: u64) {
    let due = begun + Duration::from_secs_f64(number as f64 / rate as f64);
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

/// One batch: when each of its records was sent, and when it was acknowledged.
struct Batch {
    begun: Vec<Instant>,
    acknowledged: JoinHandle<Result<Instant, ClientError>>,
}

async fn note_sent(
    under_way: &mut UnderWay<Batch>,
    begun: Instant,
    delivery: Delivery,
    latencies: &mut Latencies,
) -> Result<(), ClientError> {
    if let Some(batch) = under_way.batch_of(&delivery) {
        batch.begun.push(begun);
        return Ok(());
    }
    let waited = delivery.clone();
    // A task of its own: what is told late by whoever sends would count as latency.
    let acknowledged = tokio::spawn(async move { waited.wait_for_batch().await.map(|()| Instant::now()) });
    under_way.push(Batch { begun: vec![begun], acknowledged }, delivery);
    while let Some((batch, _)) = under_way.pop_done() {
        record(batch, latencies).await?;
    }
    Ok(())
}

async fn record(batch: Batch, latencies: &mut Latencies) -> Result<(), ClientError> {
    let acknowledged = batch.acknowledged.await.expect("waiting does not panic")?;
    batch.begun.into_iter().for_each(|begun| latencies.record(acknowledged.duration_since(begun)));
    Ok(())
}
