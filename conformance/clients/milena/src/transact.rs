//! A producer that takes part in transactions step by step, as it is told.

use std::time::Duration;

use client::producer::{
    Delivery, Producer, ProducerConfig, Transaction, TransactionError, TransactionalProducer,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use types::{Offset, TopicPartition};

use client::consumer::{ConsumerGroupMetadata, OffsetAndMetadata, Offsets};

use crate::produce::with_record;
use crate::speech::{Record, Told, Transactor, bytes, client, lines, report, with_transaction_error};

/// What there is to do, with its number.
struct Steps {
    lines: mpsc::UnboundedReceiver<String>,
    next: u64,
}

impl Steps {
    async fn next(&mut self) -> Option<(u64, Value)> {
        let line = self.lines.recv().await?;
        let number = self.next;
        self.next += 1;
        Some((number, serde_json::from_str(&line).expect("steps are as the README says")))
    }
}

pub fn producer(told: &Told) -> Producer {
    let transactor: Transactor = told.of_verb();
    let config = ProducerConfig::default()
        .transactional_id(&transactor.id)
        .transaction_timeout(Duration::from_millis(transactor.timeout_ms));
    let entropy = io::Entropy::from_system().expect("the system has randomness");
    Producer::new(client(told), config, io::Clock::System, entropy)
}

pub async fn run(told: &Told) {
    let mut steps = Steps { lines: lines(), next: 0 };
    let Some((number, _)) = steps.next().await else { return };
    match producer(told).init_transactions().await {
        Err(error) => report(with_transaction_error(json!({"step": number}), &error)),
        Ok(producer) => {
            report(json!({"step": number, "answer": null}));
            serve(producer, &mut steps).await;
        }
    }
}

async fn serve(mut producer: TransactionalProducer, steps: &mut Steps) {
    while let Some((number, step)) = steps.next().await {
        match (step["do"].as_str(), producer.begin().await) {
            (Some("begin"), Ok(transaction)) => {
                report(json!({"step": number, "answer": null}));
                take_part(transaction, steps).await;
            }
            (what, Ok(_)) => panic!("{what:?} without a transaction"),
            (_, Err(error)) => report(with_transaction_error(json!({"step": number}), &error)),
        }
    }
    producer.close().await;
}

/// One transaction, to its end.
async fn take_part(transaction: Transaction<'_>, steps: &mut Steps) {
    while let Some((number, step)) = steps.next().await {
        let answer = match step["do"].as_str() {
            Some("commit") => return tell(number, transaction.commit().await),
            Some("abort") => return tell(number, transaction.abort().await),
            Some("send") => send(&transaction, &step).await,
            Some("offsets") => {
                let group = ConsumerGroupMetadata::of_group(step["group"].as_str().expect("a group"));
                transaction.send_offsets(offsets(&step), &group).await.map(|()| Value::Null)
            }
            what => panic!("no such step: {what:?}"),
        };
        tell(number, answer);
    }
}

fn tell<T: Into<Value>>(number: u64, answer: Result<T, TransactionError>) {
    report(match answer {
        Ok(answer) => json!({"step": number, "answer": answer.into()}),
        Err(error) => with_transaction_error(json!({"step": number}), &error),
    });
}

async fn send(transaction: &Transaction<'_>, step: &Value) -> Result<Value, TransactionError> {
    let topic = step["topic"].as_str().expect("a topic");
    let records: Vec<Record> = serde_json::from_value(step["records"].clone()).expect("records");
    let mut deliveries: Vec<Delivery> = Vec::new();
    for record in &records {
        let (key, value) = (record.key.as_deref().map(bytes), record.value.as_deref().map(bytes));
        let sent = with_record(topic, record, key.as_deref(), value.as_deref(), async |record| {
            transaction.send(record).await
        });
        deliveries.push(sent.await?);
    }
    let mut offsets = Vec::new();
    for delivery in deliveries {
        let written = delivery.wait().await.map_err(TransactionError::Abortable)?;
        offsets.push(written.offset.map(|offset| offset.0));
    }
    Ok(json!(offsets))
}

fn offsets(step: &Value) -> Offsets {
    let offsets: Vec<(String, i32, i64)> = serde_json::from_value(step["offsets"].clone()).expect("offsets");
    let place = |(topic, partition, offset): (String, i32, i64)| {
        (TopicPartition::new(topic, partition), OffsetAndMetadata::at(Offset(offset)))
    };
    offsets.into_iter().map(place).collect()
}
