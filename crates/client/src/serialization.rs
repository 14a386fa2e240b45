//! Keys and values as bytes: [`Serializer`] and [`Deserializer`], and Kafka's own forms of plain types.

/// Turns values into bytes (`key.serializer`, `value.serializer`).
pub trait Serializer<T: ?Sized>: Send + Sync {
    /// The bytes of a value that goes to this topic.
    ///
    /// # Errors
    /// With the reason, in words.
    fn serialize(&self, topic: &str, value: &T) -> Result<Vec<u8>, String>;
}

/// Turns bytes into values (`key.deserializer`, `value.deserializer`).
pub trait Deserializer<T>: Send + Sync {
    /// The value of bytes that come from this topic.
    ///
    /// # Errors
    /// With the reason, in words.
    fn deserialize(&self, topic: &str, bytes: &[u8]) -> Result<T, String>;
}

/// As the serializers that come with Kafka: text in UTF-8, numbers in big-endian order, bytes as they are.
///
/// ```
/// use client::serialization::{Deserializer, Plain, Serializer};
///
/// assert_eq!(Plain.serialize("orders", &7_i32), Ok(vec![0, 0, 0, 7]));
/// let text: Result<String, String> = Plain.deserialize("orders", b"paid");
/// assert_eq!(text.as_deref(), Ok("paid"));
/// let short: Result<i64, String> = Plain.deserialize("orders", b"paid");
/// assert_eq!(short, Err("8 bytes are needed, not 4".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Serializer<[u8]> for Plain {
    fn serialize(&self, _: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        Ok(value.to_vec())
    }
}

impl Deserializer<Vec<u8>> for Plain {
    fn deserialize(&self, _: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
        Ok(bytes.to_vec())
    }
}

impl Serializer<str> for Plain {
    fn serialize(&self, _: &str, value: &str) -> Result<Vec<u8>, String> {
        Ok(value.as_bytes().to_vec())
    }
}

impl Serializer<String> for Plain {
    fn serialize(&self, topic: &str, value: &String) -> Result<Vec<u8>, String> {
        self.serialize(topic, value.as_str())
    }
}

impl Deserializer<String> for Plain {
    fn deserialize(&self, _: &str, bytes: &[u8]) -> Result<String, String> {
        String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl Serializer<$number> for Plain {
            fn serialize(&self, _: &str, value: &$number) -> Result<Vec<u8>, String> {
                Ok(value.to_be_bytes().to_vec())
            }
        }

        impl Deserializer<$number> for Plain {
            fn deserialize(&self, _: &str, bytes: &[u8]) -> Result<$number, String> {
                let needed = size_of::<$number>();
                let bytes = bytes.try_into().map_err(|_| format!("{needed} bytes are needed, not {}", bytes.len()))?;
                Ok(<$number>::from_be_bytes(bytes))
            }
        })+
    };
}

numbers!(i16, i32, i64, f32, f64);
