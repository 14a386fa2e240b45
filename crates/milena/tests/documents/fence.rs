//! Fenced blocks of Markdown.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Its page, relative to the repository's root.
    pub page: String,
    /// The line of the page on which it begins.
    pub line: usize,
    /// What stands behind the back quotes.
    pub info: String,
    /// Its lines, each with its end.
    pub text: String,
}

impl Fence {
    /// Whether its commands are run.
    pub fn is_run(&self) -> bool {
        self.info == "sh" || self.info.split(' ').next() == Some("console")
    }

    /// The lines of a script that are commands.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    }
}

/// The fenced blocks of a page, in order.
pub fn parse(page: &str, markdown: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    for (at, line) in markdown.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                let info = info.trim().to_owned();
                open = Some(Fence { page: page.to_owned(), line: at + 1, info, text: String::new() });
            }
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed: {open:?}");
    fences
}

#[test]
fn blocks_are_found_with_their_place() {
    let fences = parse("a.md", "text\n\n```sh not-run\nmilena\n```\n```\nx\n\ny\n```\n");
    let of = |line, info: &str, text: &str| Fence {
        page: "a.md".to_owned(),
        line,
        info: info.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(fences, [of(3, "sh not-run", "milena\n"), of(6, "", "x\n\ny\n")]);
}
