//! Finds the paths that a Rust source names, without a parser for the whole language.
//!
//! It knows what a comment, a text, a character and a lifetime look like, so that nothing
//! in them is taken for code; it follows `mod name { … }`, so that `super` is resolved;
//! and it reads trees of imports. A text that is a path as a whole counts as one, because
//! attributes name functions so: `#[serde(with = "crate::domain::time")]`.

/// A path that a source names, with the line it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its segments; `crate` first when it is a path of this crate, however it was written.
    pub path: Vec<String>,
    /// The line, from 1.
    pub line: usize,
}

impl Named {
    /// The path as text.
    pub fn text(&self) -> String {
        self.path.join("::")
    }
}

/// A piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Word(String),
    /// What stands between double quotes, as it is written.
    Text(String),
    /// `::`
    Colons,
    /// Any other sign.
    Mark(char),
}

/// A piece of code and its line.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub line: usize,
}

/// The pieces of a source; comments, characters, numbers and lifetimes are left out.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
        tokens: Vec::new(),
    };
    while let Some(first) = lexer.rest.chars().next() {
        lexer.step(first);
    }
    lexer.tokens
}

struct Lexer<'s> {
    rest: &'s str,
    line: usize,
    tokens: Vec<Token>,
}

impl<'s> Lexer<'s> {
    /// Takes the next `bytes` bytes away and counts their lines.
    fn take(&mut self, bytes: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn push(&mut self, kind: Kind, line: usize) {
        self.tokens.push(Token { kind, line });
    }

    fn step(&mut self, first: char) {
        let line = self.line;
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.block_comment();
        } else if self.rest.starts_with("::") {
            self.take(2);
            self.push(Kind::Colons, line);
        } else if first == '"' {
            self.text(line);
        } else if first == '\'' {
            self.character_or_lifetime();
        } else if first.is_ascii_digit() {
            self.word();
        } else if first.is_alphabetic() || first == '_' {
            let word = self.word();
            self.word_or_prefix(word, line);
        } else {
            self.take(first.len_utf8());
            if !first.is_whitespace() {
                self.push(Kind::Mark(first), line);
            }
        }
    }

    fn word(&mut self) -> &'s str {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// A word, or what it makes of the text behind it: `b"…"`, `r#"…"#`, `r#type`.
    fn word_or_prefix(&mut self, word: &str, line: usize) {
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        let quoted = self.rest[hashes..].starts_with('"');
        match word {
            "r" | "br" | "cr" if quoted => self.raw_text(hashes, line),
            "b" | "c" if self.rest.starts_with('"') => self.text(line),
            "b" if self.rest.starts_with('\'') => self.character_or_lifetime(),
            "r" if hashes == 1 => {
                self.take(1);
                let name = self.word();
                self.push(Kind::Word(format!("r#{name}")), line);
            }
            _ => self.push(Kind::Word(word.to_owned()), line),
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take(self.rest.chars().next().map_or(0, char::len_utf8));
            }
        }
    }

    fn text(&mut self, line: usize) {
        let mut escaped = false;
        let end = self.rest[1..].find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let text = self.take(end.map_or(self.rest.len(), |end| end + 2));
        self.push(Kind::Text(text.trim_matches('"').to_owned()), line);
    }

    fn raw_text(&mut self, hashes: usize, line: usize) {
        let closing = format!("\"{}", "#".repeat(hashes));
        self.take(hashes + 1);
        let end = self.rest.find(&closing).unwrap_or(self.rest.len());
        let text = self.take(end).to_owned();
        self.take(closing.len());
        self.push(Kind::Text(text), line);
    }

    fn character_or_lifetime(&mut self) {
        let mut inside = self.rest.chars().skip(1);
        let (first, second) = (inside.next(), inside.next());
        if first == Some('\\') {
            // The escaped character may itself be a quote.
            let end = self.rest.char_indices().skip(3).find(|(_, c)| *c == '\'');
            self.take(end.map_or(self.rest.len(), |(at, _)| at + 1));
        } else if second == Some('\'') {
            self.take(2 + first.map_or(0, char::len_utf8));
        } else {
            self.take(1);
            self.word();
        }
    }
}

/// The paths that a source names; `module` is where it stands, as `["store", "journal"]`.
pub fn paths(source: &str, module: &[&str]) -> Vec<Named> {
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        module: module.iter().map(|&name| name.to_owned()).collect(),
        opened: Vec::new(),
        depth: 0,
        found: Vec::new(),
    };
    reader.read();
    reader.found
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    /// The module that the code at hand is in.
    module: Vec<String>,
    /// At which depth of braces each `mod name {` was opened.
    opened: Vec<usize>,
    depth: usize,
    found: Vec<Named>,
}

impl Reader<'_> {
    fn kind(&self, offset: usize) -> Option<&Kind> {
        self.tokens.get(self.at + offset).map(|token| &token.kind)
    }

    fn word(&self, offset: usize) -> Option<&str> {
        match self.kind(offset) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is(&self, offset: usize, mark: char) -> bool {
        self.kind(offset) == Some(&Kind::Mark(mark))
    }

    fn read(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            let line = token.line;
            match &token.kind {
                // `impl Trait + use<'a>` captures and imports nothing.
                Kind::Word(word) if word == "use" && !self.is(1, '<') => {
                    self.at += 1;
                    self.tree(&[]);
                }
                Kind::Word(word) if word == "mod" && self.is(2, '{') => {
                    self.module.extend(self.word(1).map(str::to_owned));
                    self.opened.push(self.depth);
                    self.at += 2;
                }
                Kind::Word(_) => self.inline_path(line),
                Kind::Text(text) => {
                    if is_path(text) {
                        self.name(text.split("::").map(str::to_owned).collect(), line);
                    }
                    self.at += 1;
                }
                Kind::Mark(mark) => {
                    let mark = *mark;
                    self.at += 1;
                    self.brace(mark);
                }
                Kind::Colons => self.at += 1,
            }
        }
    }

    fn brace(&mut self, mark: char) {
        match mark {
            '{' => self.depth += 1,
            '}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.opened.last() == Some(&self.depth) {
                    self.opened.pop();
                    self.module.pop();
                }
            }
            _ => {}
        }
    }

    /// `a::b::c` in code, and a single word where it may be a whole path: `pub(in crate)`.
    fn inline_path(&mut self, line: usize) {
        let path = self.segments();
        if path.len() > 1 {
            self.name(path, line);
        }
    }

    /// Words with colons between them, from here on.
    fn segments(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(word) = self.word(0).map(str::to_owned) {
            path.push(word);
            self.at += 1;
            if self.kind(0) != Some(&Kind::Colons) || self.word(1).is_none() {
                break;
            }
            self.at += 1;
        }
        path
    }

    /// One tree of imports, up to the comma, brace or semicolon behind it.
    fn tree(&mut self, before: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        while matches!(self.kind(0), Some(Kind::Colons | Kind::Mark('$'))) {
            self.at += 1;
        }
        let mut path = before.to_vec();
        path.extend(self.segments());
        if self.kind(0) == Some(&Kind::Colons) {
            self.at += 1;
        }
        if self.is(0, '{') {
            self.at += 1;
            while self.at < self.tokens.len() && !self.is(0, '}') {
                self.tree(&path);
                if self.is(0, ',') {
                    self.at += 1;
                }
            }
            self.at += 1;
            return;
        }
        if self.is(0, '*') {
            path.push("*".to_owned());
        }
        // `as name`, and whatever a macro puts here.
        while self.at < self.tokens.len() && !",};".chars().any(|mark| self.is(0, mark)) {
            self.at += 1;
        }
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        self.name(path, line);
    }

    fn name(&mut self, path: Vec<String>, line: usize) {
        let path = self.resolved(path);
        self.found.push(Named { path, line });
    }

    /// The path from the crate's root, where it is one of this crate.
    fn resolved(&self, path: Vec<String>) -> Vec<String> {
        let ups = path
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let own = path.first().is_some_and(|first| first == "self");
        if ups == 0 && !own {
            return match path.first() {
                Some(first) if first == "agenthub" => rooted(&[], &path[1..]),
                _ => path,
            };
        }
        // `self::super::x` is allowed, if nobody writes it.
        let behind = path.iter().skip_while(|s| *s == "super" || *s == "self");
        let ups = path.iter().filter(|segment| *segment == "super").count();
        let module = &self.module[..self.module.len().saturating_sub(ups)];
        rooted(module, &behind.cloned().collect::<Vec<_>>())
    }
}

fn rooted(module: &[String], rest: &[String]) -> Vec<String> {
    let root = std::iter::once("crate".to_owned());
    root.chain(module.iter().cloned())
        .chain(rest.iter().cloned())
        .collect()
}

/// Whether a text is a path as a whole, from a module that it names.
fn is_path(text: &str) -> bool {
    let word = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_');
    ["crate::", "super::", "self::"]
        .iter()
        .any(|start| text.starts_with(start))
        && text.split("::").all(word)
}
