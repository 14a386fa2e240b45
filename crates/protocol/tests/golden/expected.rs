//! What `{:?}` must print for a value that Kafka's JSON describes.

use bytes::Bytes;
use protocol_generator::{Default, Field, Kind, Message as Schema, Struct, Type, snake_case};
use serde_json::{Map, Value};

use crate::cases::Case;

/// The debug text of the case's value.
pub fn debug_text(schema: &Schema, case: &Case) -> String {
    let printer = Printer { schema, version: case.version, tagged: case.shape == "tagged" };
    let values = case.values.as_object().expect("Kafka's JSON of a message is an object");
    printer.object(schema.find(&schema.name), Some(values))
}

struct Printer<'a> {
    schema: &'a Schema,
    version: i16,
    /// Whether every struct on the wire carries the unknown field of `RandomFill.java`.
    tagged: bool,
}

impl Printer<'_> {
    /// A struct with these values; without any, one that was never on the wire and has its defaults.
    fn object(&self, found: &Struct, values: Option<&Map<String, Value>>) -> String {
        let mut fields: Vec<String> = Vec::new();
        for field in &found.fields {
            let name = snake_case(&field.name);
            let value = values.filter(|_| field.versions.contains(self.version));
            fields.push(format!("{name}: {}", self.field(field, value)));
        }
        if self.schema.flexible_since.is_some_and(|since| since <= found.versions.high) {
            let unknown = if self.tagged && values.is_some() { r#"{9999: b"\x01\x02\x03"}"# } else { "{}" };
            fields.push(format!("unknown_tagged_fields: {unknown}"));
        }
        format!("{} {{ {} }}", found.name, fields.join(", ")).replace(" {  }", "")
    }

    fn field(&self, field: &Field, values: Option<&Map<String, Value>>) -> String {
        let Some(values) = values else { return self.default(field) };
        let key = lower_first(&field.name);
        let value = match &field.ty {
            Type::Records => values.get(&format!("{key}SizeInBytes")).or(values.get(&key)),
            _ => values.get(&key),
        };
        match value {
            // Kafka's JSON leaves out tagged fields that have their defaults.
            None => {
                assert!(field.tag.is_some(), "{key} is missing from {values:?}");
                self.default(field)
            }
            Some(Value::Null) => "None".to_owned(),
            Some(value) => optional(field, self.value(&field.ty, value)),
        }
    }

    fn value(&self, ty: &Type, value: &Value) -> String {
        let number = || value.as_i64().expect("a number");
        let text = || value.as_str().expect("a text");
        match ty {
            Type::Bool => value.as_bool().expect("true or false").to_string(),
            Type::F64 => format!("{:?}", value.as_f64().expect("a number")),
            Type::I8 | Type::I16 | Type::U16 | Type::I32 | Type::U32 | Type::I64 => number().to_string(),
            Type::Uuid => text().to_owned(),
            Type::String => format!("{:?}", text()),
            Type::Bytes => format!("{:?}", Bytes::from(base64(text()))),
            Type::Records => self.records(number()),
            Type::Struct(name) => {
                self.object(self.schema.find(name), Some(value.as_object().expect("an object")))
            }
            Type::Array(element) => {
                let items = value.as_array().expect("an array").iter().map(|item| self.value(element, item));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Kafka's JSON tells the size of records only; `RandomFill.java` makes the bytes from it.
    fn records(&self, size: i64) -> String {
        let bytes: Vec<u8> = (0..size).map(|index| (size * 7 + index * 31) as u8).collect();
        match self.schema.kind {
            Kind::Response => format!("Bytes({:?})", Bytes::from(bytes)),
            _ => format!("{:?}", Bytes::from(bytes)),
        }
    }

    fn default(&self, field: &Field) -> String {
        let zero = match &field.ty {
            Type::Bool => "false".to_owned(),
            Type::F64 => "0.0".to_owned(),
            Type::I8 | Type::I16 | Type::U16 | Type::I32 | Type::U32 | Type::I64 => "0".to_owned(),
            Type::Uuid => "A".repeat(22),
            Type::String => "\"\"".to_owned(),
            Type::Bytes => "b\"\"".to_owned(),
            Type::Records => self.records(0),
            Type::Struct(name) => self.object(self.schema.find(name), None),
            Type::Array(_) => "[]".to_owned(),
        };
        match &field.default {
            Default::Null => "None".to_owned(),
            Default::Value(value) => value.clone(),
            Default::Zero => optional(field, zero),
        }
    }
}

fn optional(field: &Field, text: String) -> String {
    if field.nullable.is_some() { format!("Some({text})") } else { text }
}

fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

/// Standard base64 with padding.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = DIGITS.iter().position(|known| *known == byte).expect("a digit of base64");
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
