//! docs/settings.md names every key: its reference is made of the same table that checks the values.
//!
//! `MILENA_WRITE_DOCS=1 cargo test -p config --test settings_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use config::{DynamicEffect, KeyFamily, KeyScope, KnownKey};

/// What is above it is written by hand.
const MARK: &str = "<!-- made by crates/config/tests/settings_page.rs -->\n";

const FAMILIES: [(KeyFamily, &str); 4] = [
    (KeyFamily::Broker, "Keys of brokers and controllers"),
    (KeyFamily::Topic, "Keys of topics"),
    (KeyFamily::Group, "Keys of groups"),
    (KeyFamily::ClientMetrics, "Keys of subscriptions to clients' metrics"),
];

#[test]
fn the_page_of_settings_names_every_key_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let page = std::fs::read_to_string(&path).expect("docs/settings.md");
    let (by_hand, _) = page.split_once(MARK).expect("docs/settings.md has the mark of its reference");
    let mut expected = format!("{by_hand}{MARK}");
    for (family, title) in FAMILIES {
        write!(expected, "\n## {title}\n").expect("a string takes all");
        KnownKey::all().filter(|key| key.family == family).for_each(|key| write_key(&mut expected, &key));
    }
    if std::env::var_os("MILENA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("docs/settings.md can be written");
        return;
    }
    assert!(page == expected, "docs/settings.md is not that of the table of keys: see this test's header");
}

fn write_key(page: &mut String, key: &KnownKey) {
    let mut facts = vec![match key.measure() {
        Some(measure) => format!("{} in {measure}", key.key.key_type),
        None => key.key.key_type.to_string(),
    }];
    facts.push(match key.key.default {
        None => "no default".to_owned(),
        Some("") => "empty by default".to_owned(),
        Some(default) => format!("default `{default}`"),
    });
    facts.extend(key.kafkas_default().map(|default| format!("Kafka's `{default}`")));
    facts.extend(key.embedded_default().map(|default| format!("`{default}` without a file")));
    let valid = key.key.valid.to_string();
    facts.extend((!valid.is_empty()).then_some(valid));
    if key.family == KeyFamily::Broker {
        facts.push(match (key.scope(), key.when_altered()) {
            (KeyScope::ReadOnly, _) | (_, None) => key.scope().to_string(),
            (scope, Some(DynamicEffect::AtOnce)) => format!("{scope}, at once"),
            (scope, Some(DynamicEffect::Kept(_))) => format!("{scope}, kept"),
            (scope, Some(DynamicEffect::Refused(_))) => format!("{scope} with Kafka, refused here"),
        });
    }
    facts.extend(key.kip().map(|kip| format!("KIP-{kip}")));
    let anchor = key.family.to_string().replace(' ', "-");
    write!(
        page,
        "\n### <a id=\"{anchor}-{name}\"></a>`{name}`\n\n{doc}\n{facts}. **{support}.**\n",
        name = key.name(),
        doc = key.doc,
        facts = facts.join("; "),
        support = key.key.support,
    )
    .expect("a string takes all");
    let synonyms = key.synonyms();
    if !synonyms.is_empty() {
        writeln!(page, "Stands with {}.", synonyms.join(", ")).expect("a string takes all");
    }
}
