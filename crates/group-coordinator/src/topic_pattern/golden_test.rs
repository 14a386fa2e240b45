//! What Kafka's engine makes of patterns: `conformance/golden-groups/TopicPatterns.java` explains the lines.

use coordinator::pattern::PATTERN_BYTES_MAX;

use super::{PatternError, TopicPattern};

const PATTERNS: &str = include_str!("../../testdata/topic-patterns-4.3.1.tsv");
const CLASSES: &str = include_str!("../../testdata/unicode-classes-4.3.1.tsv");

const NAMES: [&str; 20] = [
    "a",
    "A",
    "b",
    "ab",
    "aab",
    "abab",
    "s",
    "K",
    "orders",
    "Orders",
    "orders.eu",
    "orders-eu",
    "orders_eu",
    "orders1",
    "orders12",
    "123",
    "__consumer_offsets",
    "a.b.c",
    "x-y_z.0",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("quotes");
    let mut units = Vec::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let unit = match character {
            '\\' => match characters.next().expect("an escape") {
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    u16::from_str_radix(&digits, 16).expect("four digits")
                }
                plain => plain as u16,
            },
            plain => plain as u16,
        };
        units.push(unit);
    }
    String::from_utf16(&units).expect("a text")
}

#[test]
fn patterns_mean_what_they_mean_to_kafka() {
    let mut accepted = 0;
    for line in PATTERNS.lines() {
        let columns: Vec<&str> = line.splitn(3, '\t').collect();
        let pattern = unquoted(columns[0]);
        match TopicPattern::compile(&pattern) {
            // The one that RE2/J takes a hundred megabytes for.
            Err(PatternError::TooLarge) => assert_eq!(pattern, "(a{1000}){1000}"),
            Err(error) => {
                assert_eq!(("error", error.to_string().as_str()), (columns[1], columns[2]), "{line}")
            }
            Ok(compiled) => {
                let matching: Vec<&str> = NAMES.into_iter().filter(|name| compiled.matches(name)).collect();
                assert_eq!(("matches", matching.join(" ").as_str()), (columns[1], columns[2]), "{line}");
                accepted += 1;
            }
        }
    }
    assert!(accepted > 400, "{accepted}");
}

#[test]
fn classes_have_the_ascii_characters_that_they_have_for_kafka() {
    for line in CLASSES.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        for (flags, bits) in [("", columns[1]), ("(?i)", columns[2])] {
            let bits = u128::from_str_radix(bits, 16).expect("a number");
            let compiled = TopicPattern::compile(&format!("{flags}\\p{{{}}}", columns[0])).expect("a class");
            for character in '\0'..='\x7f' {
                let expected = bits >> u32::from(character) & 1 == 1;
                assert_eq!(
                    compiled.matches(&character.to_string()),
                    expected,
                    "{flags}{} {character:?}",
                    columns[0]
                );
            }
        }
    }
}

#[test]
fn a_pattern_costs_no_more_than_its_limits() {
    let too_large = |pattern: &str| TopicPattern::compile(pattern).map(|_| ()) == Err(PatternError::TooLarge);
    assert!(too_large(&"a".repeat(PATTERN_BYTES_MAX + 1)));
    assert!(too_large(&format!("{}{}", "(".repeat(8000), ")".repeat(8000))));
    assert!(too_large(&"(?:a{1000}){1000}".repeat(10)));
    assert!(too_large(&format!("a{}", "(?i)*".repeat(3000))));
    assert!(TopicPattern::compile(&"a".repeat(10_000)).is_ok());
    // Exponential for engines that go back.
    let pattern =
        TopicPattern::compile(&format!("{}{}", "a?".repeat(249), "a".repeat(249))).expect("a pattern");
    assert!(pattern.matches(&"a".repeat(249)));
    assert!(!pattern.matches(&format!("{}b", "a".repeat(248))));
}
