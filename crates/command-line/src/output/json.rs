//! Values as JSON, two spaces deep.

use super::Value;

pub(super) fn write(out: &mut String, value: &Value) {
    value_at(out, value, 0);
    out.push('\n');
}

fn value_at(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        // JSON has no word for these.
        Value::Float(number) if !number.is_finite() => out.push_str("null"),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => out.push_str(&value.plain()),
        Value::Text(text) => string(out, text),
        Value::List(items) => {
            block(out, ['[', ']'], items.iter(), depth, |out, item| value_at(out, item, depth + 1));
        }
        Value::Object(fields) => block(out, ['{', '}'], fields.iter(), depth, |out, (key, value)| {
            string(out, key);
            out.push_str(": ");
            value_at(out, value, depth + 1);
        }),
    }
}

fn block<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    depth: usize,
    write: impl Fn(&mut String, T),
) {
    out.push(open);
    let is_empty = items.len() == 0;
    for (number, item) in items.enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(out, item);
    }
    if !is_empty {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

/// A string in quotes; what it writes is also a double-quoted scalar of YAML.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
