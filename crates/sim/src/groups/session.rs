//! A member's session: until when the coordinator has to know the member.

use std::time::Duration;

/// Coordinators count whole milliseconds.
const MARGIN: Duration = Duration::from_millis(2);

/// What a member that has its share may rely on: it is in the log, and was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    /// When it sent what was answered last.
    pub(crate) heard: Duration,
    pub(crate) length: Duration,
    /// How often what the coordinator wrote may have been lost by then.
    pub(crate) losses: u64,
}

impl Session {
    /// Whether the member has to be known at `now`. A life that begins, at one of `births`, gives every member of the log
    /// a whole session.
    pub(crate) fn holds(&self, births: &[Duration], now: Duration, losses: u64) -> bool {
        let is_within = |from: Duration, to: Duration| to + MARGIN < from + self.length;
        let mut heard = self.heard;
        for birth in births.iter().filter(|birth| **birth > self.heard) {
            if !is_within(heard, *birth) {
                return false;
            }
            heard = *birth;
        }
        losses == self.losses && is_within(heard, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_begins_anew_with_a_life_that_begins_within_it() {
        let ms = Duration::from_millis;
        let session = Session { heard: ms(50), length: ms(100), losses: 0 };
        assert!(session.holds(&[ms(0)], ms(140), 0));
        assert!(!session.holds(&[ms(0)], ms(150), 0));
        assert!(session.holds(&[ms(0), ms(120)], ms(200), 0));
        assert!(!session.holds(&[ms(0), ms(120)], ms(230), 0));
        assert!(!session.holds(&[ms(0), ms(160)], ms(170), 0), "it was over before the life began");
        assert!(!session.holds(&[ms(0), ms(120)], ms(130), 1), "the power may have taken it");
    }
}
