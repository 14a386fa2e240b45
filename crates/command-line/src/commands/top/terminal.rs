//! The terminal: keys come as they are pressed, and what is drawn leaves the shell's lines alone.

use std::io::{self, Read, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc;

use super::controls::{Key, keys};
use super::screen::Size;

/// Another screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// The shell's screen again.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// A terminal that is as it was before once this is dropped.
pub(super) struct Terminal {
    before: Termios,
    keys: mpsc::Receiver<Key>,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where standard input is none, or there is no thread for it.
    pub(super) fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        let (pressed, keys) = mpsc::channel(64);
        // Not joined: it waits for keys that may never come, and the process ends without it.
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&pressed))?;
        tcsetattr(&stdin, OptionalActions::Flush, &raw)?;
        // From here on whatever fails puts everything back.
        let terminal = Self { before, keys };
        put(ENTER)?;
        Ok(terminal)
    }

    pub(super) fn size(&self) -> Size {
        let found = tcgetwinsize(io::stdout()).map(|size| (size.ws_col.into(), size.ws_row.into()));
        // A terminal that does not know its size says 0.
        let (columns, rows) =
            found.ok().filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24));
        Size { columns, rows }
    }

    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = String::from("\x1b[H");
        for (index, line) in lines.iter().enumerate() {
            text.push_str(if index == 0 { "" } else { "\r\n" });
            // What stood behind it is wiped.
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        put(&text)
    }

    /// The next key; `None` when the terminal is gone.
    pub(super) async fn next_key(&mut self) -> Option<Key> {
        self.keys.recv().await
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nobody could be told where it fails.
        let _ = put(LEAVE);
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn read_keys(pressed: &mpsc::Sender<Key>) {
    let mut bytes = [0; 64];
    while let Ok(count) = io::stdin().lock().read(&mut bytes) {
        if count == 0 || keys(&bytes[..count]).into_iter().any(|key| pressed.blocking_send(key).is_err()) {
            return;
        }
    }
}
