//! Prints one struct: its definition, defaults, decoder and encoder.

mod decoder;
mod definition;
mod encoder;

use std::fmt::Write;

use crate::schema::{Default, Field, Message, Struct, Type, Versions};

pub(crate) fn emit_struct(message: &Message, found: &Struct) -> String {
    let emitter = Emitter { message, found };
    let mut out = emitter.definition();
    out += &emitter.default();
    let _ = writeln!(out, "impl {} {{", found.name);
    out += &emitter.decoder();
    out += &emitter.encoder();
    out += "}\n";
    out
}

struct Emitter<'a> {
    message: &'a Message,
    found: &'a Struct,
}
impl Emitter<'_> {
    fn is_top(&self) -> bool {
        self.found.name == self.message.name
    }

    /// The versions of this struct that are flexible.
    fn flexible_versions(&self) -> Option<Versions> {
        let low = self.message.flexible_since?;
        self.found.versions.intersection(Versions { low, high: Versions::OPEN })
    }

    /// The condition for "the version at hand lies in `range`"; `None` where all of this struct's versions do.
    fn condition(&self, range: Versions) -> Option<String> {
        let own = self.found.versions;
        match (range.low > own.low, range.high < own.high) {
            (false, false) => None,
            (true, false) => Some(format!("version >= {}", range.low)),
            (false, true) => Some(format!("version <= {}", range.high)),
            (true, true) if range.low == range.high => Some(format!("version == {}", range.low)),
            (true, true) => Some(format!("(version >= {} && version <= {})", range.low, range.high)),
        }
    }

    fn flexible(&self, field: &Field) -> String {
        match self.flexible_versions() {
            None => "false".to_owned(),
            Some(_) if field.rigid => "false".to_owned(),
            Some(range) if self.condition(range).is_none() => "true".to_owned(),
            // A field that only flexible versions have needs no question.
            Some(range) if field.versions.low >= range.low => "true".to_owned(),
            Some(range) if field.versions.high < range.low => "false".to_owned(),
            Some(_) => "flexible".to_owned(),
        }
    }

    /// The condition for "this field may be null", never empty.
    fn nullable(&self, field: &Field) -> String {
        match field.nullable {
            None => "false".to_owned(),
            Some(range) if range == field.versions => "true".to_owned(),
            Some(range) => self.condition(range).unwrap_or_else(|| "true".to_owned()),
        }
    }

    fn rust_type(&self, field: &Field) -> String {
        let plain = self.element_type(&field.ty);
        match (&field.ty, field.nullable) {
            (_, None) => plain,
            (Type::Struct(_), Some(_)) => format!("Option<Box<{plain}>>"),
            (_, Some(_)) => format!("Option<{plain}>"),
        }
    }

    fn element_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::I8 => "i8".to_owned(),
            Type::I16 => "i16".to_owned(),
            Type::U16 => "u16".to_owned(),
            Type::I32 => "i32".to_owned(),
            Type::U32 => "u32".to_owned(),
            Type::I64 => "i64".to_owned(),
            Type::F64 => "f64".to_owned(),
            Type::Uuid => "Uuid".to_owned(),
            Type::String => "String".to_owned(),
            Type::Bytes => "Bytes".to_owned(),
            Type::Records if self.carries_regions() => "Records".to_owned(),
            Type::Records => "Bytes".to_owned(),
            Type::Struct(name) => name.clone(),
            Type::Array(element) => format!("Vec<{}>", self.element_type(element)),
        }
    }

    /// Records of a response may lie in a file and be sent from there.
    fn carries_regions(&self) -> bool {
        self.message.kind == crate::Kind::Response
    }

    fn prologue(&self, error: &str) -> String {
        let mut out = String::new();
        if self.is_top() {
            let Versions { low, high } = self.found.versions;
            let _ = writeln!(
                out,
                "if !({low}..={high}).contains(&version) {{ return Err({error}::UnsupportedVersion {{ message: \"{}\", version }}); }}",
                self.found.name
            );
        }
        if let Some(condition) = self.flexible_versions().and_then(|range| self.condition(range)) {
            let _ = writeln!(out, "let flexible = {condition};");
        }
        out
    }

    fn path(&self, field: &Field) -> String {
        format!("\"{}.{}\"", self.found.name, field.rust_name().trim_start_matches("r#"))
    }

    /// The condition for "this field differs from its default".
    fn is_set(&self, field: &Field) -> String {
        let value = format!("self.{}", field.rust_name());
        match (&field.default, &field.ty, field.nullable.is_some()) {
            (Default::Null, ..) => format!("{value}.is_some()"),
            (Default::Value(default), Type::Bool, _) if default == "true" => format!("!{value}"),
            (Default::Value(default), ..) => format!("{value} != {default}"),
            (Default::Zero, Type::Bool, _) => value,
            (Default::Zero, Type::F64, _) => format!("{value} != 0.0"),
            (Default::Zero, Type::Uuid, _) => format!("!{value}.is_zero()"),
            (Default::Zero, Type::Struct(name), false) => format!("{value} != {name}::default()"),
            (Default::Zero, Type::Struct(name), true) => {
                format!("{value}.as_deref() != Some(&{name}::default())")
            }
            (Default::Zero, Type::String | Type::Bytes | Type::Records | Type::Array(_), false) => {
                format!("!{value}.is_empty()")
            }
            (Default::Zero, Type::String | Type::Bytes | Type::Records | Type::Array(_), true) => {
                format!("{value}.as_ref().is_none_or(|set| !set.is_empty())")
            }
            (Default::Zero, ..) => format!("{value} != 0"),
        }
    }
}

fn scalar_verb(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::I8 => "i8",
        Type::I16 => "i16",
        Type::U16 => "u16",
        Type::I32 => "i32",
        Type::U32 => "u32",
        Type::I64 => "i64",
        Type::F64 => "f64",
        Type::Uuid => "uuid",
        _ => unreachable!("only scalars are read and written by their name alone"),
    }
}
