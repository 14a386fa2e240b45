//! Writes batches of every codec and kind as text for the oracle to read back; see
//! `conformance/golden-records/GoldenRecords.java`.

#[path = "../tests/listing/mod.rs"]
mod listing;

use bytes::Bytes;
use record::{
    BatchBuilder, BatchOptions, BuildError, Codec, Compression, ControlRecordType, HeaderRef, control_batch,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

const NOW: i64 = 1_700_000_000_000;

fn main() -> Result<(), BuildError> {
    for codec in Codec::ALL {
        let levels: &[i32] = match codec {
            Codec::None | Codec::Snappy | Codec::Lz4 => &[0],
            Codec::Gzip => &[-1, 1, 9],
            Codec::Zstd => &[-5, 1, 3, 9, 22],
        };
        for level in levels {
            let compression = match codec {
                Codec::Gzip => Compression::Gzip { level: *level },
                Codec::Zstd => Compression::Zstd { level: *level },
                other => Compression::of(other),
            };
            print(&format!("{}-{level}-small", codec.name()), &small(compression)?);
            print(&format!("{}-{level}-large", codec.name()), &large(compression)?);
        }
    }
    let owner = control_batch::MarkerOwner {
        producer_id: ProducerId(4711),
        producer_epoch: ProducerEpoch(12),
        coordinator_epoch: 18,
    };
    print("marker", &control_batch::end_transaction(ControlRecordType::Commit, owner, NOW)?);
    let options =
        BatchOptions { base_offset: Offset(10), base_sequence: Sequence(0), ..BatchOptions::default() };
    print("emptied", &BatchBuilder::build_empty(options, Offset(19), NOW)?);
    Ok(())
}

fn print(name: &str, batch: &Bytes) {
    print!("name {name}\nbytes {}\n{}end\n", listing::hex(batch), listing::list(batch));
}

fn small(compression: Compression) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset: Offset(5_000_000_000),
        compression,
        partition_leader_epoch: LeaderEpoch(31),
        producer_id: ProducerId(4711),
        producer_epoch: ProducerEpoch(12),
        base_sequence: Sequence(i32::MAX - 1),
        transactional: true,
        ..BatchOptions::default()
    })?;
    builder.append(NOW, Some(b"key"), Some(b"value"), &[])?;
    let headers =
        [HeaderRef { key: b"h", value: None }, HeaderRef { key: "größe".as_bytes(), value: Some(b"x") }];
    builder.append(NOW - 9, None, Some(b""), &headers)?;
    builder.append(-1, Some(b""), None, &[])?;
    Ok(builder.build()?.expect("three records were appended"))
}

fn large(compression: Compression) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() })?;
    for size in [40_000, 200_000, 32_768, 65_536, 1] {
        builder.append(NOW + size as i64, Some(b"large"), Some(&listing::pattern(size)), &[])?;
    }
    // What cannot be compressed is stored as it is by some codecs.
    let noise: Vec<u8> =
        (0u32..100_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ (i >> 3) as u8).collect();
    builder.append(NOW, None, Some(&noise), &[])?;
    Ok(builder.build()?.expect("records were appended"))
}
