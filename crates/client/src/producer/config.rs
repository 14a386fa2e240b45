//! Settings of a producer. Names and defaults are Kafka's.

use std::sync::Arc;
use std::time::Duration;

use record::Compression;

use crate::producer::interceptor::ProducerInterceptor;
use crate::producer::partitioner::Partitioner;

/// When a record counts as written (`acks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Once it is on its way: nobody says whether it was written.
    None,
    /// Once its leader has it.
    Leader,
    /// Once every in-sync replica has it. The only setting under which retries write nothing twice (idempotence).
    All,
}

impl Acks {
    /// The number in requests.
    pub(crate) const fn number(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// How a producer batches, sends and gives up.
///
/// ```
/// use std::time::Duration;
/// use client::producer::{Acks, ProducerConfig};
///
/// let config = ProducerConfig::default().acks(Acks::Leader).linger(Duration::from_millis(20)).batch_size(1 << 16);
/// assert_eq!(config.buffer_memory, 32 << 20);
/// ```
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// `acks`.
    pub acks: Acks,
    /// `enable.idempotence` (KIP-98): what is tried again is written once. Without effect unless `acks` is `All`.
    pub enable_idempotence: bool,
    /// `compression.type` and level.
    pub compression: Compression,
    /// `batch.size`: a batch is sent once its records, uncompressed, have this many bytes.
    pub batch_size: usize,
    /// `linger.ms`: how long a batch that is not full waits for more records.
    pub linger: Duration,
    /// `max.request.size`: the largest record, and about the largest request.
    pub max_request_size: usize,
    /// `buffer.memory`: bytes of records not yet acknowledged; sending waits while they are used up.
    pub buffer_memory: usize,
    /// `delivery.timeout.ms`: after this time without an acknowledgement a record has failed.
    pub delivery_timeout: Duration,
    /// `max.in.flight.requests.per.connection`. With idempotence the order of a partition's batches is kept in any case, and up
    /// to five of them are under way; without, only 1 keeps it.
    pub max_in_flight: usize,
    /// `retries`: how often a batch is tried again, within `delivery.timeout.ms`.
    pub retries: u32,
    /// `max.block.ms`: how long sending waits for a topic's metadata and for memory.
    pub max_block: Duration,
    /// `partitioner.ignore.keys`: records go where it suits although they have a key.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable` (KIP-794): partitions that are drained slowly are given less.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms` (KIP-794): a partition whose broker took nothing for so long is given nothing
    /// while there are others; zero: it is given its share.
    pub partitioner_availability_timeout: Duration,
    /// `partitioner.class`: chooses in place of keys and the rule for records without.
    pub partitioner: Option<Arc<dyn Partitioner>>,
    /// `transactional.id`: records are sent in transactions only, by one producer with this id at a time
    /// ([`Producer::init_transactions`](crate::producer::Producer::init_transactions)). With [`Acks::All`] and idempotence,
    /// whatever is set.
    pub transactional_id: Option<String>,
    /// `transaction.timeout.ms`: after this time the coordinator aborts a transaction by itself.
    pub transaction_timeout: Duration,
    /// `interceptor.classes`: in this order.
    pub interceptors: Vec<Arc<dyn ProducerInterceptor>>,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            enable_idempotence: true,
            compression: Compression::None,
            batch_size: 16_384,
            linger: Duration::from_millis(5),
            max_request_size: 1_048_576,
            buffer_memory: 32 << 20,
            delivery_timeout: Duration::from_secs(120),
            max_in_flight: 5,
            retries: i32::MAX as u32,
            max_block: Duration::from_secs(60),
            partitioner_ignore_keys: false,
            partitioner_adaptive: true,
            partitioner_availability_timeout: Duration::ZERO,
            partitioner: None,
            transactional_id: None,
            transaction_timeout: Duration::from_secs(60),
            interceptors: Vec::new(),
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: $type) -> Self {
            self.$name = value;
            self
        })+
    };
}

impl ProducerConfig {
    setters! {
        /// Sets `acks`.
        acks: Acks,
        /// Sets `enable.idempotence`.
        enable_idempotence: bool,
        /// Sets `compression.type` and level.
        compression: Compression,
        /// Sets `batch.size`.
        batch_size: usize,
        /// Sets `linger.ms`.
        linger: Duration,
        /// Sets `max.request.size`.
        max_request_size: usize,
        /// Sets `buffer.memory`.
        buffer_memory: usize,
        /// Sets `delivery.timeout.ms`.
        delivery_timeout: Duration,
        /// Sets `max.in.flight.requests.per.connection`.
        max_in_flight: usize,
        /// Sets `retries`.
        retries: u32,
        /// Sets `max.block.ms`.
        max_block: Duration,
        /// Sets `partitioner.ignore.keys`.
        partitioner_ignore_keys: bool,
        /// Sets `partitioner.adaptive.partitioning.enable`.
        partitioner_adaptive: bool,
        /// Sets `transaction.timeout.ms`.
        transaction_timeout: Duration,
        /// Sets `partitioner.availability.timeout.ms`.
        partitioner_availability_timeout: Duration,
    }

    /// Sets `transactional.id`.
    #[must_use]
    pub fn transactional_id(mut self, id: impl Into<String>) -> Self {
        self.transactional_id = Some(id.into());
        self
    }

    /// Sets `partitioner.class`.
    #[must_use]
    pub fn partitioner(mut self, partitioner: impl Partitioner + 'static) -> Self {
        self.partitioner = Some(Arc::new(partitioner));
        self
    }

    /// Adds to `interceptor.classes`.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl ProducerInterceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// What transactions cannot be had without.
    pub(crate) fn of_transactions(mut self) -> Self {
        if self.transactional_id.is_some() {
            (self.acks, self.enable_idempotence) = (Acks::All, true);
        }
        self
    }

    /// Whether batches are numbered.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.enable_idempotence && self.acks == Acks::All
    }
}
