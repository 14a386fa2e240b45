//! Lines of a stream, read by a thread of its own and handed over in chunks: bounded memory, few wake-ups.

use std::io::{self, Read};

use tokio::sync::mpsc;

/// Bytes that are read at once, and about the size of a chunk.
const CHUNK: usize = 256 << 10;

/// Chunks that wait for whoever works on them.
const CHUNKS_WAITING: usize = 4;

/// Why there are no more lines.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinesError {
    /// The stream cannot be read.
    #[error("cannot read the input: {0}")]
    Read(#[from] io::Error),
    /// A line without end.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// Bytes that are taken.
        limit: usize,
    },
}

/// Whole lines, each ending in `\n` except perhaps the last of the stream.
pub(super) type Chunk = Result<Vec<u8>, LinesError>;

/// Reads `input` to its end in a thread. Lines may have `line_max` bytes.
pub(super) fn read_in_thread(
    input: impl Read + Send + 'static,
    line_max: usize,
) -> io::Result<mpsc::Receiver<Chunk>> {
    let (output, chunks) = mpsc::channel(CHUNKS_WAITING);
    // Not joined: it may wait for input that never comes, and the process ends without it.
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        if let Err(error) = read(input, line_max, &output) {
            // Nobody may be left to be told.
            let _ = output.blocking_send(Err(error));
        }
    })?;
    Ok(chunks)
}

fn read(mut input: impl Read, line_max: usize, output: &mpsc::Sender<Chunk>) -> Result<(), LinesError> {
    let mut chunk: Vec<u8> = Vec::with_capacity(2 * CHUNK);
    let mut scanned = 0;
    loop {
        let start = chunk.len();
        chunk.resize(start + CHUNK, 0);
        let count = match input.read(&mut chunk[start..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error.into()),
            Ok(0) => {
                chunk.truncate(start);
                if !chunk.is_empty() {
                    let _ = output.blocking_send(Ok(chunk));
                }
                return Ok(());
            }
            Ok(count) => count,
        };
        chunk.truncate(start + count);
        match chunk[scanned..].iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let mut rest = Vec::with_capacity(2 * CHUNK);
                rest.extend_from_slice(&chunk[scanned + end + 1..]);
                chunk.truncate(scanned + end + 1);
                if output.blocking_send(Ok(chunk)).is_err() {
                    return Ok(());
                }
                chunk = rest;
            }
            None if chunk.len() > line_max => return Err(LinesError::TooLong { limit: line_max }),
            None => {}
        }
        scanned = chunk.len();
    }
}

/// The lines of a chunk without their ends.
pub(super) fn split(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    chunk.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a few bytes at a time, as a pipe may.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn lines_of(text: &'static [u8], step: usize) -> Vec<Vec<u8>> {
        let mut chunks = read_in_thread(Dribble(text, step), 100).expect("a thread");
        let mut lines = Vec::new();
        while let Some(chunk) = chunks.blocking_recv() {
            lines.extend(split(&chunk.expect("short lines")).map(<[u8]>::to_vec));
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_the_input_arrives() {
        let text = b"one\n\ntwo\r\nthree";
        let expected: Vec<Vec<u8>> = [&b"one"[..], b"", b"two\r", b"three"].map(<[u8]>::to_vec).to_vec();
        for step in [1, 2, 3, 5, 100] {
            assert_eq!(lines_of(text, step), expected, "{step} bytes at a time");
        }
        assert_eq!(lines_of(b"a\n", 1), [b"a"], "an end is not the start of another line");
        assert_eq!(lines_of(b"", 1), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let text = Box::leak(vec![b'x'; 1000].into_boxed_slice());
        let mut chunks = read_in_thread(Dribble(text, 10), 100).expect("a thread");
        let refusal = chunks.blocking_recv().expect("something");
        assert!(matches!(refusal, Err(LinesError::TooLong { limit: 100 })));
    }
}
