//! Checks of this machine, as far as a node needs it: open files, and a clock that does not go back.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustix::process::{Resource, getrlimit};

use super::finding::{Finding, State};

/// Each open log takes about four files, and each client a socket.
const DESCRIPTORS_WANTED: u64 = 10_000;

/// Below this a node does not start.
const DESCRIPTORS_NEEDED: u64 = 256;

/// A file cannot have been written later than now, but for the precision of a file system.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// Looks at the machine; `directories` are the node's.
pub(super) fn check(directories: &[PathBuf]) -> Vec<Finding> {
    let newest = directories.iter().filter_map(|directory| newest_file(directory)).max_by_key(|(_, at)| *at);
    vec![descriptors(getrlimit(Resource::Nofile).maximum), clock(now(), newest)]
}

fn now() -> SystemTime {
    let ms = io::Clock::System.now_ms();
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn descriptors(limit: Option<u64>) -> Finding {
    let Some(limit) = limit else {
        return Finding::new("descriptors", State::Fine, "any number of files may be open");
    };
    let state = match limit {
        ..DESCRIPTORS_NEEDED => State::Problem,
        DESCRIPTORS_NEEDED..DESCRIPTORS_WANTED => State::Warning,
        _ => State::Fine,
    };
    let finding = Finding::new("descriptors", state, format!("{limit} files may be open"));
    match state {
        State::Fine => finding,
        _ => finding
            .seen([format!("a node needs {DESCRIPTORS_NEEDED}, and about four for each partition")])
            .help("ulimit -Hn 100000, or LimitNOFILE=100000 in the unit of systemd"),
    }
}

fn clock(now: SystemTime, newest: Option<(PathBuf, SystemTime)>) -> Finding {
    let Some((path, written)) = newest else {
        return Finding::new("clock", State::Skipped, "there are no files to hold it against");
    };
    match written.duration_since(now) {
        Ok(ahead) if ahead > CLOCK_SLACK => Finding::new(
            "clock",
            State::Warning,
            "the clock has gone back: retention and timestamps go by it",
        )
        .seen([format!("{} was written {} s in the future", path.display(), ahead.as_secs())])
        .help("timedatectl status"),
        _ => Finding::new("clock", State::Fine, "no file of the node is from the future"),
    }
}

/// The file of a data directory or of its logs that was written last.
fn newest_file(directory: &std::path::Path) -> Option<(PathBuf, SystemTime)> {
    let entries = |path: &std::path::Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let files = entries(directory).flat_map(|entry| match entry.path() {
        path if path.is_dir() => entries(&path).collect::<Vec<_>>(),
        _ => vec![entry],
    });
    let written = |file: std::fs::DirEntry| Some((file.path(), file.metadata().ok()?.modified().ok()?));
    files.filter_map(written).max_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_descriptors_are_told_before_they_run_out() {
        for (limit, state) in [
            (None, State::Fine),
            (Some(100_000), State::Fine),
            (Some(1024), State::Warning),
            (Some(100), State::Problem),
        ] {
            let finding = descriptors(limit);
            assert_eq!(finding.state, state, "{finding:?}");
            assert_eq!(finding.help.is_some(), state > State::Fine, "{finding:?}");
        }
    }

    #[test]
    fn a_clock_that_went_back_shows_in_the_files() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let written =
            |at: u64| Some(("/d/t-0/0.log".into(), SystemTime::UNIX_EPOCH + Duration::from_secs(at)));
        assert_eq!(clock(now, written(900)).state, State::Fine);
        assert_eq!(clock(now, written(1001)).state, State::Fine);
        assert_eq!(clock(now, None).state, State::Skipped);
        let told = clock(now, written(1060));
        assert_eq!(
            (told.state, &told.evidence[0][..]),
            (State::Warning, "/d/t-0/0.log was written 60 s in the future")
        );
    }
}
