//! Prints the definition of a struct and its defaults.

use std::fmt::Write;

use super::Emitter;
use crate::schema::{Default, Field};

impl Emitter<'_> {
    pub(super) fn definition(&self) -> String {
        let name = &self.found.name;
        let mut out = String::new();
        let _ = match self.is_top() {
            true => writeln!(out, "/// `{name}` at versions {}.", self.found.versions),
            false => writeln!(out, "/// Part of [`{}`].", self.message.name),
        };
        let derived_default = if self.derives_default() { ", Default" } else { "" };
        let _ = writeln!(out, "#[derive(Clone, Debug, PartialEq{derived_default})]\npub struct {name} {{");
        for field in &self.found.fields {
            let _ = writeln!(out, "/// {}", self.documentation(field));
            let _ = writeln!(out, "pub {}: {},", field.rust_name(), self.rust_type(field));
        }
        if self.flexible_versions().is_some() {
            out +=
                "/// Tagged fields this program does not know.\npub unknown_tagged_fields: TaggedFields,\n";
        }
        out += "}\n";
        out
    }

    fn documentation(&self, field: &Field) -> String {
        let mut out = format!("`{}`", field.name);
        if self.condition(field.versions).is_some() {
            let _ = write!(out, ", versions {}", field.versions);
        }
        if let Some(range) = field.nullable.filter(|range| *range != field.versions) {
            let _ = write!(out, ", nullable in {range}");
        }
        if let Some(tag) = field.tag {
            let _ = write!(out, ", tag {tag}");
        }
        if field.ignorable && self.condition(field.versions).is_some() {
            out += ", dropped at other versions";
        }
        out + "."
    }

    fn derives_default(&self) -> bool {
        self.found.fields.iter().all(|field| match field.default {
            Default::Zero => field.nullable.is_none(),
            Default::Null => true,
            Default::Value(_) => false,
        })
    }

    pub(super) fn default(&self) -> String {
        if self.derives_default() {
            return String::new();
        }
        let name = &self.found.name;
        let mut out = format!("impl Default for {name} {{ fn default() -> Self {{ Self {{\n");
        for field in &self.found.fields {
            let value = match (&field.default, field.nullable) {
                (Default::Zero, None) => "Default::default()",
                (Default::Zero, Some(_)) => "Some(Default::default())",
                (Default::Null, _) => "None",
                (Default::Value(value), _) => value,
            };
            let _ = writeln!(out, "{}: {value},", field.rust_name());
        }
        if self.flexible_versions().is_some() {
            out += "unknown_tagged_fields: TaggedFields::default(),\n";
        }
        out += "} } }\n";
        out
    }
}
