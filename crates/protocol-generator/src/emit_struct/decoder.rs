//! Prints the function that reads a struct.

use std::fmt::Write;

use super::{Emitter, scalar_verb};
use crate::schema::{Default, Field, Type};

impl Emitter<'_> {
    pub(super) fn decoder(&self) -> String {
        let mut out = String::new();
        if self.is_top() {
            out += "/// Reads the struct; the reader stands behind it afterwards.\n///\n/// # Errors\n\
                    /// When the version is not spoken, or the bytes are not an encoding at this version.\n";
        }
        let visibility = if self.is_top() { "pub " } else { "" };
        let _ = writeln!(
            out,
            "{visibility}fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {{"
        );
        out += &self.prologue("DecodeError");
        for field in &self.found.fields {
            if let (Default::Zero, Type::Struct(inner), Some(_)) = (&field.default, &field.ty, field.nullable)
            {
                // The default itself takes memory.
                let _ = writeln!(out, "reader.charge(size_of::<{inner}>())?;");
            }
        }
        out += "let mut it = Self::default();\n";
        for field in self.found.fields.iter().filter(|field| field.tag.is_none()) {
            let read = format!("it.{} = {};", field.rust_name(), self.read(field));
            let _ = match self.condition(field.versions) {
                None => writeln!(out, "{read}"),
                Some(condition) => writeln!(out, "if {condition} {{ {read} }}"),
            };
        }
        if let Some(range) = self.flexible_versions() {
            let tags = self.decode_tags();
            let _ = match self.condition(range) {
                None => writeln!(out, "{tags}"),
                Some(_) => writeln!(out, "if flexible {{ {tags} }}"),
            };
        }
        out += "Ok(it)\n}\n";
        out
    }

    fn decode_tags(&self) -> String {
        let known: Vec<&Field> = self.found.fields.iter().filter(|field| field.tag.is_some()).collect();
        if known.is_empty() {
            return "it.unknown_tagged_fields = reader.unknown_tagged_fields()?;\n".to_owned();
        }
        let mut out = String::from("let mut tags = TagReader::start(reader)?;\n");
        out += "while let Some(tag) = tags.next(reader)? { match tag {\n";
        for field in known {
            let tag = field.tag.unwrap_or_default();
            let read = format!("it.{} = {}", field.rust_name(), self.read(field));
            let _ = match self.condition(field.versions) {
                Some(condition)
                    if field.versions.low > self.flexible_versions().map_or(0, |range| range.low) =>
                {
                    writeln!(
                        out,
                        "{tag} if {condition} => {read},\n{tag} => return Err(reader.tag_not_in_version(tag)),"
                    )
                }
                _ => writeln!(out, "{tag} => {read},"),
            };
        }
        out += "_ => tags.keep_unknown(reader)?,\n} }\nit.unknown_tagged_fields = tags.finish();\n";
        out
    }

    fn read(&self, field: &Field) -> String {
        let (flexible, nullable) = (self.flexible(field), self.nullable(field));
        match (&field.ty, field.nullable.is_some()) {
            (Type::String, false) => format!("reader.string({flexible})?"),
            (Type::String, true) => format!("reader.nullable_string({flexible}, {nullable})?"),
            (Type::Records, false) if self.carries_regions() => {
                format!("Records::Bytes(reader.bytes({flexible})?)")
            }
            (Type::Records, true) if self.carries_regions() => {
                format!("reader.nullable_bytes({flexible}, {nullable})?.map(Records::Bytes)")
            }
            (Type::Bytes | Type::Records, false) => format!("reader.bytes({flexible})?"),
            (Type::Bytes | Type::Records, true) => format!("reader.nullable_bytes({flexible}, {nullable})?"),
            (Type::Struct(name), false) => format!("{name}::decode(reader, version)?"),
            (Type::Struct(name), true) if field.tag.is_some() => {
                format!("reader.nullable_tagged_struct(|reader| {name}::decode(reader, version))?")
            }
            (Type::Struct(name), true) => {
                format!("reader.nullable_struct({nullable}, |reader| {name}::decode(reader, version))?")
            }
            (Type::Array(element), false) => {
                format!("reader.array({flexible}, {})?", self.element_reader(element, &flexible))
            }
            (Type::Array(element), true) => {
                format!(
                    "reader.nullable_array({flexible}, {nullable}, {})?",
                    self.element_reader(element, &flexible)
                )
            }
            (scalar, _) => format!("reader.{}()?", scalar_verb(scalar)),
        }
    }

    /// The smallest size of an element and the function that reads one.
    fn element_reader(&self, element: &Type, flexible: &str) -> String {
        match element {
            Type::Struct(name) => {
                format!("{}, |reader| {name}::decode(reader, version)", self.message.minimum_size(name))
            }
            Type::String => format!("1, |reader| reader.string({flexible})"),
            Type::Bytes => format!("1, |reader| reader.bytes({flexible})"),
            scalar => format!("{}, Reader::{}", scalar.minimum_size(true), scalar_verb(scalar)),
        }
    }
}
