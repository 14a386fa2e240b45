//! Prints the function that writes a struct.

use std::fmt::Write;

use super::{Emitter, scalar_verb};
use crate::schema::{Field, Type};

impl Emitter<'_> {
    pub(super) fn encoder(&self) -> String {
        let mut out = String::new();
        if self.is_top() {
            out += "/// Writes the struct.\n///\n/// # Errors\n/// When the version is not spoken, a field is set that it lacks \
                    (and that may not be dropped), null where it allows no null, or too long.\n";
        }
        let visibility = if self.is_top() { "pub " } else { "" };
        let _ = writeln!(
            out,
            "{visibility}fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {{"
        );
        out += &self.prologue("EncodeError");
        for field in &self.found.fields {
            let condition = self.condition(field.versions);
            if field.tag.is_none() {
                let write = self.write(field);
                let _ = match &condition {
                    None => writeln!(out, "{write};"),
                    Some(condition) => writeln!(out, "if {condition} {{ {write}; }}"),
                };
            }
            if let (Some(condition), false) = (condition, field.ignorable) {
                let is_set = self.is_set(field);
                let path = self.path(field);
                let _ = writeln!(
                    out,
                    "if !({condition}) && {is_set} {{ return Err(EncodeError::FieldNotInVersion {{ field: {path}, version }}); }}"
                );
            }
        }
        if let Some(range) = self.flexible_versions() {
            let tags = self.encode_tags();
            let path = format!("\"{}.unknown_tagged_fields\"", self.found.name);
            let _ = match self.condition(range) {
                None => writeln!(out, "{tags}"),
                Some(_) => writeln!(
                    out,
                    "if flexible {{ {tags} }} else if !self.unknown_tagged_fields.is_empty() {{ \
                     return Err(EncodeError::FieldNotInVersion {{ field: {path}, version }}); }}"
                ),
            };
        }
        out += "Ok(())\n}\n";
        out
    }

    fn encode_tags(&self) -> String {
        let mut known: Vec<&Field> = self.found.fields.iter().filter(|field| field.tag.is_some()).collect();
        if known.is_empty() {
            return "writer.unknown_tagged_fields(&self.unknown_tagged_fields)?;\n".to_owned();
        }
        known.sort_by_key(|field| field.tag);
        let mut out = String::from("let mut tags = TagWriter::start(writer, &self.unknown_tagged_fields);\n");
        for field in known {
            let tag = field.tag.unwrap_or_default();
            let is_set = self.is_set(field);
            let when = match self.condition(field.versions) {
                Some(condition)
                    if field.versions.low > self.flexible_versions().map_or(0, |range| range.low) =>
                {
                    format!("{condition} && {is_set}")
                }
                _ => is_set,
            };
            let write = self.write(field);
            let _ = writeln!(
                out,
                "if {when} {{ let size = tags.open(writer, {tag})?; {write}; tags.close(writer, size)?; }}"
            );
        }
        out += "tags.finish(writer)?;\n";
        out
    }

    fn write(&self, field: &Field) -> String {
        let value = format!("self.{}", field.rust_name());
        let (flexible, nullable, path) = (self.flexible(field), self.nullable(field), self.path(field));
        match (&field.ty, field.nullable.is_some()) {
            (Type::String, false) => format!("writer.string(&{value}, {flexible}, {path})?"),
            (Type::String, true) => {
                format!("writer.nullable_string({value}.as_deref(), {flexible}, {nullable}, {path})?")
            }
            (Type::Records, false) if self.carries_regions() => {
                format!("writer.records(&{value}, {flexible}, {path})?")
            }
            (Type::Records, true) if self.carries_regions() => {
                format!("writer.nullable_records({value}.as_ref(), {flexible}, {nullable}, {path})?")
            }
            (Type::Bytes | Type::Records, false) => format!("writer.bytes(&{value}, {flexible}, {path})?"),
            (Type::Bytes | Type::Records, true) => {
                format!("writer.nullable_bytes({value}.as_ref(), {flexible}, {nullable}, {path})?")
            }
            (Type::Struct(_), false) => format!("{value}.encode(writer, version)?"),
            (Type::Struct(_), true) if field.tag.is_some() => format!(
                "writer.nullable_tagged_struct({value}.as_deref(), |writer, inner| inner.encode(writer, version))?"
            ),
            (Type::Struct(_), true) => format!(
                "writer.nullable_struct({value}.as_deref(), {nullable}, {path}, |writer, inner| inner.encode(writer, version))?"
            ),
            (Type::Array(element), false) => {
                let each = self.element_writer(element, &flexible, &path);
                format!("writer.array(&{value}, {flexible}, {path}, {each})?")
            }
            (Type::Array(element), true) => {
                let each = self.element_writer(element, &flexible, &path);
                format!("writer.nullable_array({value}.as_deref(), {flexible}, {nullable}, {path}, {each})?")
            }
            (scalar, _) => format!("writer.{}({value})", scalar_verb(scalar)),
        }
    }

    fn element_writer(&self, element: &Type, flexible: &str, path: &str) -> String {
        match element {
            Type::Struct(_) => "|writer, item| item.encode(writer, version)".to_owned(),
            Type::String => format!("|writer, item| writer.string(item, {flexible}, {path})"),
            Type::Bytes => format!("|writer, item| writer.bytes(item, {flexible}, {path})"),
            scalar => format!("|writer, item| {{ writer.{}(*item); Ok(()) }}", scalar_verb(scalar)),
        }
    }
}
