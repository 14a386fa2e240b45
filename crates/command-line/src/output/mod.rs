//! What commands print: one answer, laid out as `-o` asks.
//!
//! A [`Report`] holds its items once, as [`Value`]s; a table, JSON, YAML, names and templates are views of the same items,
//! so that no format knows more than another.

mod json;
mod report;
pub(crate) mod suggest;
mod table;
mod template;
mod value;
mod yaml;

use std::str::FromStr;

pub(crate) use report::{Report, View};
pub(crate) use table::{Column, column, wide};
pub(crate) use template::Template;
pub(crate) use value::Value;

/// How an answer is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For people with a wide terminal: every column.
    Wide,
    /// All there is, for programs.
    Json,
    /// All there is, for programs and people.
    Yaml,
    /// A name on each line.
    Name,
    /// A line of the caller's making for each item.
    Template(LineTemplate),
}

/// What follows `-o template=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineTemplate(pub(crate) Template);

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KNOWN: [&str; 6] = ["table", "wide", "json", "yaml", "name", "template"];
        match text {
            "table" => Ok(Self::Table),
            "wide" => Ok(Self::Wide),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            "name" => Ok(Self::Name),
            "template" => Err("a template needs its text: -o template='{name}'".to_owned()),
            other => match other.strip_prefix("template=") {
                Some(template) => Ok(Self::Template(LineTemplate(Template::parse(template)?))),
                None => Err(format!(
                    "expected table, wide, json, yaml, name or template=TEXT{}",
                    suggest::or_nearest(suggest::nearest(other, KNOWN))
                )),
            },
        }
    }
}

#[cfg(test)]
mod output_test;
