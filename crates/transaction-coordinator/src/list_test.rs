use super::*;
use crate::logged_test::Logged;
use crate::{Decision, Producer, TransactionReply, TransactionRequest};

fn list(logged: &mut Logged, request: ListTransactions) -> (Vec<String>, Vec<String>) {
    let unknown = request.states.clone().into_unknown().into_iter().collect();
    let request = TransactionRequest::List(request);
    let TransactionReply::List(reply) = logged.ask(request) else { panic!("a list") };
    (reply.into_iter().map(|it| it.transactional_id).collect(), unknown)
}

fn all() -> ListTransactions {
    ListTransactions { longer_than_ms: -1, ..ListTransactions::default() }
}

/// Of each state one, a second after the other.
fn one_of_each() -> (Logged, Vec<Producer>) {
    let mut logged = Logged::new();
    let mut producers = Vec::new();
    for (id, decision) in [
        ("empty", None),
        ("open", None),
        ("commit", Some(Decision::Commit)),
        ("abort", Some(Decision::Abort)),
    ] {
        let producer = logged.init(id).expect("a producer");
        if id != "empty" {
            logged.add(id, producer, [0]).expect("added");
        }
        if let Some(decision) = decision {
            logged.end(id, producer, decision).expect("ended");
            if decision == Decision::Commit {
                logged.write_markers();
            }
        }
        producers.push(producer);
        logged.pass(1_000);
    }
    (logged, producers)
}

#[test]
fn every_transactional_id_is_listed_with_its_producer_and_state() {
    let (mut logged, producers) = one_of_each();
    let TransactionReply::List(reply) = logged.ask(TransactionRequest::List(all())) else { panic!("a list") };
    let listed: Vec<_> = reply.iter().map(|it| (&*it.transactional_id, it.producer_id, it.state)).collect();
    let expected = [
        ("abort", producers[3].id, TransactionState::PrepareAbort),
        ("commit", producers[2].id, TransactionState::CompleteCommit),
        ("empty", producers[0].id, TransactionState::Empty),
        ("open", producers[1].id, TransactionState::Ongoing),
    ];
    assert_eq!(listed, expected);
}

#[test]
fn filters_are_all_to_be_passed() {
    let (mut logged, producers) = one_of_each();
    let states = |names: &[&str]| StateFilter::of(names.iter().map(|&name| name.to_owned()));
    let by_state = |names: &[&str]| ListTransactions { states: states(names), ..all() };
    let none = Vec::<String>::new();
    assert_eq!(
        list(&mut logged, by_state(&["Ongoing", "Empty"])),
        (vec!["empty".into(), "open".into()], none.clone())
    );
    let unknown = by_state(&["Ongoing", "ongoing", "Nothing"]);
    assert_eq!(list(&mut logged, unknown), (vec!["open".into()], vec!["Nothing".into(), "ongoing".into()]));
    assert_eq!(list(&mut logged, by_state(&["Dead"])), (none.clone(), none.clone()));
    let producer_ids = BTreeSet::from([producers[1].id, producers[2].id, ProducerId(5)]);
    let by_producer = ListTransactions { producer_ids, ..all() };
    assert_eq!(list(&mut logged, by_producer.clone()).0, ["commit", "open"]);
    let both = ListTransactions { states: states(&["Ongoing"]), ..by_producer };
    assert_eq!(list(&mut logged, both).0, ["open"]);
}

#[test]
fn only_what_began_longer_ago_is_listed_and_what_never_began() {
    let (mut logged, _) = one_of_each();
    let longer_than = |ms| ListTransactions { longer_than_ms: ms, ..all() };
    assert_eq!(list(&mut logged, longer_than(0)).0.len(), 4);
    assert_eq!(list(&mut logged, longer_than(1_000)).0, ["commit", "empty", "open"]);
    assert_eq!(list(&mut logged, longer_than(2_999)).0, ["empty", "open"]);
    assert_eq!(list(&mut logged, longer_than(3_000)).0, ["empty"]);
}
