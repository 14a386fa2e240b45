//! A consumer: reads a topic on and on, with a fetch session or without (KIP-227).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use io::Entropy;
use protocol::messages::fetch_response::{FetchResponse, PartitionData};
use types::{ErrorCode, Uuid};

use super::Actor;
use super::reading::{fetch_request, log_start, records_from};
use crate::invariants::{self, Violation};
use crate::wire::Connection;
use crate::world::World;

pub(super) struct Consumer {
    world: Rc<World>,
    entropy: Entropy,
    connection: Connection,
    /// What is read, until something else is drawn.
    reading: Option<Reading>,
}

/// One topic, read from some offsets on.
struct Reading {
    topic: Uuid,
    name: String,
    positions: BTreeMap<i32, i64>,
    version: i16,
    isolation_level: i8,
    /// Asked with a session.
    wants_session: bool,
    /// Its id and its next epoch.
    session: Option<(i32, i32)>,
    /// High watermark and log start of each partition as the connection of this number last told them.
    told: BTreeMap<i32, (i64, i64)>,
    connection: u64,
    /// Partitions to be read from their log's start again.
    is_out_of_range: BTreeSet<i32>,
}

impl Consumer {
    pub(super) fn new(world: &Rc<World>, index: usize, entropy: Entropy) -> Self {
        let connection = Connection::new(world, &format!("c{index}"), entropy.clone());
        Self { world: world.clone(), entropy, connection, reading: None }
    }

    fn draw(&self) -> Option<Reading> {
        let present = self.world.book.borrow().present();
        let (topic, name, partitions) =
            present.get(self.entropy.below(present.len() as u64) as usize)?.clone();
        let version = self.connection.version::<protocol::messages::fetch_request::FetchRequest>();
        Some(Reading {
            topic,
            name,
            positions: (0..partitions as i32).map(|index| (index, 0)).collect(),
            version,
            isolation_level: self.entropy.below(2) as i8,
            wants_session: version >= 7 && self.entropy.below(2) == 0,
            session: None,
            told: BTreeMap::new(),
            connection: 0,
            // Where else to begin is not known.
            is_out_of_range: (0..partitions as i32).collect(),
        })
    }

    /// The log's start; in a compacted log as well an offset behind it, whether there is a record at it or not.
    fn begin(&self, topic: Uuid, index: i32, log_start: i64) -> i64 {
        let mut book = self.world.book.borrow_mut();
        match book.partition(topic, index) {
            Some((kind, partition)) if kind.compaction.is_some() => {
                log_start.max(self.entropy.below(partition.promised_end as u64 + 1) as i64)
            }
            _ => log_start,
        }
    }

    fn take(&self, reading: &mut Reading, response: &FetchResponse) -> Result<Next, Violation> {
        if response.error_code != 0 {
            reading.session = None;
            return Ok(Next::GoOn);
        }
        if reading.wants_session && response.session_id != 0 {
            let epoch = reading.session.map_or(1, |(_, epoch)| epoch + 1);
            reading.session = Some((response.session_id, epoch));
        }
        if reading.connection != self.connection.number.get() {
            reading.told.clear();
            reading.connection = self.connection.number.get();
        }
        for data in response.responses.iter().flat_map(|topic| &topic.partitions) {
            if self.take_partition(reading, data)? == Next::Leave {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::GoOn)
    }

    fn take_partition(&self, reading: &mut Reading, data: &PartitionData) -> Result<Next, Violation> {
        let index = data.partition_index;
        let place = format!("{}-{index}", reading.name);
        let position = reading.positions.get(&index).copied().unwrap_or(0);
        match ErrorCode::from_code(data.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::OffsetOutOfRange) => {
                // Deleted, or lost with the power.
                reading.is_out_of_range.insert(index);
                return Ok(Next::GoOn);
            }
            _ => return Ok(Next::Leave),
        }
        // A name may stand for another topic by now.
        if !self.world.book.borrow().is_present(reading.topic) {
            return Ok(Next::Leave);
        }
        if let Some((high_watermark, log_start)) =
            reading.told.insert(index, (data.high_watermark, data.log_start_offset))
        {
            invariants::never_falls(
                "high_watermark_never_falls",
                &place,
                high_watermark,
                data.high_watermark,
            )?;
            if reading.version >= 5 {
                invariants::never_falls("log_start_never_falls", &place, log_start, data.log_start_offset)?;
            }
        }
        let read = records_from(&place, data, position)?;
        self.world.counts.borrow_mut().records_read += read.records.len() as u64;
        let is_compacted = self.world.book.borrow().is_compacted(reading.topic);
        let mut expected = position;
        for record in &read.records {
            let is_next = record.offset == expected || is_compacted && record.offset > expected;
            if !is_next || record.offset >= data.high_watermark {
                let detail = format!(
                    "{place}: {} where {expected} comes next, high watermark {}",
                    record.offset, data.high_watermark
                );
                return Err(Violation::new("consumers_miss_nothing", detail));
            }
            expected = record.offset + 1;
            self.world.book.borrow_mut().sees(reading.topic, index, record)?;
        }
        reading.positions.insert(index, read.next);
        Ok(Next::GoOn)
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    /// The topic is gone, or not there yet.
    Leave,
}

impl Actor for Consumer {
    async fn step(&mut self) {
        if self.reading.is_none() || self.entropy.below(20) == 0 {
            self.reading = self.draw();
        }
        let Some(mut reading) = self.reading.take() else { return };
        if let Some(index) = reading.is_out_of_range.first().copied() {
            match log_start(&mut self.connection, &reading.name, index).await {
                Ok(Some(offset)) => {
                    reading.is_out_of_range.remove(&index);
                    reading.positions.insert(index, self.begin(reading.topic, index, offset));
                }
                Ok(None) => return,
                Err(_) => {}
            }
            self.reading = Some(reading);
            return;
        }
        let from: Vec<(i32, i64)> =
            reading.positions.iter().map(|(index, offset)| (*index, *offset)).collect();
        let bytes_max = if self.entropy.below(4) == 0 { 1 + self.entropy.below(500) as i32 } else { 1 << 20 };
        let mut request = fetch_request(reading.topic, &reading.name, &from, bytes_max);
        request.isolation_level = reading.isolation_level;
        request.min_bytes = self.entropy.below(2) as i32;
        request.max_wait_ms = self.entropy.below(200) as i32;
        if reading.wants_session {
            (request.session_id, request.session_epoch) = reading.session.unwrap_or((0, 0));
        }
        match self.connection.call(&request, reading.version).await {
            // Where it stood; a session is the connection's no more than the node's.
            Err(_) => reading.session = None,
            Ok(response) => match self.take(&mut reading, &response) {
                Ok(Next::GoOn) => {}
                Ok(Next::Leave) => return,
                Err(violation) => return self.world.fail(violation),
            },
        }
        self.reading = Some(reading);
    }
}
