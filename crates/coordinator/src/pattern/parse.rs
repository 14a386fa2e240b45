//! RE2/J's syntax to that of the crate `regex`, of which the result uses little: sets of characters, the beginnings and ends
//! of text and lines, `\b`, `\B` of ASCII, `|`, groups that capture nothing, and repetitions.
//!
//! The parser goes through the text once and keeps a stack of open groups, so that no text makes it recurse.

use std::collections::BTreeSet;

use super::char_set::{CharSet, ascii_range};
use super::{Alphabet, PatternError, unicode_classes};

/// The largest count of a repetition.
const REPEAT_MAX: u32 = 1000;

/// What the flags of Perl's syntax say. Whether a repetition is greedy makes no difference to what matches as a whole.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// Case does not count.
    folds: bool,
    /// `^` and `$` are the ends of lines.
    has_lines: bool,
    /// `.` is a line break as well.
    dot_is_all: bool,
}

/// What a repetition would repeat.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins in what is written.
    start: usize,
    is_repeated: bool,
}

struct Group {
    flags_before: Flags,
    start: usize,
}

struct Parser<'a> {
    rest: &'a str,
    alphabet: Alphabet,
    flags: Flags,
    groups: Vec<Group>,
    names: BTreeSet<&'a str>,
    atom: Option<Atom>,
    written: String,
}

/// The pattern in the syntax of `regex`.
pub(super) fn translate(pattern: &str, alphabet: Alphabet) -> Result<String, PatternError> {
    let mut parser = Parser {
        rest: pattern,
        alphabet,
        flags: Flags::default(),
        groups: Vec::new(),
        names: BTreeSet::new(),
        atom: None,
        written: String::new(),
    };
    // A repetition directly after another is refused; so is one after a brace that repeats nothing.
    let mut is_after_repetition = false;
    while !parser.rest.is_empty() {
        is_after_repetition = parser.step(is_after_repetition)?;
    }
    if parser.groups.is_empty() { Ok(parser.written) } else { Err(PatternError::MissingParenthesis) }
}

impl<'a> Parser<'a> {
    /// Reads one operator or literal. Whether it looked like a repetition.
    fn step(&mut self, is_after_repetition: bool) -> Result<bool, PatternError> {
        let rest = self.rest;
        let Some(first) = self.next() else { return Ok(false) };
        match first {
            '(' if self.rest.starts_with('?') => self.perl_group(rest)?,
            '(' => self.open(),
            '|' => {
                self.written.push('|');
                self.atom = None;
            }
            ')' => self.close()?,
            '^' => self.write(if self.flags.has_lines { "(?m:^)" } else { r"\A" }),
            '$' => self.write(if self.flags.has_lines { "(?m:$)" } else { r"\z" }),
            '.' if self.flags.dot_is_all => self.write_set(&CharSet::all()),
            '.' => self.write_set(&CharSet::all().without_ascii(1 << u32::from('\n'))),
            '[' => {
                let set = self.class()?;
                self.write_set(&set);
            }
            '*' | '+' | '?' => {
                self.repeat(first.encode_utf8(&mut [0; 4]), is_after_repetition)?;
                return Ok(true);
            }
            '{' => {
                match self.counts()? {
                    Some(counts) => self.repeat(&counts, is_after_repetition)?,
                    None => self.literal('{'),
                }
                return Ok(true);
            }
            '\\' => self.escape_outside(rest)?,
            _ => self.literal(first),
        }
        Ok(false)
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn write(&mut self, text: &str) {
        self.atom = Some(Atom { start: self.written.len(), is_repeated: false });
        self.written.push_str(text);
    }

    fn write_set(&mut self, set: &CharSet) {
        self.write(&set.class(self.alphabet, self.flags.folds));
    }

    fn literal(&mut self, character: char) {
        let set = self.range(character, character);
        self.write_set(&set);
    }

    fn range(&self, low: char, high: char) -> CharSet {
        if self.flags.folds { CharSet::folded_range(low, high) } else { CharSet::range(low, high) }
    }

    fn open(&mut self) {
        self.groups.push(Group { flags_before: self.flags, start: self.written.len() });
        self.written.push_str("(?:");
        self.atom = None;
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let group = self.groups.pop().ok_or(PatternError::UnexpectedParenthesis)?;
        self.written.push(')');
        self.flags = group.flags_before;
        self.atom = Some(Atom { start: group.start, is_repeated: false });
        Ok(())
    }

    fn repeat(&mut self, operator: &str, is_after_repetition: bool) -> Result<(), PatternError> {
        // Whether it is greedy makes no difference here.
        self.take("?");
        if is_after_repetition {
            return Err(PatternError::NestedRepetition);
        }
        let atom = self.atom.as_mut().ok_or(PatternError::NothingToRepeat)?;
        if atom.is_repeated {
            self.written.insert_str(atom.start, "(?:");
            self.written.push(')');
        }
        atom.is_repeated = true;
        self.written.push_str(operator);
        Ok(())
    }

    /// What follows `{` where it is a repetition: `2}`, `2,}` or `2,3}`. What is not is left where it is.
    fn counts(&mut self) -> Result<Option<String>, PatternError> {
        let Some(end) = self.rest.find('}') else { return Ok(None) };
        let text = &self.rest[..end];
        let (least, most) = match text.split_once(',') {
            None => (text, text),
            Some((least, most)) => (least, most),
        };
        let (Some(min), Some(max)) = (count(least), if most.is_empty() { Some(None) } else { count(most) })
        else {
            return Ok(None);
        };
        let is_in_order = match (min, max) {
            (Some(min), Some(max)) => min <= max,
            (Some(_), None) => most.is_empty(),
            (None, _) => false,
        };
        if !is_in_order {
            return Err(PatternError::InvalidRepeatCount);
        }
        self.rest = &self.rest[end + 1..];
        Ok(Some(format!("{{{text}}}")))
    }

    /// What begins with `(?`, of which the parenthesis is read: `whole` is the text from it on.
    fn perl_group(&mut self, whole: &'a str) -> Result<(), PatternError> {
        if let Some(named) = whole.strip_prefix("(?P<").or_else(|| whole.strip_prefix("(?<")) {
            let (name, rest) = named.split_once('>').ok_or(PatternError::InvalidGroupName)?;
            if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                return Err(PatternError::InvalidGroupName);
            }
            self.open();
            self.rest = rest;
            return if self.names.insert(name) { Ok(()) } else { Err(PatternError::DuplicateGroupName) };
        }
        self.take("?");
        let mut flags = self.flags;
        let (mut sets, mut has_flag) = (true, false);
        loop {
            match self.next() {
                Some('i') => {
                    flags.folds = sets;
                    has_flag = true;
                }
                Some('m') => {
                    flags.has_lines = sets;
                    has_flag = true;
                }
                Some('s') => {
                    flags.dot_is_all = sets;
                    has_flag = true;
                }
                Some('U') => has_flag = true,
                Some('-') if sets => (sets, has_flag) = (false, false),
                Some(end @ (':' | ')')) if sets || has_flag => {
                    if end == ':' {
                        self.open();
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return Err(PatternError::InvalidPerlSyntax),
            }
        }
    }

    /// What begins with a backslash, which is read: `whole` is the text from it on.
    fn escape_outside(&mut self, whole: &'a str) -> Result<(), PatternError> {
        let after = self.rest;
        match self.next() {
            Some('A') => self.write(r"\A"),
            Some('z') => self.write(r"\z"),
            Some('b') => self.write(r"(?-u:\b)"),
            Some('B') => self.write(r"(?-u:\B)"),
            Some('C') => return Err(PatternError::InvalidEscape),
            Some('Q') => {
                let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                literal.chars().for_each(|character| self.literal(character));
            }
            _ => {
                self.rest = whole;
                if let Some(set) = self.class_escape()? {
                    self.write_set(&set);
                    return Ok(());
                }
                self.rest = after;
                let character = self.escape()?;
                self.literal_or_nothing(character);
            }
        }
        Ok(())
    }

    /// A character by its number, which may be none that exists.
    fn literal_or_nothing(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(character) => self.literal(character),
            None => self.write_set(&CharSet::default()),
        }
    }

    /// `\d`, `\pL` and their like, where the text begins with one.
    fn class_escape(&mut self) -> Result<Option<CharSet>, PatternError> {
        let before = self.rest;
        if !self.take("\\") {
            return Ok(None);
        }
        let set = match self.next() {
            Some(kind @ ('p' | 'P')) => return self.unicode_class(kind == 'P').map(Some),
            Some('d') => posix_class("digit"),
            Some('D') => posix_class("^digit"),
            Some('s') => posix_class("space").map(|set| set.without_ascii(1 << 11)),
            Some('S') => posix_class("^space").map(|set| set.with(&CharSet::of_ascii(1 << 11))),
            Some('w') => posix_class("word"),
            Some('W') => posix_class("^word"),
            _ => None,
        };
        if set.is_none() {
            self.rest = before;
        }
        Ok(set)
    }

    /// What follows `\p`.
    fn unicode_class(&mut self, mut is_negated: bool) -> Result<CharSet, PatternError> {
        let rest = self.rest;
        let first = self.next().ok_or(PatternError::InvalidClass)?;
        let mut name = &rest[..first.len_utf8()];
        if first == '{' {
            (name, self.rest) = self.rest.split_once('}').ok_or(PatternError::InvalidClass)?;
        }
        if let Some(negated) = name.strip_prefix('^') {
            is_negated = !is_negated;
            name = negated;
        }
        let set = unicode_classes::class(name, self.flags.folds).ok_or(PatternError::InvalidClass)?;
        Ok(if is_negated { set.negated() } else { set })
    }

    /// What follows `[`, with the bracket that closes it.
    fn class(&mut self) -> Result<CharSet, PatternError> {
        let mut set = CharSet::default();
        let is_negated = self.take("^");
        let mut is_first = true;
        while is_first || !self.take("]") {
            is_first = false;
            let before = self.rest;
            if self.take("[:") {
                if let Some((name, rest)) = self.rest.split_once(":]") {
                    let found = posix_class(name).ok_or(PatternError::InvalidClass)?;
                    set = set.with(&self.fold_class(found, name.starts_with('^')));
                    self.rest = rest;
                    continue;
                }
                self.rest = before;
            }
            if let Some(found) = self.class_escape()? {
                set = set.with(&found);
                continue;
            }
            let low = self.class_character()?;
            let mut high = low;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.take("-");
                high = self.class_character()?;
                if high < low {
                    return Err(PatternError::InvalidClass);
                }
            }
            set = set.with(&self.range_of_codes(low, high));
        }
        Ok(if is_negated { set.negated() } else { set })
    }

    fn fold_class(&self, set: CharSet, is_negated: bool) -> CharSet {
        match (self.flags.folds, is_negated) {
            (false, _) => set,
            (true, false) => set.folded(),
            (true, true) => set.negated().folded().negated(),
        }
    }

    /// Numbers of characters that do not exist bound a range as others do.
    fn range_of_codes(&self, low: u32, high: u32) -> CharSet {
        let at_least = |code: u32| char::from_u32(code).unwrap_or('\u{e000}');
        let at_most = |code: u32| char::from_u32(code).unwrap_or('\u{d7ff}');
        self.range(at_least(low), at_most(high))
    }

    fn class_character(&mut self) -> Result<u32, PatternError> {
        match self.next() {
            None => Err(PatternError::MissingBracket),
            Some('\\') => self.escape(),
            Some(character) => Ok(u32::from(character)),
        }
    }

    /// What follows a backslash and means one character: its number.
    fn escape(&mut self) -> Result<u32, PatternError> {
        let first = self.next().ok_or(PatternError::TrailingBackslash)?;
        match first {
            '1'..='7' if !self.rest.starts_with(|it: char| it.is_digit(8)) => {
                Err(PatternError::InvalidEscape)
            }
            '0'..='7' => {
                let mut code = u32::from(first) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(|it| it.to_digit(8)) else { break };
                    self.next();
                    code = code * 8 + digit;
                }
                Ok(code)
            }
            'x' => self.hexadecimal(),
            'a' => Ok(7),
            'f' => Ok(12),
            'n' => Ok(10),
            'r' => Ok(13),
            't' => Ok(9),
            'v' => Ok(11),
            _ if first.is_ascii_alphanumeric() => Err(PatternError::InvalidEscape),
            _ => Ok(u32::from(first)),
        }
    }

    /// What follows `\x`: two digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Result<u32, PatternError> {
        let digits = if self.take("{") {
            let (digits, rest) = self.rest.split_once('}').ok_or(PatternError::InvalidEscape)?;
            self.rest = rest;
            digits
        } else {
            let digits = self.rest.get(..2).ok_or(PatternError::InvalidEscape)?;
            self.rest = &self.rest[2..];
            digits
        };
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(PatternError::InvalidEscape);
        }
        let code = u32::from_str_radix(digits, 16).ok().filter(|code| *code <= u32::from(char::MAX));
        code.ok_or(PatternError::InvalidEscape)
    }
}

/// A count of a repetition; `None` where it is none, `Some(None)` where it is too large.
fn count(text: &str) -> Option<Option<u32>> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_count = is_number && (text.len() == 1 || !text.starts_with('0'));
    is_count.then(|| text.parse().ok().filter(|count| *count <= REPEAT_MAX))
}

/// The class of this name between `[:` and `:]`, of ASCII; a name with `^` before it is all others.
fn posix_class(name: &str) -> Option<CharSet> {
    if let Some(name) = name.strip_prefix('^') {
        // Two are no name.
        return if name.starts_with('^') { None } else { posix_class(name).map(CharSet::negated) };
    }
    let range = |low: char, high: char| ascii_range(u32::from(low), u32::from(high));
    let (digit, upper, lower) = (range('0', '9'), range('A', 'Z'), range('a', 'z'));
    let alnum = upper | lower | digit;
    let (graph, space) = (range('!', '~'), range(' ', ' '));
    Some(CharSet::of_ascii(match name {
        "alnum" => alnum,
        "alpha" => upper | lower,
        "ascii" => u128::MAX,
        "blank" => space | range('\t', '\t'),
        "cntrl" => range('\0', '\x1f') | range('\x7f', '\x7f'),
        "digit" => digit,
        "graph" => graph,
        "lower" => lower,
        "print" => graph | space,
        "punct" => graph & !alnum,
        "space" => space | range('\t', '\r'),
        "upper" => upper,
        "word" => alnum | range('_', '_'),
        "xdigit" => digit | range('A', 'F') | range('a', 'f'),
        _ => return None,
    }))
}
