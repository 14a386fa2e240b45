//! An answer and how people see it.

use std::io::{self, Write};

use super::table::{self, Column, Width};
use super::{Format, Template, Value, json, yaml};
use crate::failure::Failure;

/// What a command found out or did.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// All there is to tell.
    pub(crate) items: Vec<Value>,
    /// Whether the answer is by nature one thing: `-o json` shows it without a list around it.
    is_single: bool,
    /// How people see it.
    view: View,
}

/// How people see items.
#[derive(Clone, Debug)]
pub(crate) enum View {
    /// A table with a row for each item.
    Table(&'static [Column]),
    /// A page for each item: facts, then a table for each of these fields, which hold lists.
    Pages { facts: &'static [Column], tables: &'static [(&'static str, &'static [Column])] },
    /// A sentence for each item; a [`Template`].
    Sentences(&'static str),
    /// A text of its own for each item, without its last line's end; an empty line between two.
    Texts(Vec<String>),
}

impl Report {
    pub(crate) fn many(items: Vec<Value>, view: View) -> Self {
        Self { items, is_single: false, view }
    }

    pub(crate) fn one(item: Value, view: View) -> Self {
        Self { items: vec![item], is_single: true, view }
    }

    /// Prints it on standard output.
    pub(crate) fn print(&self, format: &Format) -> Result<(), Failure> {
        let text = self.render(format)?;
        io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Failure::output(&error))
    }

    pub(crate) fn render(&self, format: &Format) -> Result<String, Failure> {
        let mut out = String::new();
        match format {
            Format::Table => self.render_view(&mut out, Width::Normal)?,
            Format::Wide => self.render_view(&mut out, Width::Wide)?,
            Format::Json => json::write(&mut out, &self.whole()),
            Format::Yaml => yaml::write(&mut out, &self.whole()),
            Format::Name => self.render_lines(&mut out, &name_template())?,
            Format::Template(template) => self.render_lines(&mut out, &template.0)?,
        }
        Ok(out)
    }

    fn whole(&self) -> Value {
        match (self.is_single, self.items.as_slice()) {
            (true, [item]) => item.clone(),
            (_, items) => Value::List(items.to_vec()),
        }
    }

    fn render_view(&self, out: &mut String, width: Width) -> Result<(), Failure> {
        match &self.view {
            View::Table(columns) => table::write(out, columns, &self.items, width),
            View::Pages { facts, tables } => {
                for (number, item) in self.items.iter().enumerate() {
                    if number > 0 {
                        out.push('\n');
                    }
                    table::write_facts(out, facts, item, width);
                    for (field, columns) in *tables {
                        let rows = item.at(field).map_or(&[][..], Value::items);
                        if !rows.is_empty() {
                            out.push('\n');
                            table::write(out, columns, rows, width);
                        }
                    }
                }
            }
            View::Sentences(sentence) => {
                let sentence = Template::parse(sentence).expect("its braces are closed");
                self.render_lines(out, &sentence)?;
            }
            View::Texts(texts) => {
                out.push_str(&texts.join("\n\n"));
                out.push('\n');
            }
        }
        Ok(())
    }

    fn render_lines(&self, out: &mut String, template: &Template) -> Result<(), Failure> {
        for item in &self.items {
            let line = template.fill(item).map_err(|error| Failure::usage("template", error))?;
            out.push_str(&line);
            out.push('\n');
        }
        Ok(())
    }
}

fn name_template() -> Template {
    Template::parse("{name}").expect("its braces are closed")
}
