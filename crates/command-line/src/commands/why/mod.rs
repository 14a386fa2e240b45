//! `milena why`: what something waits for, what shows it, and what frees it. Milena's nodes alone can tell.

pub mod group;
pub mod partition;
pub mod txn;

use clap::Subcommand;
use types::waits::{Explanation, FactValue, Report as Waits};

use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// What is asked about.
#[derive(Clone, Debug, Subcommand)]
pub enum WhyVerb {
    /// Tell what a consumer group does, and what it waits for
    Group(group::GroupArguments),
    /// Tell how a partition stands, what holds its offsets, and which requests wait there
    Partition(partition::PartitionArguments),
    /// Tell what a transactional id does, since when its transaction is open, and which markers are missing
    Txn(txn::TxnArguments),
}

pub(crate) fn perform(verb: &WhyVerb) -> Result<(), Failure> {
    match verb {
        WhyVerb::Group(arguments) => group::group(arguments),
        WhyVerb::Partition(arguments) => partition::partition(arguments),
        WhyVerb::Txn(arguments) => txn::txn(arguments),
    }
}

/// What a node told of one `kind` of thing with this name.
fn report(kind: &str, name: &str, told: &Waits) -> Report {
    let subject = format!("{kind} {name}");
    let text = in_words(&subject, told);
    let item = Value::object([
        ("name", name.into()),
        ("subject", subject.into()),
        (
            "facts",
            Value::Object(
                told.facts.iter().map(|fact| (fact.name.replace(' ', "_"), value(&fact.value))).collect(),
            ),
        ),
        ("waits", Value::List(told.waits.iter().map(wait).collect())),
    ]);
    Report::one(item, View::Texts(vec![text]))
}

fn value(fact: &FactValue) -> Value {
    match fact {
        FactValue::Number(number) => (*number).into(),
        FactValue::Text(text) => text.as_str().into(),
        FactValue::List(texts) => Value::list(texts.iter().map(String::as_str)),
    }
}

fn wait(wait: &Explanation) -> Value {
    Value::object([
        ("code", wait.code.as_ref().into()),
        ("cause", wait.cause.as_str().into()),
        ("evidence", Value::list(wait.evidence.iter().map(String::as_str))),
        ("freed_by", wait.freed_by.as_str().into()),
        ("left_ms", wait.left_ms.into()),
    ])
}

/// For people.
fn in_words(subject: &str, told: &Waits) -> String {
    let mut lines = vec![subject.to_owned()];
    for fact in &told.facts {
        match &fact.value {
            FactValue::Number(number) => lines.push(format!("  {}: {number}", fact.name)),
            FactValue::Text(text) => lines.push(format!("  {}: {text}", fact.name)),
            FactValue::List(texts) if texts.is_empty() => lines.push(format!("  {}: none", fact.name)),
            FactValue::List(texts) => {
                lines.push(format!("  {}:", fact.name));
                lines.extend(texts.iter().map(|text| format!("    {text}")));
            }
        }
    }
    lines.push(String::new());
    match told.waits.as_slice() {
        [] => lines.push("nothing waits".to_owned()),
        waits => {
            let numbered = waits.iter().enumerate();
            lines.extend(numbered.map(|(index, wait)| format!("{}. {wait}", index + 1)));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    fn told() -> Waits {
        let mut told = Waits::default();
        told.text("state", "PreparingRebalance");
        told.number("generation", 3);
        told.list("all members", ["member a-1".to_owned(), "member b-1".to_owned()]);
        told.waits.push(Explanation {
            code: "group.member-has-not-joined".into(),
            cause: "a member has not joined".to_owned(),
            evidence: vec!["member b-1".to_owned()],
            freed_by: "its JoinGroup".to_owned(),
            left_ms: Some(500),
        });
        told
    }

    fn check(told: &Waits, format: &str, expected: &str) {
        let format: Format = format.parse().expect("a format");
        assert_eq!(report("group", "g", told).render(&format).expect("rendered"), expected, "{format:?}");
    }

    #[test]
    fn waits_are_told_in_words() {
        let expected = "group g\n  state: PreparingRebalance\n  generation: 3\n  all members:\n    member a-1\n    \
                        member b-1\n\n1. a member has not joined [group.member-has-not-joined]\n  seen: member b-1\n  \
                        freed by: its JoinGroup, or in 500 ms\n";
        check(&told(), "table", expected);
        check(&Waits::default(), "table", "group g\n\nnothing waits\n");
    }

    #[test]
    fn waits_are_told_to_programs() {
        check(&told(), "name", "g\n");
        check(
            &told(),
            "template={subject}: {facts.generation} {facts.all_members}",
            "group g: 3 member a-1,member b-1\n",
        );
        let wait = report("group", "g", &told()).items[0].at("waits").expect("a field").items()[0].clone();
        assert_eq!(wait.at("code"), Some(&"group.member-has-not-joined".into()));
        assert_eq!(wait.at("left_ms"), Some(&Value::Integer(500)));
    }
}
