//! Settings of a consumer.

use std::time::Duration;

use super::values::Values;
use super::{ClientKind, SettingError};
use crate::config::ClientConfig;
use crate::consumer::{Assignor, ConsumerConfig, GroupProtocol, IsolationLevel, OffsetReset};

impl ConsumerConfig {
    /// A consumer's settings by Kafka's names. Deserializers and interceptors are given in code.
    ///
    /// # Errors
    /// As [`SettingError`] says; also for settings that exclude each other.
    pub fn from_settings<'a>(
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(ClientConfig, Self), SettingError> {
        let values = Values::new(ClientKind::Consumer, settings)?;
        let default_api_timeout = values.millis("default.api.timeout.ms")?;
        let client = ClientConfig { metadata_timeout: default_api_timeout, ..ClientConfig::of(&values)? };
        let isolation_levels = [
            ("read_uncommitted", IsolationLevel::ReadUncommitted),
            ("read_committed", IsolationLevel::ReadCommitted),
        ];
        let config = Self {
            group_id: values.text_if_any("group.id"),
            group_instance_id: values.text_if_any("group.instance.id"),
            group_protocol: group_protocol(&values)?,
            group_remote_assignor: values.text_if_any("group.remote.assignor"),
            partition_assignment_strategy: assignors(&values)?,
            session_timeout: values.millis("session.timeout.ms")?,
            heartbeat_interval: values.millis("heartbeat.interval.ms")?,
            max_poll_interval: values.millis("max.poll.interval.ms")?,
            enable_auto_commit: values.boolean("enable.auto.commit")?,
            auto_commit_interval: values.millis("auto.commit.interval.ms")?,
            allow_auto_create_topics: values.boolean("allow.auto.create.topics")?,
            default_api_timeout,
            isolation_level: values.one_of("isolation.level", &isolation_levels)?,
            offset_reset: offset_reset(&values)?,
            fetch_min_bytes: values.number("fetch.min.bytes", 0)?,
            fetch_max_bytes: values.number("fetch.max.bytes", 0)?,
            max_partition_fetch_bytes: values.number("max.partition.fetch.bytes", 0)?,
            fetch_max_wait: values.millis("fetch.max.wait.ms")?,
            check_crcs: values.boolean("check.crcs")?,
            max_poll_records: values.number("max.poll.records", 1)?,
            client_rack: values.text("client.rack").to_owned(),
            interceptors: Vec::new(),
        };
        let is_classic = config.group_protocol == GroupProtocol::Classic;
        if is_classic && config.group_id.is_some() && config.heartbeat_interval >= config.session_timeout {
            return Err(values.invalid("heartbeat.interval.ms", &"is not less than session.timeout.ms"));
        }
        if config.group_id.is_none() && config.enable_auto_commit && values.is_given("enable.auto.commit") {
            return Err(
                values.invalid("enable.auto.commit", &"there is nobody to commit to without group.id")
            );
        }
        Ok((client, config))
    }
}

/// What the one protocol leaves to the brokers or has no use for is not set by who speaks it.
fn group_protocol(values: &Values) -> Result<GroupProtocol, SettingError> {
    let words = [("classic", GroupProtocol::Classic), ("consumer", GroupProtocol::Consumer)];
    let protocol = values.one_of("group.protocol", &words)?;
    let others: &[&str] = match protocol {
        GroupProtocol::Classic => &["group.remote.assignor"],
        GroupProtocol::Consumer => {
            &["partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"]
        }
    };
    match others.iter().find(|key| values.is_given(key) && !values.text(key).is_empty()) {
        None => Ok(protocol),
        Some(key) => {
            let name = values.text("group.protocol").to_owned();
            Err(values.invalid(key, &format_args!("cannot be set with group.protocol={name}")))
        }
    }
}

/// By the assignor's name, or by the class that Kafka has for it.
fn assignors(values: &Values) -> Result<Vec<Assignor>, SettingError> {
    let key = "partition.assignment.strategy";
    let of_name = |name: &str| {
        let class = name.strip_prefix("org.apache.kafka.clients.consumer.").unwrap_or(name);
        match class {
            "RangeAssignor" => Some(Assignor::Range),
            "RoundRobinAssignor" => Some(Assignor::RoundRobin),
            "StickyAssignor" => Some(Assignor::Sticky),
            "CooperativeStickyAssignor" => Some(Assignor::CooperativeSticky),
            name => Assignor::by_name(name),
        }
    };
    let known = values.list(key).map(|name| {
        of_name(name)
            .ok_or_else(|| values.invalid(key, &format_args!("{name} is no assignor of this library")))
    });
    let assignors: Vec<Assignor> = known.collect::<Result<_, _>>()?;
    if assignors.is_empty() {
        return Err(values.invalid(key, &"names no assignor"));
    }
    Ok(assignors)
}

fn offset_reset(values: &Values) -> Result<OffsetReset, SettingError> {
    let key = "auto.offset.reset";
    if let Some(text) = values.text(key).strip_prefix("by_duration:") {
        let duration = iso_duration(text).map(OffsetReset::ByDuration);
        return duration.ok_or_else(|| values.invalid(key, &"is no duration such as PT1H or P2DT30M"));
    }
    let words =
        [("earliest", OffsetReset::Earliest), ("latest", OffsetReset::Latest), ("none", OffsetReset::Fail)];
    values.one_of(key, &words)
}

/// Days, hours, minutes and seconds in the form of ISO 8601; a fraction of a second may have up to nine digits.
pub(super) fn iso_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('P')?;
    let mut total = Duration::ZERO;
    let mut units = [('D', 86_400), ('H', 3600), ('M', 60), ('S', 1)].as_slice();
    let mut is_time = false;
    let mut is_empty = true;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !is_time && !time.is_empty()) {
            (rest, is_time) = (time, true);
            units = units.strip_prefix(&[('D', 86_400)]).unwrap_or(units);
        }
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, unit) = (&rest[..end], rest[end..].chars().next()?);
        let at = units.iter().position(|(known, _)| *known == unit)?;
        if is_time == (unit == 'D') {
            return None;
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if !fraction.is_empty() && unit != 'S' {
            return None;
        }
        let seconds = whole.parse::<u64>().ok()?.checked_mul(units[at].1)?;
        let nanos = format!("{fraction:0<9}").parse().ok().filter(|_| fraction.len() <= 9)?;
        total = total.checked_add(Duration::new(seconds, nanos))?;
        units = &units[at + 1..];
        rest = &rest[end + 1..];
        is_empty = false;
    }
    (!is_empty).then_some(total)
}
