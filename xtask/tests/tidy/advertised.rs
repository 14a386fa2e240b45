//! A Kafka API is served where three things meet: it is in the list that ApiVersions advertises, the route sends it to
//! its handler, and its handler has a file of its own. One without the others is a lie or dead code. An API of our own
//! is served in the same way, but stands in the list of those that are never advertised.

use crate::tree;

const ROUTES: &str = "crates/handlers/src/routes.rs";

#[test]
fn an_api_is_advertised_exactly_where_it_is_routed_to_its_handler_file() {
    let routes = tree::text(ROUTES).unwrap_or_default();
    let mut breaches = Vec::new();
    for name in apis() {
        let (constant, module) = spellings(&name);
        let advertised = lists(&routes, &constant);
        let routed = calls(&routes, &format!("{module}::handle("));
        let file = format!("crates/handlers/src/{module}.rs");
        let handled = tree::root().join(&file).exists();
        if !(advertised == routed && routed == handled) {
            breaches.push(format!("{name}: advertised {advertised}, routed {routed}, {file} {handled}"));
        }
    }
    assert!(breaches.is_empty(), "APIs that are served only in part ({ROUTES}):\n{}", breaches.join("\n"));
}

#[test]
fn a_private_api_is_routed_to_its_handler_file_and_never_advertised() {
    let routes = tree::text(ROUTES).unwrap_or_default();
    let (advertised, private) = (list(&routes, "SERVED"), list(&routes, "PRIVATE"));
    assert!(advertised.len() >= 15, "the advertised APIs are found: {advertised:?}");
    let mut breaches = Vec::new();
    for name in private_apis() {
        let (constant, module) = spellings(&name);
        let constant = format!("api::private::{constant}");
        let file = format!("crates/handlers/src/{module}.rs");
        let is_private = private.contains(&constant.as_str());
        let is_advertised = advertised.contains(&constant.as_str());
        let routed = calls(&routes, &format!("{module}::handle("));
        let handled = tree::root().join(&file).exists();
        if !(is_private && !is_advertised && routed && handled) {
            breaches.push(format!(
                "{name}: private {is_private}, advertised {is_advertised}, routed {routed}, {file} {handled}"
            ));
        }
    }
    assert!(breaches.is_empty(), "private APIs ({ROUTES}):\n{}", breaches.join("\n"));
}

/// ApiVersions alone comes before any authentication: a client needs it to learn how to authenticate.
#[test]
fn every_handler_but_api_versions_asks_the_authorizer() {
    let routes = tree::text(ROUTES).unwrap_or_default();
    let served = apis().into_iter().chain(private_apis()).map(|name| spellings(&name).1);
    let served: Vec<_> = served.filter(|module| calls(&routes, &format!("{module}::handle("))).collect();
    let source = |module: &str| tree::text(&format!("crates/handlers/src/{module}.rs")).unwrap_or_default();
    let asks_itself = |source: &str| {
        source.contains("authorizer.allows(") || source.contains("authorizer.allowed_operations(")
    };
    // Or it hands the authorizer to what several APIs share.
    let shared = [("altered.check(", "altered_resources"), ("controlled::check_cluster(", "controlled")];
    let asks = |module: &String| {
        let text = source(module);
        let shares = shared.iter().any(|(call, of)| text.contains(call) && asks_itself(&source(of)));
        asks_itself(&text) || shares
    };
    let silent: Vec<_> = served.iter().filter(|module| !asks(module)).collect();
    assert!(served.len() >= 15, "the routes are found: {served:?}");
    assert_eq!(silent, ["api_versions"], "handlers that do not ask who may do what");
}

#[test]
fn the_spellings_of_an_api_are_found() {
    assert_eq!(spellings("InitProducerId"), ("INIT_PRODUCER_ID".to_owned(), "init_producer_id".to_owned()));
    assert!(lists("const SERVED: &[i16] = &[\n    api::FETCH,\n];", "FETCH"));
    let two = "const A: &[i16] = &[\n    api::FETCH,\n];\nconst B: &[i16] = &[api::private::WHY];";
    assert_eq!(list(two, "A"), ["api::FETCH"]);
    assert_eq!(list(two, "B"), ["api::private::WHY"]);
    assert!(!lists("api::FETCH => crate::fetch::handle(broker),", "FETCH"));
    assert!(calls("api::FETCH => crate::fetch::handle(broker),", "fetch::handle("));
    assert!(!calls("crate::offset_fetch::handle(broker)", "fetch::handle("));
}

/// Names of all APIs of the protocol.
fn apis() -> Vec<String> {
    let names = names("crates/protocol/schemas/apis.tsv");
    assert_eq!(names.len(), 89, "the table names every API");
    names
}

/// Names of our own APIs.
fn private_apis() -> Vec<String> {
    let names = names("crates/protocol/schemas/milena-apis.tsv");
    assert!(!names.is_empty(), "the table names an API");
    names
}

fn names(table: &str) -> Vec<String> {
    let table = tree::text(table).expect("the table of APIs exists");
    table.lines().skip(1).filter_map(|line| line.split('\t').nth(1).map(str::to_owned)).collect()
}

/// The entries of a list of keys.
fn list<'a>(routes: &'a str, constant: &str) -> Vec<&'a str> {
    let start = format!("const {constant}: &[i16] = &[");
    let list = routes.split_once(&start).and_then(|(_, from_start)| from_start.split_once("];"));
    let entries = list.map_or("", |(entries, _)| entries).split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// A name such as `InitProducerId` as a constant and as a module.
fn spellings(name: &str) -> (String, String) {
    let mut module = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !module.is_empty() {
            module.push('_');
        }
        module.extend(letter.to_lowercase());
    }
    (module.to_uppercase(), module)
}

/// Whether the API stands in a list (one line of its own), and not only in a match arm.
fn lists(routes: &str, constant: &str) -> bool {
    routes.lines().any(|line| line.trim() == format!("api::{constant},"))
}

/// Whether the function is called, and not only one whose name ends like it.
fn calls(routes: &str, function: &str) -> bool {
    routes
        .match_indices(function)
        .any(|(at, _)| !routes[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
