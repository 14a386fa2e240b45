//! What is beyond names of topics: `group-coordinator` holds the rest against what Kafka's engine says.

use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::compile(pattern, Alphabet::Unicode).expect("a pattern").matches(text)
}

#[test]
fn characters_beyond_ascii_are_characters() {
    assert!(matches("gr.{2}e", "grüße") && !matches("gr.{3}e", "grüße") && matches("grü.*", "grüße"));
    assert!(
        matches("[à-ÿ]+", "éü")
            && !matches("[à-ÿ]+", "ea")
            && matches("[^à-ÿ]+", "ea→")
            && !matches("[^à-ÿ]", "é")
    );
    assert!(matches(r"\x{e9}\x{1f600}", "é😀") && matches(r"\Qé.\E", "é."));
    assert!(matches("é?", "") && matches("(é|ab)*", "éabé"));
}

#[test]
fn perl_classes_are_of_ascii_and_their_complements_have_all_others() {
    assert!(!matches(r"\w", "é") && matches(r"\W", "é") && !matches(r"[\w]", "é") && matches(r"[^\w]", "é"));
    assert!(
        !matches(r"\d", "٣")
            && matches(r"\D", "٣")
            && matches(r"[[:^alpha:]]", "é")
            && !matches("[[:alpha:]]", "é")
    );
    assert!(matches(r"é\bx", "éx") && !matches(r"a\bx", "ax"), "to RE2 é is no letter of a word");
}

#[test]
fn classes_of_unicode_have_what_unicode_says() {
    assert!(
        matches(r"\pL+", "éaλ") && !matches(r"\pL", "→") && matches(r"\PL", "→") && !matches(r"\PL", "é")
    );
    assert!(
        matches(r"\p{Greek}+", "λόγος") && !matches(r"\p{Greek}", "l") && matches(r"[\p{Greek}x]+", "λx")
    );
    assert!(matches(r"[^\p{Greek}]", "l") && !matches(r"[^\p{Greek}]", "λ") && matches(r"\p{Any}", "😀"));
    assert!(matches(r"[\PLa]+", "→a") && !matches(r"[^\PLa]", "→") && matches(r"[^\PLa]", "é"));
}

#[test]
fn where_case_does_not_count_it_does_not_for_others_either() {
    assert!(matches("(?i)GRÜSSE", "grüsse") && matches("(?i)[à-ÿ]", "É") && !matches("[à-ÿ]", "É"));
    assert!(matches("(?i)k", "\u{212a}") && matches("(?i)\u{17f}", "S") && !matches("(?i)[^é]", "É"));
    assert!(matches(r"(?i)\p{Lu}", "é") && !matches(r"\p{Lu}", "é") && matches("(?i:É)É", "éÉ"));
    assert!(!matches("(?i:É)É", "éé"));
}

#[test]
fn lines_are_told_apart_where_flags_say_so() {
    assert!(
        !matches("a.b", "a\nb")
            && matches("(?s)a.b", "a\nb")
            && matches("(?s:.)a", "\na")
            && !matches("(?s:.).", "a\n")
    );
    assert!(matches("(?m)a$\n^b", "a\nb") && !matches("a$\n^b", "a\nb") && matches("[^a]", "\n"));
    assert!(!matches("(?s)(?-s).", "\n"));
}

#[test]
fn texts_beyond_ascii_match_nothing_where_all_are_ascii() {
    let pattern = Pattern::compile(".*", Alphabet::Ascii).expect("a pattern");
    assert!(pattern.matches("plain") && !pattern.matches("grüße"));
}

#[test]
fn a_pattern_over_all_characters_costs_no_more_than_its_limits() {
    let compile = |pattern: &str| Pattern::compile(pattern, Alphabet::Unicode).map(|_| ());
    assert_eq!(compile("((.{1000}){1000}){1000}"), Err(PatternError::TooLarge));
    assert_eq!(compile(".{0,1000}"), Ok(()));
    assert_eq!(compile(&"[^\\pL]".repeat(2_340)), Err(PatternError::TooLarge));
    assert!(!matches("(a*)*b|(é|é)*c|(.*a){20}b", &"aé".repeat(10_000)));
}
