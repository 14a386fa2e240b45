//! The facts about one message, as the rest of the generator sees them.

use std::fmt;

/// An inclusive range of versions; an open end is [`Versions::OPEN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// First version.
    pub low: i16,
    /// Last version, [`Versions::OPEN`] for "and all later ones".
    pub high: i16,
}

impl Versions {
    /// The end of a range such as `3+`.
    pub const OPEN: i16 = i16::MAX;

    /// The versions in both ranges, `None` where they do not meet.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }

    /// Whether `version` lies in the range.
    pub fn contains(self, version: i16) -> bool {
        self.low <= version && version <= self.high
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.high {
            Self::OPEN => write!(f, "{}+", self.low),
            high if high == self.low => write!(f, "{high}"),
            high => write!(f, "{}-{high}", self.low),
        }
    }
}

/// What a message is for; decides its module and whether it has an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sent by a client.
    Request,
    /// Answers a request.
    Response,
    /// Precedes a request or a response.
    Header,
    /// A record of the metadata log.
    Metadata,
    /// A record of the log that tracks remote segments.
    RemoteLog,
    /// Key of a group coordinator's record.
    GroupKey,
    /// Value of a group coordinator's record.
    GroupValue,
    /// Key of a share coordinator's record.
    ShareKey,
    /// Value of a share coordinator's record.
    ShareValue,
    /// Key of a transaction coordinator's record.
    TransactionKey,
    /// Value of a transaction coordinator's record.
    TransactionValue,
    /// Anything else: control records, snapshots, blobs inside other messages.
    Data,
}

impl Kind {
    /// Every kind with its word in the notation.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Request, "request"),
        (Self::Response, "response"),
        (Self::Header, "header"),
        (Self::Metadata, "metadata"),
        (Self::RemoteLog, "remote-log"),
        (Self::GroupKey, "group-key"),
        (Self::GroupValue, "group-value"),
        (Self::ShareKey, "share-key"),
        (Self::ShareValue, "share-value"),
        (Self::TransactionKey, "transaction-key"),
        (Self::TransactionValue, "transaction-value"),
        (Self::Data, "data"),
    ];

    /// Whether the message travels on the wire by itself (module `messages`) or lies in a log (module `records`).
    pub fn is_on_the_wire(self) -> bool {
        matches!(self, Self::Request | Self::Response | Self::Header)
    }
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the notation's own")]
pub enum Type {
    Bool,
    I8,
    I16,
    U16,
    I32,
    U32,
    I64,
    F64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Type>),
}

/// The value a field has where nothing was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Default {
    /// Zero, false, empty, all fields at their defaults.
    Zero,
    /// No value; only for nullable fields.
    Null,
    /// This number, or `true`.
    Value(String),
}

/// One field of a message or struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Kafka's name, such as `TopicData`.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// The versions that have it, within the versions its struct can have.
    pub versions: Versions,
    /// The versions at which it may be null, within `versions`.
    pub nullable: Option<Versions>,
    /// Its number where it is a tagged field.
    pub tag: Option<u32>,
    /// Whether a set value is silently dropped at versions that lack the field.
    pub ignorable: bool,
    /// Whether the field keeps the old encoding at flexible versions.
    pub rigid: bool,
    /// The value where nothing was said.
    pub default: Default,
}

impl Field {
    /// The name in Rust, such as `topic_data`.
    pub fn rust_name(&self) -> String {
        crate::names::field_name(&self.name)
    }
}

/// A struct: the message itself, one nested where it is used, or one shared by several fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// The versions it can be met at.
    pub versions: Versions,
    /// Its fields, in the order of the wire.
    pub fields: Vec<Field>,
}

/// One schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is for.
    pub kind: Kind,
    /// The API key of a request or response, the type of a record.
    pub key: Option<i16>,
    /// Its name, such as `ProduceRequest`.
    pub name: String,
    /// The versions the oracle speaks.
    pub valid: Versions,
    /// The first version with compact lengths and tagged fields.
    pub flexible_since: Option<i16>,
    /// All structs; the first is the message itself.
    pub structs: Vec<Struct>,
}

impl Message {
    /// The struct with this name.
    ///
    /// # Panics
    /// When there is none; the parser has checked every name.
    pub fn find(&self, name: &str) -> &Struct {
        self.structs
            .iter()
            .find(|known| known.name == name)
            .expect("the parser has checked every struct name")
    }

    /// Whether `version` is flexible.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible_since.is_some_and(|first| version >= first)
    }

    /// The smallest number of bytes that a struct takes on the wire at any version, at least 1.
    pub fn minimum_size(&self, name: &str) -> usize {
        let found = self.find(name);
        let sizes = (found.versions.low..=found.versions.high).map(|version| self.size_at(found, version));
        sizes.min().unwrap_or(1).max(1)
    }

    fn size_at(&self, found: &Struct, version: i16) -> usize {
        let flexible = self.is_flexible(version);
        let present =
            found.fields.iter().filter(|field| field.tag.is_none() && field.versions.contains(version));
        usize::from(flexible) + present.map(|field| self.field_size_at(field, version)).sum::<usize>()
    }

    fn field_size_at(&self, field: &Field, version: i16) -> usize {
        let flexible = self.is_flexible(version) && !field.rigid;
        match &field.ty {
            Type::Struct(_) if field.nullable.is_some_and(|nullable| nullable.contains(version)) => 1,
            Type::Struct(name) => self.size_at(self.find(name), version),
            other => other.minimum_size(flexible),
        }
    }
}

impl Type {
    /// The smallest number of bytes on the wire, for everything but structs.
    pub fn minimum_size(&self, flexible: bool) -> usize {
        match self {
            Self::Bool | Self::I8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 => 4,
            Self::I64 | Self::F64 => 8,
            Self::Uuid => 16,
            Self::String => {
                if flexible {
                    1
                } else {
                    2
                }
            }
            Self::Bytes | Self::Records | Self::Array(_) => {
                if flexible {
                    1
                } else {
                    4
                }
            }
            Self::Struct(_) => 1,
        }
    }
}
