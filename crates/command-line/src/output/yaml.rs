//! Values as YAML.

use super::{Value, json};

/// Words that YAML takes for something else than text, whatever their case.
const RESERVED: &[&str] = &["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"];

pub(super) fn write(out: &mut String, value: &Value) {
    node(out, value, 0);
}

fn node(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::List(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&"  ".repeat(depth));
                out.push_str("- ");
                let mut nested = String::new();
                node(&mut nested, item, depth + 1);
                // The first line of an item stands beside its dash.
                out.push_str(nested.trim_start_matches(' '));
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                out.push_str(&"  ".repeat(depth));
                scalar(out, key);
                out.push(':');
                let is_nested = match value {
                    Value::List(items) => !items.is_empty(),
                    Value::Object(fields) => !fields.is_empty(),
                    _ => false,
                };
                out.push_str(if is_nested { "\n" } else { " " });
                node(out, value, if is_nested { depth + 1 } else { 0 });
            }
        }
        Value::List(_) => out.push_str("[]\n"),
        Value::Object(_) => out.push_str("{}\n"),
        Value::Null => out.push_str("null\n"),
        Value::Text(text) => {
            scalar(out, text);
            out.push('\n');
        }
        Value::Float(number) if !number.is_finite() => out.push_str("null\n"),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            out.push_str(&value.plain());
            out.push('\n');
        }
    }
}

/// Without quotes only where nothing but text can be meant.
fn scalar(out: &mut String, text: &str) {
    let is_plain = text
        .starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '/')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { out.push_str(text) } else { json::string(out, text) }
}
