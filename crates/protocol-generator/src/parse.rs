//! Reads the notation of `schemas/*.txt`: a head line for each message, then a line for each field, indented by depth.

use anyhow::{Context, Result, bail, ensure};

use crate::schema::{Default, Field, Kind, Message, Struct, Type, Versions};

/// All messages of one table.
///
/// # Errors
/// Names the line that is not in the notation, or the struct that is used and not defined.
pub fn parse_messages(text: &str) -> Result<Vec<Message>> {
    let mut messages: Vec<Message> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let parsed = parse_line(line, &mut messages, &mut open);
        parsed.with_context(|| format!("line {}: {line}", index + 1))?;
    }
    for message in &mut messages {
        let mut is_first = true;
        message.structs.retain(|found| std::mem::take(&mut is_first) || !found.fields.is_empty());
        check(message).with_context(|| message.name.clone())?;
    }
    Ok(messages)
}

/// `open` holds, for every depth, the struct of the last message that fields of this depth belong to.
fn parse_line(line: &str, messages: &mut Vec<Message>, open: &mut Vec<usize>) -> Result<()> {
    let content = line.trim_start();
    if content.is_empty() || content.starts_with('#') {
        return Ok(());
    }
    let depth = (line.len() - content.len()) / 2;
    if depth == 0 {
        messages.push(parse_head(content)?);
        *open = vec![0];
        return Ok(());
    }
    let message = messages.last_mut().context("a field before the first message")?;
    if let Some(name) = content.strip_prefix("struct ") {
        message.structs.push(Struct { name: name.to_owned(), versions: message.valid, fields: Vec::new() });
        *open = vec![0, message.structs.len() - 1];
        return Ok(());
    }
    ensure!(depth <= open.len(), "indented too deep");
    open.truncate(depth);
    let owner = open[depth - 1];
    let versions = message.structs[owner].versions;
    let field = parse_field(content, versions)?;
    // The struct a field introduces collects the deeper lines that follow; without any it is one defined elsewhere.
    message.structs.push(Struct {
        name: struct_name(&field.ty),
        versions: field.versions,
        fields: Vec::new(),
    });
    open.push(message.structs.len() - 1);
    message.structs[owner].fields.push(field);
    Ok(())
}

fn struct_name(ty: &Type) -> String {
    match ty {
        Type::Struct(name) => name.clone(),
        Type::Array(element) => struct_name(element),
        _ => String::new(),
    }
}

/// `request 0 ProduceRequest 3-13 flexible 9+`
fn parse_head(line: &str) -> Result<Message> {
    let words: Vec<&str> = line.split(' ').collect();
    let (kind, key, name, valid, rest) = match words.as_slice() {
        [kind, key, name, valid, rest @ ..] => (*kind, *key, *name, *valid, rest),
        _ => bail!("a message is `KIND KEY NAME VERSIONS [flexible VERSIONS]`"),
    };
    let kind = Kind::ALL.iter().find(|known| known.1 == kind).context("unknown kind")?.0;
    let key = if key == "-" { None } else { Some(key.parse().context("the key is no number")?) };
    let valid = parse_versions(valid)?;
    let flexible_since = match rest {
        [] => None,
        ["flexible", versions] => Some(parse_versions(versions)?.low),
        _ => bail!("unknown words after the versions"),
    };
    let own = Struct { name: name.to_owned(), versions: valid, fields: Vec::new() };
    Ok(Message { kind, key, name: name.to_owned(), valid, flexible_since, structs: vec![own] })
}

/// `Name: TYPE[?[VERSIONS]] [VERSIONS] [tag N] [ignorable] [rigid] [= DEFAULT]`
fn parse_field(line: &str, within: Versions) -> Result<Field> {
    let (name, rest) = line.split_once(": ").context("a field is `Name: TYPE ...`")?;
    let mut words = rest.split(' ').peekable();
    let ty = words.next().context("a field needs a type")?;
    let (ty, nullable) = match ty.split_once('?') {
        Some((ty, "")) => (ty, Some(within)),
        Some((ty, versions)) => (ty, Some(parse_versions(versions)?)),
        None => (ty, None),
    };
    let mut field = Field {
        name: name.to_owned(),
        ty: parse_type(ty)?,
        versions: within,
        nullable: None,
        tag: None,
        ignorable: false,
        rigid: false,
        default: Default::Zero,
    };
    if let Some(versions) = words.next_if(|word| word.starts_with(|first: char| first.is_ascii_digit())) {
        field.versions =
            parse_versions(versions)?.intersection(within).context("versions the struct never has")?;
    }
    while let Some(word) = words.next() {
        match word {
            "tag" => {
                field.tag = Some(words.next().context("tag without number")?.parse().context("tag number")?)
            }
            "ignorable" => field.ignorable = true,
            "rigid" => field.rigid = true,
            "=" => {
                field.default = match words.next().context("= without a default")? {
                    "null" => Default::Null,
                    value => Default::Value(value.to_owned()),
                };
            }
            other => bail!("unknown word {other}"),
        }
    }
    field.nullable = nullable.and_then(|nullable| nullable.intersection(field.versions));
    // Records that nobody set are null, whatever the type says.
    if field.ty == Type::Records && field.nullable.is_some() {
        field.default = Default::Null;
    }
    ensure!(field.default != Default::Null || field.nullable.is_some(), "null by default but not nullable");
    Ok(field)
}

fn parse_type(text: &str) -> Result<Type> {
    if let Some(element) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Ok(Type::Array(Box::new(parse_type(element)?)));
    }
    Ok(match text {
        "bool" => Type::Bool,
        "i8" => Type::I8,
        "i16" => Type::I16,
        "u16" => Type::U16,
        "i32" => Type::I32,
        "u32" => Type::U32,
        "i64" => Type::I64,
        "f64" => Type::F64,
        "uuid" => Type::Uuid,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        name if name.starts_with(|first: char| first.is_ascii_uppercase()) => Type::Struct(name.to_owned()),
        other => bail!("unknown type {other}"),
    })
}

fn parse_versions(text: &str) -> Result<Versions> {
    let number = |part: &str| part.parse::<i16>().with_context(|| format!("versions {text}"));
    let versions = if let Some(low) = text.strip_suffix('+') {
        Versions { low: number(low)?, high: Versions::OPEN }
    } else if let Some((low, high)) = text.split_once('-') {
        Versions { low: number(low)?, high: number(high)? }
    } else {
        Versions { low: number(text)?, high: number(text)? }
    };
    ensure!(versions.low <= versions.high, "versions {text} are empty");
    Ok(versions)
}

/// Every struct that is used is defined once, and none contains itself: recursion is bounded by the schema.
fn check(message: &Message) -> Result<()> {
    check_struct(message, &message.name, &mut Vec::new())
}

fn check_struct<'a>(message: &'a Message, name: &'a str, above: &mut Vec<&'a str>) -> Result<()> {
    ensure!(!above.contains(&name), "struct {name} contains itself");
    let mut definitions = message.structs.iter().filter(|known| known.name == name);
    let found = definitions.next().with_context(|| format!("struct {name} is not defined"))?;
    ensure!(definitions.next().is_none(), "struct {name} is defined twice");
    above.push(name);
    for field in &found.fields {
        let inner = match &field.ty {
            Type::Array(element) => element,
            other => other,
        };
        if let Type::Struct(inner) = inner {
            check_struct(message, inner, above)?;
        }
        ensure!(
            field.tag.is_none() || message.flexible_since.is_some(),
            "{} is tagged in a rigid message",
            field.name
        );
    }
    above.pop();
    Ok(())
}

#[cfg(test)]
#[path = "parse_test.rs"]
mod tests;
