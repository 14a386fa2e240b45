//! Kafka's logger names over this program's log (KIP-412).
//!
//! A logger stands for parts of this program, which say what Kafka's classes of that name say. Names inherit along their
//! dots from each other and at last from `root`, as in Kafka. A level that the start gave to a part by its own name
//! (`info,net=debug`) counts as that part's own until its logger is set.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use broker::loggers::{LogLevel, Loggers, ROOT_LOGGER};

/// Each logger and the parts of this program that it stands for; those without parts are there to be inherited from.
const LOGGERS: &[(&str, &[&str])] = &[
    ("kafka", &[]),
    ("kafka.coordinator.group", &["broker::coordinators"]),
    ("kafka.log", &["broker::log_maintenance", "log::log_dirs"]),
    ("kafka.network", &["net"]),
    ("kafka.raft", &["controller_node::raft_driver"]),
    ("kafka.server", &["broker", "handlers", "node", "command_line"]),
    ("kafka.server.metadata", &["broker::metadata_applier"]),
    ("org.apache.kafka", &[]),
    ("org.apache.kafka.clients", &["client"]),
    ("org.apache.kafka.controller", &["controller", "controller_node"]),
    ("org.apache.kafka.coordinator.common", &["coordinator"]),
    ("org.apache.kafka.coordinator.group", &["group_coordinator"]),
    ("org.apache.kafka.image", &["metadata"]),
    ("org.apache.kafka.raft", &["raft"]),
    ("org.apache.kafka.server.purgatory", &["purgatory", "broker::purgatory"]),
    ("org.apache.kafka.snapshot", &["controller_node::snapshot_taker"]),
    ("org.apache.kafka.storage", &["log", "partition", "record"]),
    (
        "org.apache.kafka.storage.internals.log.LogCleaner",
        &["broker::log_cleaner", "log::cleaner", "log::log_dirs::cleaning"],
    ),
];

/// Puts a new filter, in the notation of `RUST_LOG`, in the place of the log's.
pub(crate) type Refilter = Box<dyn Fn(&str) + Send + Sync>;

/// The levels of the program's log.
pub(crate) struct LogFilter {
    /// The filter of the start.
    start: String,
    refilter: Refilter,
    /// Loggers that were given a level since.
    own: Mutex<BTreeMap<String, LogLevel>>,
}

impl LogFilter {
    /// A log that was started with the filter `start`, and takes others by `refilter`.
    pub(crate) fn new(start: String, refilter: Refilter) -> Self {
        Self { start, refilter, own: Mutex::default() }
    }

    /// The level that counts for a logger: its own, or of the nearest name above it that has one; else what the start
    /// said of its first part; else the root's.
    fn effective(&self, own: &BTreeMap<String, LogLevel>, name: &str) -> LogLevel {
        let above = std::iter::successors(Some(name), |name| Some(name.rsplit_once('.')?.0));
        let inherited = above.filter(|name| *name != ROOT_LOGGER).find_map(|name| own.get(name).copied());
        let at_start = || {
            let (_, parts) = LOGGERS.iter().find(|(logger, _)| *logger == name)?;
            parts.first().and_then(|part| level_at_start(&self.start, Some(part)))
        };
        inherited
            .or_else(at_start)
            .or_else(|| own.get(ROOT_LOGGER).copied())
            .or_else(|| level_at_start(&self.start, None))
            .unwrap_or(LogLevel::Error)
    }

    /// The filter that the loggers ask for, over the one of the start.
    fn filter(&self, own: &BTreeMap<String, LogLevel>) -> String {
        let root = self.effective(own, ROOT_LOGGER);
        let mut filter = format!("{},{}", self.start, directive(root));
        for (name, parts) in LOGGERS {
            let level = directive(self.effective(own, name));
            parts.iter().for_each(|part| filter.push_str(&format!(",{part}={level}")));
        }
        filter
    }
}

impl Loggers for LogFilter {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let names = LOGGERS.iter().map(|(name, _)| *name).chain([ROOT_LOGGER]);
        names.map(|name| (name.to_owned(), self.effective(&own, name))).collect()
    }

    fn set(&self, changes: &[(String, Option<LogLevel>)]) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, level) in changes {
            match level {
                Some(level) => own.insert(name.clone(), *level),
                None => own.remove(name),
            };
        }
        (self.refilter)(&self.filter(&own));
    }
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LogFilter").field("start", &self.start).finish_non_exhaustive()
    }
}

/// What a filter says of a part, or of everything else; the last directive of a name counts.
fn level_at_start(filter: &str, part: Option<&str>) -> Option<LogLevel> {
    let directives = filter.split(',').map(str::trim).rev();
    directives.into_iter().find_map(|one| match (one.split_once('='), part) {
        (Some((name, level)), Some(part)) if name.trim() == part => level_of(level),
        (None, None) => level_of(one),
        _ => None,
    })
}

fn level_of(text: &str) -> Option<LogLevel> {
    match text.trim().to_ascii_lowercase().as_str() {
        "trace" | "5" => Some(LogLevel::Trace),
        "debug" | "4" => Some(LogLevel::Debug),
        "info" | "3" => Some(LogLevel::Info),
        "warn" | "2" => Some(LogLevel::Warn),
        "error" | "1" => Some(LogLevel::Error),
        "off" | "0" => Some(LogLevel::Off),
        _ => None,
    }
}

const fn directive(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error | LogLevel::Fatal => "error",
        LogLevel::Off => "off",
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use tracing_subscriber::EnvFilter;

    use super::*;

    fn log(start: &str) -> (LogFilter, Arc<Mutex<String>>) {
        let seen = Arc::new(Mutex::new(String::new()));
        let last = seen.clone();
        let refilter = move |filter: &str| filter.clone_into(&mut last.lock().expect("nobody panics"));
        (LogFilter::new(start.to_owned(), Box::new(refilter)), seen)
    }

    fn set(log: &LogFilter, name: &str, level: Option<LogLevel>) {
        log.set(&[(name.to_owned(), level)]);
    }

    #[test]
    fn names_inherit_along_their_dots() {
        let (log, _) = log("info");
        assert!(log.levels().values().all(|level| *level == LogLevel::Info));
        set(&log, "kafka", Some(LogLevel::Debug));
        set(&log, "kafka.server", Some(LogLevel::Warn));
        let level = |name: &str| log.levels()[name];
        assert_eq!(level("kafka.network"), LogLevel::Debug);
        assert_eq!(level("kafka.server.metadata"), LogLevel::Warn);
        assert_eq!(level("org.apache.kafka.raft"), LogLevel::Info);
        set(&log, "kafka.server", None);
        assert_eq!(log.levels()["kafka.server.metadata"], LogLevel::Debug);
        set(&log, "root", Some(LogLevel::Error));
        assert_eq!(log.levels()["org.apache.kafka.raft"], LogLevel::Error);
        assert_eq!(log.levels()["kafka.network"], LogLevel::Debug);
    }

    #[test]
    fn what_the_start_said_of_a_part_stays_until_its_logger_is_set() {
        let (log, _) = log("warn,net=debug");
        set(&log, "root", Some(LogLevel::Info));
        assert_eq!(log.levels()["kafka.network"], LogLevel::Debug);
        set(&log, "kafka.network", Some(LogLevel::Error));
        assert_eq!(log.levels()["kafka.network"], LogLevel::Error);
    }

    /// The filter is one, and each part has the level of its logger and not of a part whose name begins like it.
    #[test]
    fn the_filter_gives_each_part_its_level() {
        let (log, seen) = log("info");
        set(&log, "kafka.server", Some(LogLevel::Trace));
        set(&log, "kafka.log", Some(LogLevel::Fatal));
        let filter = seen.lock().expect("nobody panics").clone();
        EnvFilter::try_new(&filter).expect("the filter is one");
        for part in ["broker=trace", "handlers=trace", "broker::log_maintenance=error", "net=info"] {
            assert!(filter.split(',').any(|directive| directive == part), "{part} in {filter}");
        }
    }

    /// The source of this program's rooms.
    fn crates() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// The parts that say something, as the log names them.
    fn parts_that_log(directory: &Path, module: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                parts_that_log(&path, &format!("{module}::{name}"), found);
            } else if let Some(stem) = name.strip_suffix(".rs")
                && std::fs::read_to_string(&path).is_ok_and(|source| source.contains("tracing::"))
            {
                let is_parent = matches!(stem, "mod" | "lib" | "main");
                found.push(if is_parent { module.to_owned() } else { format!("{module}::{stem}") });
            }
        }
    }

    #[test]
    fn whatever_says_something_does_so_under_one_of_kafkas_names() {
        let mut saying = Vec::new();
        for room in std::fs::read_dir(crates()).expect("readable").flatten() {
            let name = room.file_name().to_string_lossy().replace('-', "_");
            if name != "sim" {
                parts_that_log(&room.path().join("src"), &name, &mut saying);
            }
        }
        assert!(saying.len() > 20, "{saying:?}");
        let parts = || LOGGERS.iter().flat_map(|(_, parts)| *parts);
        let is_of = |saying: &str, part: &str| saying == part || saying.starts_with(&format!("{part}::"));
        for said in &saying {
            assert!(parts().any(|part| is_of(said, part)), "{said} has no logger");
        }
    }

    #[test]
    fn every_part_is_there() {
        for part in LOGGERS.iter().flat_map(|(_, parts)| *parts) {
            let (room, module) = part.split_once("::").unwrap_or((part, ""));
            let source = crates().join(room.replace('_', "-")).join("src").join(module.replace("::", "/"));
            assert!(source.is_dir() || source.with_extension("rs").is_file(), "{part}");
        }
    }

    #[test]
    fn every_part_belongs_to_one_logger() {
        let mut parts: Vec<_> = LOGGERS.iter().flat_map(|(_, parts)| *parts).collect();
        let count = parts.len();
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(parts.len(), count);
        assert!(LOGGERS.is_sorted_by_key(|(name, _)| *name));
    }
}
