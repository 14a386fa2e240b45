use super::*;

const TABLE: &str = "\
# A comment.

request 7 ToyRequest 1-4 flexible 3+
  Name: string?2+ ignorable = null
  Count: i32 2-3 = -1
  Parts: [Part]
    Id: uuid
    Note: string? 3+ tag 2
  Others: [Shared] 4+
  struct Shared
    On: bool = true
";

fn range(low: i16, high: i16) -> Versions {
    Versions { low, high }
}

#[test]
fn the_notation_is_read_as_its_page_says() {
    let messages = parse_messages(TABLE).expect("the table is right");
    let [toy] = messages.as_slice() else { panic!("one message") };
    assert_eq!(
        (toy.kind, toy.key, toy.valid, toy.flexible_since),
        (Kind::Request, Some(7), range(1, 4), Some(3))
    );
    let [name, count, parts, others] = toy.find("ToyRequest").fields.as_slice() else {
        panic!("four fields")
    };
    assert_eq!((name.versions, name.nullable, name.ignorable), (range(1, 4), Some(range(2, 4)), true));
    assert_eq!(name.default, Default::Null);
    assert_eq!((count.versions, &count.default), (range(2, 3), &Default::Value("-1".to_owned())));
    assert_eq!(parts.ty, Type::Array(Box::new(Type::Struct("Part".to_owned()))));
    let note = &toy.find("Part").fields[1];
    assert_eq!((note.tag, note.versions), (Some(2), range(3, 4)));
    assert_eq!(others.versions, range(4, 4));
    assert_eq!(toy.find("Shared").fields[0].default, Default::Value("true".to_owned()));
}

#[test]
fn the_smallest_element_is_that_of_the_cheapest_version() {
    let messages = parse_messages(TABLE).expect("the table is right");
    // Version 1: an id. Version 3 adds a count of tagged fields.
    assert_eq!(messages[0].minimum_size("Part"), 16);
    // Version 1 to 3, if it were used there: a bool alone.
    assert_eq!(messages[0].minimum_size("Shared"), 1);
    // Version 1: lengths of a string and an array.
    assert_eq!(messages[0].minimum_size("ToyRequest"), 4);
}

#[test]
fn what_is_not_in_the_notation_is_refused() {
    let head = "data - Toy 0 flexible 0+\n";
    for (fields, reason) in [
        ("  A: i31\n", "unknown type"),
        ("  A: i32 soon\n", "unknown word"),
        ("  A: i32 3-2\n", "are empty"),
        ("  A: i32 5+\n", "never has"),
        ("  A: string = null\n", "not nullable"),
        ("      A: i32\n", "too deep"),
        ("  A: Missing\n", "not defined"),
        ("  A: Loop\n  struct Loop\n    B: [Loop]\n", "contains itself"),
    ] {
        let error = parse_messages(&format!("{head}{fields}")).expect_err(fields);
        let text = format!("{error:#}");
        assert!(text.contains(reason), "{fields}: {text}");
    }
    assert!(parse_messages("  A: i32\n").is_err(), "a field needs a message");
    assert!(parse_messages("letter - Toy 0\n").is_err(), "a kind must be known");
}
