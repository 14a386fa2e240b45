//! Cuts a stream of bytes into frames: however the bytes arrive, the frames are those of the whole stream, and the
//! buffer holds no more than it may. The first byte chooses how the rest is cut into arrivals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net::{FrameBuffer, FrameError};

const LIMIT: usize = 2000;

/// What a buffer may hold for a frame that has only begun.
const HELD_MAX: usize = 64 * 1024 + 4;

/// The frames of a stream, and the error it ends with.
fn split(mut stream: &[u8]) -> (Vec<&[u8]>, Option<FrameError>) {
    let mut frames = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let announced = i32::from_be_bytes(*length);
        let Ok(length) = usize::try_from(announced) else {
            return (frames, Some(FrameError::Negative { announced }));
        };
        if length > LIMIT {
            return (frames, Some(FrameError::TooLarge { announced: length, limit: LIMIT }));
        }
        let Some((frame, rest)) = rest.split_at_checked(length) else { break };
        frames.push(frame);
        stream = rest;
    }
    (frames, None)
}

fuzz_target!(|input: &[u8]| {
    let Some((step, stream)) = input.split_first() else { return };
    let (expected, expected_error) = split(stream);
    let mut buffer = FrameBuffer::new();
    let mut found = Vec::new();
    for (number, arrived) in stream.chunks(usize::from(*step) + 1).enumerate() {
        // Every third arrival comes in two pieces of its own.
        let (first, second) = arrived.split_at(if number % 3 == 0 { arrived.len() / 2 } else { 0 });
        for piece in [first, second] {
            buffer.extend(piece);
            loop {
                match buffer.next_frame(LIMIT) {
                    Ok(Some(frame)) => found.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        assert!(found == expected, "other frames than the whole stream has");
                        assert_eq!(Some(error), expected_error);
                        return;
                    }
                }
            }
            assert!(buffer.capacity() <= HELD_MAX, "{} bytes held", buffer.capacity());
        }
    }
    assert!(found == expected, "other frames than the whole stream has");
    assert_eq!(expected_error, None);
});
