//! Randomness as a port: ids, jitter and placement draw from here, so that a seed replays a run.

use std::sync::{Arc, Mutex, PoisonError};

use rustix::rand::{GetRandomFlags, getrandom};

/// A source of random numbers; cheap to clone. Not for secrets.
#[derive(Clone, Debug)]
pub struct Entropy {
    /// The state of a SplitMix64 generator, shared by all clones.
    state: Arc<Mutex<u64>>,
}

impl Entropy {
    /// Numbers that differ at every start: seeded by the operating system, which is asked without a file, for an image
    /// may have no `/dev`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_system() -> std::io::Result<Self> {
        let mut seed = [0; 8];
        // Up to 256 bytes come whole; only the wait for the first randomness after a boot can be interrupted.
        let filled = rustix::io::retry_on_intr(|| getrandom(&mut seed, GetRandomFlags::empty()))?;
        if filled < seed.len() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self::from_seed(u64::from_le_bytes(seed)))
    }

    /// Numbers that are the same for the same seed.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(seed)) }
    }

    /// The next number; every value is equally likely.
    pub fn next_u64(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Sixteen random bytes, as ids need them.
    pub fn bytes16(&self) -> [u8; 16] {
        let halves = (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64());
        halves.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (a, b) = (Entropy::from_seed(7), Entropy::from_seed(7));
        let drawn: Vec<u64> = (0..10).map(|_| a.below(100)).collect();
        assert_eq!(drawn, (0..10).map(|_| b.below(100)).collect::<Vec<_>>());
        assert!(drawn.iter().all(|number| *number < 100));
    }
}
