//! What the keys do, without a terminal.

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Topics,
    Partitions,
    Groups,
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Tab,
    Enter,
    Backspace,
    Escape,
    /// Ctrl-C.
    Interrupt,
}

/// What comes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Redraw,
    Quit,
}

/// In which order, and from where, rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Controls {
    pub(super) tab: Tab,
    /// The column that rows are sorted by; counted as the screen counts, which takes it back to those that there are.
    pub(super) sorted_by: usize,
    /// Numbers from the largest, names from Z.
    pub(super) is_descending: bool,
    /// Only rows whose names hold this.
    pub(super) filter: String,
    /// Letters belong to the filter.
    pub(super) is_filtering: bool,
    /// Rows that are passed over.
    pub(super) scrolled: usize,
}

/// Rows of a page key; about a screen.
const PAGE: usize = 20;

impl Controls {
    /// Takes a key.
    pub(super) fn press(&mut self, key: Key) -> Reaction {
        match (self.is_filtering, key) {
            (_, Key::Interrupt) | (false, Key::Letter('q')) => return Reaction::Quit,
            (true, Key::Letter(letter)) => self.filter.push(letter),
            (true, Key::Backspace) => drop(self.filter.pop()),
            (true, Key::Enter) => self.is_filtering = false,
            (_, Key::Escape) => {
                self.is_filtering = false;
                self.filter.clear();
            }
            (false, Key::Letter('/')) => self.is_filtering = true,
            (false, Key::Letter('1')) => self.show(Tab::Topics),
            (false, Key::Letter('2')) => self.show(Tab::Partitions),
            (false, Key::Letter('3')) => self.show(Tab::Groups),
            (_, Key::Tab) => self.show(match self.tab {
                Tab::Topics => Tab::Partitions,
                Tab::Partitions => Tab::Groups,
                Tab::Groups => Tab::Topics,
            }),
            (false, Key::Letter('r')) => self.is_descending = !self.is_descending,
            (_, Key::Left) => self.sorted_by = self.sorted_by.saturating_sub(1),
            (_, Key::Right) => self.sorted_by += 1,
            (_, Key::Up) => self.scrolled = self.scrolled.saturating_sub(1),
            (_, Key::Down) => self.scrolled += 1,
            (_, Key::PageUp) => self.scrolled = self.scrolled.saturating_sub(PAGE),
            (_, Key::PageDown) => self.scrolled += PAGE,
            (false, Key::Letter(_) | Key::Backspace | Key::Enter) => {}
        }
        Reaction::Redraw
    }

    fn show(&mut self, tab: Tab) {
        *self = Self { tab, filter: std::mem::take(&mut self.filter), ..Self::default() };
    }
}

/// The keys in what a terminal sends; what is not known is passed over.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: &[(&str, Key)] = &[
        ("\x1b[A", Key::Up),
        ("\x1b[B", Key::Down),
        ("\x1b[C", Key::Right),
        ("\x1b[D", Key::Left),
        ("\x1bOA", Key::Up),
        ("\x1bOB", Key::Down),
        ("\x1bOC", Key::Right),
        ("\x1bOD", Key::Left),
        ("\x1b[5~", Key::PageUp),
        ("\x1b[6~", Key::PageDown),
        ("\t", Key::Tab),
        ("\r", Key::Enter),
        ("\n", Key::Enter),
        ("\x7f", Key::Backspace),
        ("\x08", Key::Backspace),
        ("\x03", Key::Interrupt),
    ];
    let mut keys = Vec::new();
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    while let Some(letter) = rest.chars().next() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
            keys.push(*key);
            rest = &rest[sequence.len()..];
        } else if let Some(unknown) = rest.strip_prefix("\x1b[") {
            // Ends with a letter or ~.
            let end = unknown.find(|letter: char| ('@'..='~').contains(&letter));
            rest = end.map_or("", |end| &unknown[end + 1..]);
        } else {
            match letter {
                '\x1b' => keys.push(Key::Escape),
                letter if !letter.is_control() && letter != char::REPLACEMENT_CHARACTER => {
                    keys.push(Key::Letter(letter))
                }
                _ => {}
            }
            rest = &rest[letter.len_utf8()..];
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(sent: &str) -> Controls {
        let mut controls = Controls::default();
        for key in keys(sent.as_bytes()) {
            assert_eq!(controls.press(key), Reaction::Redraw, "{key:?} in {sent:?}");
        }
        controls
    }

    #[test]
    fn what_a_terminal_sends_is_taken_for_keys() {
        let sent = "a\x1b[A\x1b[B\x1bOC\x1b[D\x1b[5~\x1b[6~\t\r\x7f\x03\x1b[1;5Q\u{e4}";
        let expected = [
            Key::Letter('a'),
            Key::Up,
            Key::Down,
            Key::Right,
            Key::Left,
            Key::PageUp,
            Key::PageDown,
            Key::Tab,
            Key::Enter,
            Key::Backspace,
            Key::Interrupt,
            Key::Letter('\u{e4}'),
        ];
        assert_eq!(keys(sent.as_bytes()), expected);
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(&[0xff, 0]), []);
    }

    #[test]
    fn keys_sort_filter_scroll_and_turn_pages() {
        assert_eq!(pressed("2").tab, Tab::Partitions);
        assert_eq!(pressed("\t\t").tab, Tab::Groups);
        assert_eq!(pressed("\t\t\t").tab, Tab::Topics);
        let sorted = pressed("\x1b[C\x1b[C\x1b[Dr");
        assert_eq!((sorted.sorted_by, sorted.is_descending), (1, true));
        assert_eq!(pressed("\x1b[B\x1b[B\x1b[A").scrolled, 1);
        assert_eq!(pressed("\x1b[6~\x1b[5~\x1b[5~").scrolled, 0);
    }

    #[test]
    fn letters_belong_to_a_filter_that_was_begun() {
        let filtered = pressed("/q1x\x7f\r3");
        assert_eq!(
            (filtered.filter.as_str(), filtered.tab),
            ("q1", Tab::Groups),
            "a filter stays on every page"
        );
        assert!(!filtered.is_filtering);
        assert_eq!(pressed("/ab\x1b").filter, "");
    }

    #[test]
    fn somebody_who_has_seen_enough_leaves() {
        assert_eq!(Controls::default().press(Key::Letter('q')), Reaction::Quit);
        let mut filtering = pressed("/");
        assert_eq!(filtering.press(Key::Letter('q')), Reaction::Redraw);
        assert_eq!(filtering.press(Key::Interrupt), Reaction::Quit);
    }
}
