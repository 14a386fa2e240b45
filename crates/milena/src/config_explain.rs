//! `milena config explain KEY`: what is known of a key of Kafka, without a cluster.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use config::{DynamicEffect, KeyScope, KnownKey, NodeKey, key_of_variable};

use crate::failure::Failure;

/// Options of `milena config explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArguments {
    /// Keys of brokers, topics, groups or subscriptions to clients' metrics, as in server.properties or as KAFKA_ variables.
    #[arg(required = true, value_name = "KEY")]
    pub keys: Vec<String>,
}

pub(crate) fn explain(arguments: &ExplainArguments) -> Result<(), Failure> {
    let pages = arguments.keys.iter().map(|name| page(name)).collect::<Result<Vec<_>, _>>()?;
    writeln!(std::io::stdout(), "{}", pages.join("\n\n"))
        .map_err(|error| Failure::runtime("output", format!("cannot write the output: {error}")))
}

/// All that is known of a key; of each, where brokers and topics share it.
fn page(name: &str) -> Result<String, Failure> {
    let key = key_of_variable(name).unwrap_or_else(|| name.trim().to_owned());
    let of_listener = NodeKey::of_listener(&key);
    let keys = KnownKey::named(of_listener.map_or(key.as_str(), |(_, base)| base));
    if keys.is_empty() {
        let meant = KnownKey::nearest(&key.to_lowercase().replace('_', "."));
        let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        return Err(Failure::usage("unknown-key", format!("Kafka has no key {name}{meant}")));
    }
    let mut pages: Vec<String> = keys.iter().map(entry).collect();
    if let Some((listener, base)) = of_listener {
        pages.insert(0, format!("{key} is {base} for the listener {} alone", listener.to_uppercase()));
    }
    Ok(pages.join("\n\n"))
}

fn entry(key: &KnownKey) -> String {
    let mut lines = vec![("type", key.key.key_type.to_string())];
    lines.extend(key.measure().map(|measure| ("unit", measure.to_string())));
    lines.push((
        "default",
        key.key.default.map_or("none", |text| if text.is_empty() { "empty" } else { text }).into(),
    ));
    lines.extend(key.kafkas_default().map(|default| ("in Kafka", default.to_owned())));
    lines.extend(key.embedded_default().map(|default| ("no file", default)));
    let valid = key.key.valid.to_string();
    lines.extend((!valid.is_empty()).then_some(("range", valid)));
    lines.push(("scope", scope(key)));
    lines.push(("status", key.key.support.to_string()));
    let synonyms = key.synonyms();
    lines.extend((!synonyms.is_empty()).then(|| ("synonyms", synonyms.join(", "))));
    lines.extend(key.kip().map(|kip| ("proposal", format!("KIP-{kip}"))));
    let mut text = format!("{} ({})\n{}", key.name(), key.family, key.doc);
    for (name, value) in lines {
        write!(text, "\n  {name:<9} {value}").expect("a string takes all");
    }
    text
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

    #[test]
    fn a_key_is_explained_whatever_way_it_is_written() {
        let page_of_key = page("log.retention.hours").expect("Kafka has it");
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
        assert_eq!(page("KAFKA_LOG_RETENTION_HOURS").expect("the same"), page_of_key);
        let of_both = page("compression.type").expect("Kafka has it");
        assert!(of_both.contains("(broker)") && of_both.contains("(topic)"), "{of_both}");
        let of_listener = page("listener.name.inside.max.connections").expect("Kafka has it");
        assert!(
            of_listener.starts_with("listener.name.inside.max.connections is max.connections for"),
            "{of_listener}"
        );
    }

    #[test]
    fn every_key_has_a_page_and_a_mistyped_one_its_neighbour() {
        for key in KnownKey::all() {
            assert!(page(key.name()).is_ok_and(|page| page.contains(key.doc)), "{}", key.name());
        }
        let told = |name: &str| page(name).expect_err("no such key").to_string();
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
