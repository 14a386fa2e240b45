//! What somebody may have meant who wrote a name that is not there.

/// The candidate that differs least from `name`; `None` when none comes near (more than a third differs).
///
/// However long `name` is, it is compared only with candidates of about its length.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_of_like_length =
        |candidate: &&str| candidate.len().abs_diff(name.len()) * 3 <= candidate.len().min(name.len());
    candidates
        .into_iter()
        .filter(is_of_like_length)
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().min(name.len()))
        .map(|(_, candidate)| candidate)
}

/// The end of a sentence about an unknown name.
pub fn or_nearest(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

/// How many bytes must be inserted, removed or replaced to turn `left` into `right` (Levenshtein).
fn edit_distance(left: &str, right: &str) -> usize {
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_name_is_not() {
        let groups = ["payments", "readers"];
        assert_eq!(nearest("paymnets", groups), Some("payments"));
        assert_eq!(nearest("reader", groups), Some("readers"));
        assert_eq!(nearest("console-consumer-1", groups), None);
        assert_eq!(nearest("payments", []), None);
    }
}
