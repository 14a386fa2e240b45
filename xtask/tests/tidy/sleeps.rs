//! No test waits for time to pass: where one sleeps, its clock is tokio's paused one, which jumps to the next timer as
//! soon as nothing else can go on. `sleep` is then "until everything has come to rest", and takes no time.

use crate::tree;

#[test]
fn tests_sleep_only_in_paused_time() {
    let mut breaches = Vec::new();
    let mut seen = 0;
    for path in tree::files().into_iter().filter(|path| path.ends_with(".rs") && !path.ends_with("sleeps.rs"))
    {
        let text = tree::text(&path).unwrap_or_default();
        let tests = tests_of(&path, &text);
        if tests.contains("sleep(") {
            seen += 1;
            breaches.extend(impatient(tests).map(|line| format!("{path}: {line}")));
        }
    }
    assert!(seen >= 3, "files with sleeping tests are found");
    assert!(breaches.is_empty(), "tests that wait for real time to pass:\n{}", breaches.join("\n"));
}

#[test]
fn a_test_that_waits_for_real_time_is_seen() {
    let paused = "#[tokio::test(start_paused = true)]\nasync fn a() { sleep(ONE).await }";
    assert_eq!(impatient(paused).count(), 0);
    let mixed = format!("{paused}\n#[tokio::test]\nasync fn b() {{\nsleep(ONE).await }}\n{paused}");
    assert_eq!(impatient(&mixed).count(), 1);
    assert_eq!(impatient("#[test]\nfn c() {\nstd::thread::sleep(ONE) }").count(), 1);
    assert_eq!(
        tests_of("crates/x/src/y.rs", "sleep(1)\n#[cfg(test)]\nmod tests { a }"),
        "#[cfg(test)]\nmod tests { a }"
    );
    assert_eq!(tests_of("crates/x/src/y_test.rs", "sleep(1)"), "sleep(1)");
}

/// The part of a file that is tests.
fn tests_of<'a>(path: &str, text: &'a str) -> &'a str {
    if path.ends_with("_test.rs") || path.contains("/tests/") {
        return text;
    }
    text.find("#[cfg(test)]\nmod tests {").map_or("", |at| &text[at..])
}

/// The lines that sleep in a test whose time is not paused; each belongs to the test before it.
fn impatient(tests: &str) -> impl Iterator<Item = &str> {
    let mut is_paused = true;
    tests.lines().map(str::trim).filter(move |line| {
        if line.starts_with("#[tokio::test") || *line == "#[test]" {
            is_paused = line.contains("start_paused = true");
        }
        line.contains("thread::sleep(") || line.contains("sleep(") && !is_paused
    })
}
