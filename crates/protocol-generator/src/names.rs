//! From Kafka's names to Rust's.

const KEYWORDS: [&str; 2] = ["type", "match"];

/// `TopicData` becomes `topic_data`, `KRaftVersion` becomes `k_raft_version`.
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_lower = index > 0 && !letters[index - 1].is_uppercase();
        let ends_a_run = index > 0
            && letters[index - 1].is_uppercase()
            && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_lower || ends_a_run) {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The name of a field; words that Rust keeps for itself are written raw.
pub(crate) fn field_name(name: &str) -> String {
    let snake = snake_case(name);
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_capitals_are_one_word() {
        assert_eq!(snake_case("TopicData"), "topic_data");
        assert_eq!(snake_case("KRaftVersionFeature"), "k_raft_version_feature");
        assert_eq!(snake_case("V3AndBelowTopics"), "v3_and_below_topics");
        assert_eq!(snake_case("Enable2Pc"), "enable2_pc");
        assert_eq!(field_name("Type"), "r#type");
    }
}
