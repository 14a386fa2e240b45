//! The same items in every format.

use super::{Column, Format, Report, Value, View, column, wide};

const COLUMNS: &[Column] = &[column("NAME", "name"), column("SIZE", "size"), wide("NOTE", "note")];

fn report() -> Report {
    let item = |name: &str, size: Option<i64>, note: &str| {
        Value::object([
            ("name", name.into()),
            ("size", size.into()),
            ("note", note.into()),
            ("replicas", Value::list([1, 2])),
            ("configs", Value::Object(vec![("retention.ms".to_owned(), "7".into())])),
        ])
    };
    Report::many(
        vec![item("ä", Some(7), "say \"hi\"\x1b[2J"), item("long-name", None, "")],
        View::Table(COLUMNS),
    )
}

fn check(format: &str, expected: &str) {
    let format: Format = format.parse().expect("a format");
    assert_eq!(report().render(&format).expect("rendered"), expected, "{format:?}");
}

#[test]
fn tables_are_as_wide_as_their_cells_and_harmless() {
    check("table", "NAME       SIZE\nä             7\nlong-name     -\n");
    check("wide", "NAME       SIZE  NOTE\nä             7  say \"hi\"\\u{1b}[2J\nlong-name     -  -\n");
}

#[test]
fn names_and_templates_are_lines() {
    check("name", "ä\nlong-name\n");
    check("template={{{name}}}\\t{.configs.retention.ms} {replicas}", "{ä}\t7 1,2\n{long-name}\t7 1,2\n");
}

#[test]
fn json_and_yaml_hold_everything() {
    check(
        "json",
        r#"[
  {
    "name": "ä",
    "size": 7,
    "note": "say \"hi\"\u001b[2J",
    "replicas": [
      1,
      2
    ],
    "configs": {
      "retention.ms": "7"
    }
  },
  {
    "name": "long-name",
    "size": null,
    "note": "",
    "replicas": [
      1,
      2
    ],
    "configs": {
      "retention.ms": "7"
    }
  }
]
"#,
    );
    check(
        "yaml",
        r#"- name: "ä"
  size: 7
  note: "say \"hi\"\u001b[2J"
  replicas:
    - 1
    - 2
  configs:
    retention.ms: "7"
- name: long-name
  size: null
  note: ""
  replicas:
    - 1
    - 2
  configs:
    retention.ms: "7"
"#,
    );
}

#[test]
fn one_thing_has_no_list_around_it() {
    let report = Report::one(Value::object([("name", "yes".into())]), View::Sentences("{name}"));
    assert_eq!(report.render(&Format::Json).expect("rendered"), "{\n  \"name\": \"yes\"\n}\n");
    assert_eq!(report.render(&Format::Yaml).expect("rendered"), "name: \"yes\"\n");
}

#[test]
fn mistyped_formats_and_fields_are_told_what_was_meant() {
    let refused = "jsn".parse::<Format>().expect_err("no format");
    assert!(refused.ends_with("did you mean json?"), "{refused}");
    assert!("template={name".parse::<Format>().is_err(), "an open brace");
    let format = "template={nane}".parse().expect("a template");
    let refused = report().render(&format).expect_err("no such field").to_string();
    assert!(refused.contains("did you mean name?"), "{refused}");
}
