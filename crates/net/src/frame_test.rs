//! The splitter against frames that were put together by hand, cut in every way.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::{FrameBuffer, FrameError};

fn stream(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().flat_map(|frame| [&(frame.len() as i32).to_be_bytes()[..], frame].concat()).collect()
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
        frames in vec(vec(any::<u8>(), 0..3000), 0..8),
        cuts in vec(1..700usize, 1..50),
    ) {
        let stream = stream(&frames);
        let mut buffer = FrameBuffer::new();
        let (mut found, mut at, mut cuts) = (Vec::new(), 0, cuts.into_iter().cycle());
        while at < stream.len() {
            let end = (at + cuts.next().unwrap()).min(stream.len());
            buffer.extend(&stream[at..end]);
            at = end;
            while let Some(frame) = buffer.next_frame(3000).unwrap() {
                found.push(frame.to_vec());
            }
        }
        prop_assert_eq!(found, frames);
        prop_assert_eq!((buffer.len(), buffer.capacity()), (0, 0), "nothing is held between frames");
    }
}

#[test]
fn byte_by_byte_is_a_way_to_arrive() {
    let mut buffer = FrameBuffer::new();
    let stream = stream(&[b"one".to_vec(), Vec::new(), b"three".to_vec()]);
    let mut found = Vec::new();
    for byte in stream {
        buffer.extend(&[byte]);
        found.extend(buffer.next_frame(5).unwrap());
    }
    assert_eq!(found, [&b"one"[..], b"", b"three"]);
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut buffer = FrameBuffer::new();
    let limit = 100 << 20;
    buffer.extend(&(limit as i32).to_be_bytes());
    for arrived in 0..300 {
        assert_eq!(buffer.next_frame(limit), Ok(None));
        let bound = (2 * buffer.len()).max(64 * 1024) + 4;
        assert!(buffer.capacity() <= bound, "{} bytes held after {arrived} KiB", buffer.capacity());
        buffer.extend(&[0; 1024]);
    }
}

#[test]
fn lengths_out_of_bounds_are_refused_with_the_length_alone() {
    let refuse = |length: i32, error| {
        let mut buffer = FrameBuffer::new();
        buffer.extend(&length.to_be_bytes());
        assert_eq!(buffer.next_frame(1000), Err(error));
    };
    refuse(-1, FrameError::Negative { announced: -1 });
    refuse(i32::MIN, FrameError::Negative { announced: i32::MIN });
    refuse(1001, FrameError::TooLarge { announced: 1001, limit: 1000 });
    refuse(i32::MAX, FrameError::TooLarge { announced: i32::MAX as usize, limit: 1000 });
}
