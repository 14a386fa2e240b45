//! Options of everything that sends records.

use clap::{Args, ValueEnum};
use client::producer::{Acks, Codec, Compression};

/// How records are acknowledged and packed.
#[derive(Args, Clone, Debug)]
pub struct DeliveryArguments {
    /// all: acknowledged by every in-sync replica, and written once however often it is sent; 1: by the leader;
    /// 0: not at all.
    #[arg(long, default_value = "all")]
    pub acks: AcksArgument,

    /// How batches are compressed.
    #[arg(short = 'z', long, default_value = "none")]
    pub compression: CompressionArgument,
}

/// See [`DeliveryArguments::acks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum AcksArgument {
    All,
    #[value(name = "1")]
    Leader,
    #[value(name = "0")]
    None,
}

/// The codecs of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum CompressionArgument {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl DeliveryArguments {
    pub(crate) fn acks(&self) -> Acks {
        match self.acks {
            AcksArgument::All => Acks::All,
            AcksArgument::Leader => Acks::Leader,
            AcksArgument::None => Acks::None,
        }
    }

    pub(crate) fn compression(&self) -> Compression {
        Compression::of(match self.compression {
            CompressionArgument::None => Codec::None,
            CompressionArgument::Gzip => Codec::Gzip,
            CompressionArgument::Snappy => Codec::Snappy,
            CompressionArgument::Lz4 => Codec::Lz4,
            CompressionArgument::Zstd => Codec::Zstd,
        })
    }
}
