//! What generated modules import.

pub(crate) use bytes::Bytes;
pub(crate) use types::Uuid;

pub(crate) use crate::error::{DecodeError, EncodeError};
pub(crate) use crate::reader::Reader;
pub(crate) use crate::records_field::Records;
pub(crate) use crate::tagged_fields::{TagReader, TagWriter, TaggedFields};
pub(crate) use crate::writer::Writer;
