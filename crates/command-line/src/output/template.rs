//! `-o template=TEXT`: a line for each item, in which `{key}` stands for a field and `{{` for a brace.

use super::Value;
use super::suggest::or_nearest;

/// A text with places for fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// A field that an item does not have.
#[derive(Debug, thiserror::Error)]
#[error("there is no field {field}{}; there are {}", or_nearest(.nearest.as_deref()), .fields.join(", "))]
pub(crate) struct NoSuchField {
    field: String,
    nearest: Option<String>,
    fields: Vec<String>,
}

impl Template {
    /// Reads a template as it is typed: `\t`, `\n`, `\\` are what they are elsewhere.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut letters = typed.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('t') => text.push('\t'),
                    Some('n') => text.push('\n'),
                    Some('\\') | None => text.push('\\'),
                    Some(other) => text.extend(['\\', other]),
                },
                '{' if letters.next_if_eq(&'{').is_some() => text.push('{'),
                '}' if letters.next_if_eq(&'}').is_some() => text.push('}'),
                '{' => {
                    let mut field = String::new();
                    loop {
                        match letters.next() {
                            Some('}') => break,
                            Some(letter) => field.push(letter),
                            None => return Err(format!("the {{ before {field:?} is not closed")),
                        }
                    }
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    // Go's templates, which other tools take, begin a field with a dot.
                    parts.push(Part::Field(field.trim().trim_start_matches('.').to_owned()));
                }
                other => text.push(other),
            }
        }
        parts.push(Part::Text(text));
        Ok(Self(parts))
    }

    /// The text for this item.
    pub(crate) fn fill(&self, item: &Value) -> Result<String, NoSuchField> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field(field) => match item.at(field) {
                    Some(value) => filled.push_str(&value.plain()),
                    None => {
                        return Err(NoSuchField {
                            field: field.clone(),
                            nearest: super::suggest::nearest(field, item.keys()).map(str::to_owned),
                            fields: item.keys().map(str::to_owned).collect(),
                        });
                    }
                },
            }
        }
        Ok(filled)
    }
}
