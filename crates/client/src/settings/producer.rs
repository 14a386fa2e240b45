//! Settings of a producer, and what of them excludes each other, as in Kafka's producer.

use std::time::Duration;

use record::{Codec, Compression};

use super::values::Values;
use super::{ClientKind, SettingError};
use crate::config::ClientConfig;
use crate::producer::{Acks, ProducerConfig};

/// Batches under way that brokers recognize when they come again.
const IDEMPOTENT_IN_FLIGHT_MAX: usize = 5;

impl ProducerConfig {
    /// A producer's settings by Kafka's names. Serializers, a partitioner and interceptors are given in code.
    ///
    /// # Errors
    /// As [`SettingError`] says; also for settings that exclude each other.
    pub fn from_settings<'a>(
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(ClientConfig, Self), SettingError> {
        let values = Values::new(ClientKind::Producer, settings)?;
        let client = ClientConfig::of(&values)?;
        let mut config = Self {
            acks: values.one_of(
                "acks",
                &[("all", Acks::All), ("-1", Acks::All), ("1", Acks::Leader), ("0", Acks::None)],
            )?,
            enable_idempotence: values.boolean("enable.idempotence")?,
            compression: compression(&values)?,
            batch_size: values.number("batch.size", 0)?,
            linger: values.millis("linger.ms")?,
            max_request_size: values.number("max.request.size", 0)?,
            buffer_memory: values.number("buffer.memory", 0)?,
            delivery_timeout: values.millis("delivery.timeout.ms")?,
            max_in_flight: values.number("max.in.flight.requests.per.connection", 1)?,
            retries: values.number("retries", 0)?,
            max_block: values.millis("max.block.ms")?,
            partitioner_ignore_keys: values.boolean("partitioner.ignore.keys")?,
            partitioner_adaptive: values.boolean("partitioner.adaptive.partitioning.enable")?,
            partitioner_availability_timeout: values.millis("partitioner.availability.timeout.ms")?,
            partitioner: None,
            transactional_id: values.text_if_any("transactional.id"),
            transaction_timeout: Duration::from_millis(u64::from(
                values.number("transaction.timeout.ms", 0_u32)?,
            )),
            interceptors: Vec::new(),
        };
        settle_idempotence(&mut config, &values)?;
        settle_delivery_timeout(&mut config, &values, client.request_timeout)?;
        Ok((client, config))
    }
}

/// What idempotence cannot be had with turns it off, unless it was asked for.
fn settle_idempotence(config: &mut ProducerConfig, values: &Values) -> Result<(), SettingError> {
    let is_transactional = config.transactional_id.is_some();
    if !config.enable_idempotence {
        let excludes = || values.invalid("enable.idempotence", &"excludes transactional.id");
        return if is_transactional { Err(excludes()) } else { Ok(()) };
    }
    if config.max_in_flight > IDEMPOTENT_IN_FLIGHT_MAX {
        let key = "max.in.flight.requests.per.connection";
        return Err(values.invalid(key, &"is more than 5, which enable.idempotence allows"));
    }
    let obstacle = match config {
        ProducerConfig { retries: 0, .. } => "retries",
        ProducerConfig { acks: Acks::All, .. } => return Ok(()),
        _ => "acks",
    };
    if is_transactional {
        return Err(values.invalid(obstacle, &"excludes transactional.id"));
    }
    if values.is_given("enable.idempotence") {
        return Err(values.invalid(obstacle, &"excludes enable.idempotence=true"));
    }
    config.enable_idempotence = false;
    Ok(())
}

/// A delivery takes at least as long as a batch waits and one request lasts.
fn settle_delivery_timeout(
    config: &mut ProducerConfig,
    values: &Values,
    request_timeout: Duration,
) -> Result<(), SettingError> {
    let least = config.linger.saturating_add(request_timeout);
    if config.delivery_timeout < least {
        if values.is_given("delivery.timeout.ms") {
            return Err(
                values.invalid("delivery.timeout.ms", &"is less than linger.ms and request.timeout.ms")
            );
        }
        config.delivery_timeout = least;
    }
    Ok(())
}

fn compression(values: &Values) -> Result<Compression, SettingError> {
    let codecs = Codec::ALL.map(|codec| (codec.name(), codec));
    let level = |key, levels: std::ops::RangeInclusive<i32>| {
        let level = values.number(key, i32::MIN)?;
        let is_known = levels.contains(&level);
        let outside =
            || values.invalid(key, &format_args!("is not within {} and {}", levels.start(), levels.end()));
        if is_known { Ok(level) } else { Err(outside()) }
    };
    Ok(match values.one_of("compression.type", &codecs)? {
        Codec::Gzip if values.text("compression.gzip.level") != "-1" => {
            Compression::Gzip { level: level("compression.gzip.level", 1..=9)? }
        }
        Codec::Zstd => Compression::Zstd { level: level("compression.zstd.level", -131_072..=22)? },
        codec => Compression::of(codec),
    })
}
