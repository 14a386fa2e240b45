//! Prints one struct: its definition, defaults, decoder and encoder.

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

    fn definition(&self) -> String {
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

    fn default(&self) -> String {
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

    fn decoder(&self) -> String {
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

    fn encoder(&self) -> String {
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

    fn path(&self, field: &Field) -> String {
        format!("\"{}.{}\"", self.found.name, field.rust_name().trim_start_matches("r#"))
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
