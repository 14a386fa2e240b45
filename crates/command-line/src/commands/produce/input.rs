//! Where the lines come from: standard input, or files one after the other; and on a terminal, how far they are read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// Standard input, where a file could stand.
const STDIN: &str = "-";

/// Less than this is over before a bar would be read.
const LONG_INPUT: u64 = 8 << 20;

/// All inputs, one behind the other.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    /// Bytes, where that is known.
    pub(super) size: Option<u64>,
}

impl Input {
    /// Opens all of them, so that a name that is wrong is told before anything is sent.
    pub(super) fn open(files: &[PathBuf]) -> Result<Self, Failure> {
        let (mut reader, mut size): (Box<dyn Read + Send>, _) = (Box::new(io::empty()), Some(0));
        let stdin = [PathBuf::from(STDIN)];
        for path in if files.is_empty() { &stdin[..] } else { files } {
            let (next, bytes): (Box<dyn Read + Send>, _) = match path.as_os_str() == STDIN {
                true => (Box::new(io::stdin()), None),
                false => {
                    let file = open(path)?;
                    let bytes =
                        file.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
                    (Box::new(file), bytes)
                }
            };
            size = size.zip(bytes).map(|(before, bytes)| before + bytes);
            reader = Box::new(reader.chain(next));
        }
        Ok(Self { reader, size })
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found("input", error).about(path.display()),
        _ => Failure::runtime("input", error).about(path.display()),
    };
    let file = File::open(path).map_err(told)?;
    match file.metadata().map_err(told)?.is_dir() {
        true => Err(Failure::usage("input", "is a directory").about(path.display())),
        false => Ok(file),
    }
}

/// How far a long input is read, for who sits at a terminal.
pub(super) fn progress(size: Option<u64>) -> ProgressBar {
    // Who types the input sees how far it is.
    let is_typed = size.is_none() && io::stdin().is_terminal();
    if !io::stderr().is_terminal() || is_typed || size.is_some_and(|size| size < LONG_INPUT) {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => {
            (ProgressBar::new(size), "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}"),
    };
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_one_after_the_other() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("a"), "one\n").expect("written");
        std::fs::write(path("b"), "two\n").expect("written");
        let mut input = Input::open(&[path("a"), path("b")]).expect("both are there");
        assert_eq!(input.size, Some(8));
        let mut text = String::new();
        input.read_to_string(&mut text).expect("readable");
        assert_eq!(text, "one\ntwo\n");
        assert!(Input::open(&[path("a"), path("c")]).is_err_and(|failure| failure.is_not_found()));
        assert!(Input::open(&[directory.path().to_owned()]).is_err());
    }
}
