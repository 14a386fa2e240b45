//! Transactions: a producer that is told its steps one after the other, and a copier.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::member;
use crate::speech::{Copy, Told, asked_to_leave, bytes, orders, report, with_error};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What became of the records that were sent together, by their numbers.
#[derive(Default)]
struct Deliveries {
    offsets: Mutex<BTreeMap<usize, KafkaResult<i64>>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let offset = result.as_ref().map(Message::offset).map_err(|(error, _)| error.clone());
        self.offsets.lock().expect("nobody panics with it").insert(*number, offset);
    }
}

type Sender = ThreadedProducer<Deliveries>;

fn producer(told: &Told) -> Sender {
    let transactional = told.transactional.as_ref().expect("the program is told its transactional id");
    ClientConfig::new()
        .set("bootstrap.servers", &told.bootstrap)
        .set("transactional.id", &transactional.id)
        .set("transaction.timeout.ms", transactional.timeout_ms.to_string())
        .set("linger.ms", "0")
        .create_with_context(Deliveries::default())
        .expect("settings are legal")
}

pub fn transact(told: &Told) {
    let producer = producer(told);
    for (number, step) in orders().enumerate() {
        match answer(&producer, told, &step) {
            Ok(answer) => report(json!({"step": number, "answer": answer})),
            Err(error) => report(with_error(json!({"step": number}), &error)),
        }
    }
}

fn answer(producer: &Sender, told: &Told, step: &Value) -> KafkaResult<Value> {
    match step["do"].as_str().unwrap_or_default() {
        "init" => producer.init_transactions(TIMEOUT)?,
        "begin" => producer.begin_transaction()?,
        "commit" => producer.commit_transaction(TIMEOUT)?,
        "abort" => producer.abort_transaction(TIMEOUT)?,
        "send" => {
            let records = step["records"].as_array().expect("there are records").iter().map(|record| {
                let partition = record["partition"].as_i64().expect("it has a partition") as i32;
                (partition, bytes(record["value"].as_str().expect("it has a value")))
            });
            return send(producer, step["topic"].as_str().expect("it has a topic"), records)
                .map(|offsets| json!(offsets));
        }
        "offsets" => {
            let mut places = TopicPartitionList::new();
            for each in step["offsets"].as_array().expect("there are offsets") {
                let (topic, partition) =
                    (each[0].as_str().expect("a topic"), each[1].as_i64().expect("a partition"));
                let offset = Offset::Offset(each[2].as_i64().expect("an offset"));
                places.add_partition_offset(topic, partition as i32, offset)?;
            }
            let group: BaseConsumer = ClientConfig::new()
                .set("bootstrap.servers", &told.bootstrap)
                .set("group.id", step["group"].as_str().expect("it has a group"))
                .create()?;
            let metadata = group.group_metadata().expect("it has a group");
            producer.send_offsets_to_transaction(&places, &metadata, TIMEOUT)?;
        }
        other => panic!("no such step: {other}"),
    }
    Ok(Value::Null)
}

/// Sends values to partitions and returns their offsets once all are acknowledged, or the first error.
fn send(
    producer: &Sender,
    topic: &str,
    records: impl Iterator<Item = (i32, Vec<u8>)>,
) -> KafkaResult<Vec<i64>> {
    producer.context().offsets.lock().expect("nobody panics with it").clear();
    for (number, (partition, value)) in records.enumerate() {
        let record: BaseRecord<'_, [u8], [u8], Box<usize>> = BaseRecord {
            topic,
            partition: Some(partition),
            payload: Some(&value),
            key: None,
            timestamp: None,
            headers: None,
            delivery_opaque: Box::new(number),
        };
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(TIMEOUT)?;
    producer.context().offsets.lock().expect("nobody panics with it").values().cloned().collect()
}

pub fn copy(told: &Told) {
    let copy = told.copy.as_ref().expect("a copier is told what to copy");
    let producer = producer(told);
    producer.init_transactions(TIMEOUT).expect("initialised");
    let consumer: BaseConsumer =
        member::settings(told).set("isolation.level", "read_committed").create().expect("settings are legal");
    consumer.subscribe(&[&copy.source]).expect("the topic is legal");
    let asked = asked_to_leave();
    let mut transactions = 0;
    while !asked.load(Ordering::Relaxed) {
        let records = read(&consumer, copy.batch);
        if records.is_empty() {
            continue;
        }
        transactions += 1;
        match copied(&producer, &consumer, copy, transactions, &records) {
            Ok(true) => {
                report(json!({"copied": records.len()}));
                continue;
            }
            Ok(false) => report(json!({"aborted": records.len()})),
            Err(error) => report(with_error(json!({}), &error)),
        }
        producer.abort_transaction(TIMEOUT).expect("aborted");
        rewind(&consumer, copy, &records);
    }
    drop(consumer);
    report(json!({"left": true}));
}

/// A record to copy.
struct Read {
    partition: i32,
    offset: i64,
    value: Vec<u8>,
}

/// What is there to read, so many records at most.
fn read(consumer: &BaseConsumer, most: usize) -> Vec<Read> {
    let mut records = Vec::new();
    while records.len() < most {
        match consumer.poll(Duration::from_millis(if records.is_empty() { 100 } else { 10 })) {
            None => break,
            Some(Err(error)) => report(with_error(json!({}), &error)),
            Some(Ok(message)) => records.push(Read {
                partition: message.partition(),
                offset: message.offset(),
                value: message.payload().unwrap_or_default().to_vec(),
            }),
        }
    }
    records
}

/// One transaction; false when it has to be aborted.
fn copied(
    producer: &Sender,
    consumer: &BaseConsumer,
    copy: &Copy,
    transaction: usize,
    records: &[Read],
) -> Result<bool, KafkaError> {
    producer.begin_transaction()?;
    send(producer, &copy.target, records.iter().map(|each| (each.partition, each.value.clone())))?;
    let ends: BTreeMap<_, _> = records.iter().map(|each| (each.partition, each.offset + 1)).collect();
    let mut places = TopicPartitionList::new();
    for (partition, end) in ends {
        places.add_partition_offset(&copy.source, partition, Offset::Offset(end))?;
    }
    let group = consumer.group_metadata().expect("it is a member");
    producer.send_offsets_to_transaction(&places, &group, TIMEOUT)?;
    if transaction == copy.hang {
        report(json!({"open": records.len()}));
        loop {
            std::thread::park();
        }
    }
    if copy.abort > 0 && transaction.is_multiple_of(copy.abort) {
        return Ok(false);
    }
    producer.commit_transaction(TIMEOUT)?;
    Ok(true)
}

/// Reads again what was not copied.
fn rewind(consumer: &BaseConsumer, copy: &Copy, records: &[Read]) {
    let mut firsts = BTreeMap::new();
    for each in records {
        firsts.entry(each.partition).or_insert(each.offset);
    }
    for (partition, first) in firsts {
        consumer.seek(&copy.source, partition, Offset::Offset(first), TIMEOUT).expect("it is read from");
    }
}
