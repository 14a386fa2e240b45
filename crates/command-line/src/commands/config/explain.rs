//! `milena config explain KEY`: what is known of a key of Kafka, without a cluster.

use clap::Args;
use config::{DynamicEffect, KeyScope, KnownKey, NodeKey, key_of_variable};

use crate::commands::arguments::OutputArguments;
use crate::failure::Failure;
use crate::output::suggest::or_nearest;
use crate::output::{Report, Value, View};

/// What people see of a key, line by line: titles and fields.
const LINES: &[(&str, &str)] = &[
    ("type", "type"),
    ("unit", "unit"),
    ("default", "default"),
    ("in Kafka", "kafkas_default"),
    ("no file", "embedded_default"),
    ("range", "range"),
    ("scope", "scope"),
    ("status", "status"),
    ("synonyms", "synonyms"),
    ("proposal", "proposal"),
];

/// Options of `milena config explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArguments {
    /// Keys of brokers, topics, groups or subscriptions to clients' metrics, as in server.properties or as KAFKA_ variables.
    #[arg(required = true, value_name = "KEY")]
    pub keys: Vec<String>,

    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

pub(crate) fn explain(arguments: &ExplainArguments) -> Result<(), Failure> {
    let items = arguments.keys.iter().map(|name| entries(name)).collect::<Result<Vec<_>, _>>()?.concat();
    let texts = items.iter().map(page).collect();
    Report::many(items, View::Texts(texts)).print(&arguments.output.output)
}

/// The keys of this name: more than one, where brokers and topics share it.
fn entries(name: &str) -> Result<Vec<Value>, Failure> {
    let key = key_of_variable(name).unwrap_or_else(|| name.trim().to_owned());
    let of_listener = NodeKey::of_listener(&key);
    let keys = KnownKey::named(of_listener.map_or(key.as_str(), |(_, base)| base));
    if keys.is_empty() {
        let meant = KnownKey::nearest(&key.to_lowercase().replace('_', "."));
        return Err(Failure::not_found(
            "unknown-key",
            format!("Kafka has no key {name}{}", or_nearest(meant)),
        ));
    }
    let listener = of_listener.map(|(listener, _)| listener.to_uppercase());
    Ok(keys.iter().map(|key| item(key, listener.as_deref())).collect())
}

fn item(key: &KnownKey, listener: Option<&str>) -> Value {
    let range = key.key.valid.to_string();
    let synonyms = key.synonyms();
    Value::object([
        ("name", key.name().into()),
        ("family", key.family.to_string().into()),
        ("listener", listener.into()),
        ("documentation", key.doc.into()),
        ("type", key.key.key_type.to_string().into()),
        ("unit", key.measure().map(|measure| measure.to_string()).into()),
        ("default", key.key.default.into()),
        ("kafkas_default", key.kafkas_default().into()),
        ("embedded_default", key.embedded_default().into()),
        ("range", Some(range).filter(|range| !range.is_empty()).into()),
        ("scope", scope(key).into()),
        ("status", key.key.support.to_string().into()),
        ("synonyms", Value::list(synonyms)),
        ("proposal", key.kip().map(|kip| format!("KIP-{kip}")).into()),
    ])
}

/// A key for people: what there is to say of it, and nothing of what there is not.
fn page(item: &Value) -> String {
    let text = |field: &str| item.at(field).map(Value::plain).unwrap_or_default();
    let mut lines = Vec::new();
    if let Some(Value::Text(listener)) = item.at("listener") {
        lines.push(format!(
            "listener.name.{}.{name} is {name} for the listener {listener} alone\n",
            listener.to_lowercase(),
            name = text("name")
        ));
    }
    lines.push(format!("{} ({})", text("name"), text("family")));
    lines.push(text("documentation"));
    for (title, field) in LINES {
        let value = match (*field, item.at(field)) {
            ("default", Some(Value::Null)) => "none".to_owned(),
            ("default", Some(Value::Text(value))) if value.is_empty() => "empty".to_owned(),
            ("synonyms", Some(Value::List(synonyms))) => {
                synonyms.iter().map(Value::plain).collect::<Vec<_>>().join(", ")
            }
            _ => text(field),
        };
        if !value.is_empty() {
            lines.push(format!("  {title:<9} {value}"));
        }
    }
    lines.join("\n")
}

fn scope(key: &KnownKey) -> String {
    let how = match (key.scope(), key.when_altered()) {
        (KeyScope::EachResource, _) => return format!("each {}, at any time", key.family),
        (KeyScope::ReadOnly, _) | (_, None) => "in the node's file, takes another start".to_owned(),
        (_, Some(DynamicEffect::AtOnce)) => "takes effect at once".to_owned(),
        (_, Some(DynamicEffect::Kept(reason))) => format!("kept while the broker runs: {reason}"),
        (_, Some(DynamicEffect::Refused(what))) => format!("refused while the broker runs: {what}"),
    };
    format!("{}; {how}", key.scope())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(name: &str) -> String {
        let items = entries(name).expect("Kafka has it");
        items.iter().map(page).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_key_is_explained_whatever_way_it_is_written() {
        let page_of_key = pages("log.retention.hours");
        for part in [
            "log.retention.hours (broker)",
            "type      int",
            "unit      hours",
            "default   168",
            "scope     read-only",
            "status    implemented",
            "retention.ms (topic)",
        ] {
            assert!(page_of_key.contains(part), "{part} in {page_of_key}");
        }
        assert_eq!(pages("KAFKA_LOG_RETENTION_HOURS"), page_of_key);
        let of_both = pages("compression.type");
        assert!(of_both.contains("(broker)") && of_both.contains("(topic)"), "{of_both}");
        let of_listener = pages("listener.name.inside.max.connections");
        let expected =
            "listener.name.inside.max.connections is max.connections for the listener INSIDE alone\n";
        assert!(of_listener.starts_with(expected), "{of_listener}");
    }

    #[test]
    fn a_key_is_explained_to_programs() {
        let [of_broker] = &entries("log.retention.hours").expect("Kafka has it")[..] else {
            panic!("one key")
        };
        for (field, expected) in
            [("name", "log.retention.hours"), ("family", "broker"), ("type", "int"), ("default", "168")]
        {
            assert_eq!(of_broker.at(field), Some(&Value::from(expected)), "{field}");
        }
        assert_eq!(of_broker.at("listener"), Some(&Value::Null));
    }

    #[test]
    fn every_key_has_a_page_and_a_mistyped_one_its_neighbour() {
        for key in KnownKey::all() {
            assert!(pages(key.name()).contains(key.doc), "{}", key.name());
        }
        let told = |name: &str| entries(name).expect_err("no such key").to_string();
        assert_eq!(
            told("log.dirss"),
            "error[unknown-key]: Kafka has no key log.dirss; did you mean log.dirs?"
        );
        assert_eq!(
            told("retentoin.bytes"),
            "error[unknown-key]: Kafka has no key retentoin.bytes; did you mean retention.bytes?"
        );
        assert_eq!(told("wibble"), "error[unknown-key]: Kafka has no key wibble");
    }
}
