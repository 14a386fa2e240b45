//! What happened in a run, in order, with its simulated time.

use std::cell::RefCell;

use tokio::time::Instant;

/// FNV-1a of nothing.
const EMPTY_DIGEST: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    continue_digest(EMPTY_DIGEST, bytes)
}

fn continue_digest(digest: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(digest, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Lines of text, and a digest over all of them.
pub(crate) struct Trace {
    state: RefCell<State>,
}

struct State {
    digest: u64,
    lines: Vec<String>,
    /// When the life began in which lines are written now.
    origin: Option<Instant>,
    life: usize,
}

impl Trace {
    pub(crate) fn new() -> Self {
        let state = State { digest: EMPTY_DIGEST, lines: Vec::new(), origin: None, life: 0 };
        Self { state: RefCell::new(state) }
    }

    /// A life begins: times are told from here. Must be called within its runtime.
    pub(crate) fn begin_life(&self, life: usize) {
        let mut state = self.state.borrow_mut();
        state.origin = Some(Instant::now());
        state.life = life;
    }

    /// The runtime that told the time is gone.
    pub(crate) fn end_life(&self) {
        self.state.borrow_mut().origin = None;
    }

    pub(crate) fn line(&self, who: &str, what: &str) {
        let mut state = self.state.borrow_mut();
        let at = state.origin.map_or(0, |origin| origin.elapsed().as_micros());
        let line = format!("{}/{:>5}.{:03} {who}: {what}", state.life, at / 1000, at % 1000);
        state.digest = continue_digest(state.digest, line.as_bytes());
        state.lines.push(line);
    }

    pub(crate) fn digest(&self) -> u64 {
        self.state.borrow().digest
    }

    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.state.borrow_mut().lines)
    }
}
