//! What an agent used, read from what it printed by its preset's rule.

use std::str::FromStr;

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{BadName, serde_as_text};

/// Tokens and money; null where the program does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TokenUse {
    /// Tokens that the model read.
    pub tokens_in: Option<u64>,
    /// Tokens that the model wrote.
    pub tokens_out: Option<u64>,
    /// What they cost, in US dollars.
    pub cost_usd: Option<f64>,
}

impl TokenUse {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    fn of(tokens_in: Option<f64>, tokens_out: Option<f64>, cost_usd: Option<f64>) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was checked to be neither negative nor infinite, and the cast saturates"
        )]
        let whole = |number: f64| number.round() as u64;
        Self {
            tokens_in: tokens_in.map(whole),
            tokens_out: tokens_out.map(whole),
            cost_usd,
        }
    }
}

/// A path into a JSON document: keys with dots between them, `*` for every member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(String);

impl FromStr for JsonPath {
    type Err = BadName;

    fn from_str(s: &str) -> Result<Self, BadName> {
        if s.split('.').any(str::is_empty) {
            return Err(BadName::new("a JSON path", s, "a key of it is empty"));
        }
        Ok(Self(s.to_owned()))
    }
}

impl std::fmt::Display for JsonPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(JsonPath);

impl JsonPath {
    /// The sum of the numbers that it leads to; `None` when it leads to none.
    fn sum(&self, document: &Value) -> Option<f64> {
        let mut found = vec![document];
        for key in self.0.split('.') {
            found = found.into_iter().flat_map(|at| members(at, key)).collect();
        }
        found.into_iter().filter_map(number).reduce(|a, b| a + b)
    }
}

fn members<'v>(at: &'v Value, key: &str) -> Vec<&'v Value> {
    match (at, key) {
        (Value::Object(map), "*") => map.values().collect(),
        (Value::Array(list), "*") => list.iter().collect(),
        (Value::Object(map), key) => map.get(key).into_iter().collect(),
        (Value::Array(list), key) => {
            let index: Option<usize> = key.parse().ok();
            index
                .and_then(|index| list.get(index))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|n| n.is_finite() && *n >= 0.0)
}

/// Which of the JSON documents that a program printed are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// The last that holds something.
    Last,
    /// Each; their numbers are summed.
    Each,
}

/// Paths to the numbers in a JSON document.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    tokens_in: Vec<JsonPath>,
    tokens_out: Vec<JsonPath>,
    cost_usd: Vec<JsonPath>,
}

/// How a preset reads what was used.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Document")]
pub enum UsageRule {
    /// From JSON documents on stdout, one a line or over several.
    Json(Pick, Paths),
    /// From text: the groups `tokens_in`, `tokens_out` and `cost_usd` of every match, summed.
    Text(Regex),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    json: Option<Pick>,
    regex: Option<String>,
    #[serde(default)]
    tokens_in: Vec<JsonPath>,
    #[serde(default)]
    tokens_out: Vec<JsonPath>,
    #[serde(default)]
    cost_usd: Vec<JsonPath>,
}

const NAMES: [&str; 3] = ["tokens_in", "tokens_out", "cost_usd"];

impl TryFrom<Document> for UsageRule {
    type Error = String;

    fn try_from(document: Document) -> Result<Self, String> {
        let paths = Paths {
            tokens_in: document.tokens_in,
            tokens_out: document.tokens_out,
            cost_usd: document.cost_usd,
        };
        let all = [&paths.tokens_in, &paths.tokens_out, &paths.cost_usd];
        let empty = all.iter().all(|paths| paths.is_empty());
        match (document.json, document.regex) {
            (Some(_), None) if empty => {
                Err("json needs paths: tokens_in, tokens_out or cost_usd".to_owned())
            }
            (Some(pick), None) => Ok(Self::Json(pick, paths)),
            (None, Some(_)) if !empty => Err("paths go with json, not with regex".to_owned()),
            (None, Some(pattern)) => {
                let regex = Regex::new(&pattern).map_err(|error| format!("regex: {error}"))?;
                let named = |name| regex.capture_names().flatten().any(|group| group == name);
                if NAMES.into_iter().any(named) {
                    Ok(Self::Text(regex))
                } else {
                    Err("regex needs a group tokens_in, tokens_out or cost_usd".to_owned())
                }
            }
            _ => Err("give either json or regex".to_owned()),
        }
    }
}

impl UsageRule {
    /// The names of all keys, as they stand in a file.
    pub const KEYS: [&'static str; 5] = ["json", "regex", "tokens_in", "tokens_out", "cost_usd"];

    /// What was used, by what was printed.
    ///
    /// Where that is not `whole`, only its end: then a sum would be wrong and is not known.
    #[must_use]
    pub fn read(&self, printed: &str, whole: bool) -> TokenUse {
        match self {
            Self::Json(Pick::Last, paths) => documents(printed)
                .map(|document| paths.read(&document))
                .filter(|found| !found.is_unknown())
                .last()
                .unwrap_or_default(),
            Self::Json(Pick::Each, paths) if whole => {
                let mut sums = [None; 3];
                for document in documents(printed) {
                    add(&mut sums, paths.numbers(&document));
                }
                let [tokens_in, tokens_out, cost] = sums;
                TokenUse::of(tokens_in, tokens_out, cost)
            }
            Self::Text(regex) if whole => {
                let mut sums = [None; 3];
                for found in regex.captures_iter(printed) {
                    add(&mut sums, NAMES.map(|name| number_of(&found, name)));
                }
                let [tokens_in, tokens_out, cost] = sums;
                TokenUse::of(tokens_in, tokens_out, cost)
            }
            Self::Json(..) | Self::Text(_) => TokenUse::default(),
        }
    }
}

impl Paths {
    fn numbers(&self, document: &Value) -> [Option<f64>; 3] {
        [&self.tokens_in, &self.tokens_out, &self.cost_usd].map(|paths| {
            let found = paths.iter().filter_map(|path| path.sum(document));
            found.reduce(|a, b| a + b)
        })
    }

    fn read(&self, document: &Value) -> TokenUse {
        let [tokens_in, tokens_out, cost] = self.numbers(document);
        TokenUse::of(tokens_in, tokens_out, cost)
    }
}

fn add(sums: &mut [Option<f64>; 3], more: [Option<f64>; 3]) {
    for (sum, number) in sums.iter_mut().zip(more) {
        *sum = match (*sum, number) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

/// The JSON objects in a text, each from the beginning of a line on; what is none is passed over.
fn documents(text: &str) -> impl Iterator<Item = Value> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut parser = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let found = rest.starts_with('{').then(|| parser.next()).flatten();
            let (document, after) = match found {
                Some(Ok(document)) => (Some(document), rest.get(parser.byte_offset()..)),
                _ => (None, Some(rest)),
            };
            let after = after.unwrap_or_default();
            rest = after.split_once('\n').map_or("", |(_, next)| next);
            if document.is_some() {
                return document;
            }
        }
        None
    })
}

/// A number as people are told it: `1,234`, `1.2k`, `3M`.
fn number_of(found: &Captures<'_>, name: &str) -> Option<f64> {
    let text = found.name(name)?.as_str().replace(',', "");
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => text
            .strip_suffix('M')
            .map_or((text.as_str(), 1.0), |digits| (digits, 1e6)),
    };
    let number: f64 = digits.parse().ok()?;
    Some(number * factor).filter(|n| n.is_finite() && *n >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> UsageRule {
        serde_json::from_str(json).unwrap()
    }

    fn used(tokens_in: u64, tokens_out: u64, cost_usd: f64) -> TokenUse {
        TokenUse {
            tokens_in: Some(tokens_in),
            tokens_out: Some(tokens_out),
            cost_usd: Some(cost_usd),
        }
    }

    const PATHS: &str =
        r#""tokens_in": ["u.in", "u.cached"], "tokens_out": ["u.out"], "cost_usd": ["cost"]"#;

    #[test]
    fn the_last_document_that_holds_something_counts() {
        let rule = rule(&format!(r#"{{"json": "last", {PATHS}}}"#));
        for printed in [
            "{\"u\":{\"in\":1,\"cached\":2,\"out\":4},\"cost\":0.5}",
            "hello\n{\"u\":{\"in\":9},\"cost\":9}\n{\"u\":{\"in\":3,\"out\":4},\"cost\":0.5}\n{\"type\":\"end\"}\nbye\n",
            "{ not json\n{\n  \"u\": {\n    \"in\": 3,\n    \"out\": 4\n  },\n  \"cost\": 0.5\n}\n",
        ] {
            assert_eq!(rule.read(printed, true), used(3, 4, 0.5), "{printed}");
            assert_eq!(rule.read(printed, false), used(3, 4, 0.5), "{printed}");
        }
        for printed in [
            "",
            "{",
            "[1]",
            "{\"u\":{\"in\":-1,\"out\":\"x\"}}",
            "{\"u\":3}",
        ] {
            assert!(rule.read(printed, true).is_unknown(), "{printed}");
        }
    }

    #[test]
    fn each_document_is_summed_when_all_of_them_are_there() {
        let rule = rule(&format!(r#"{{"json": "each", {PATHS}}}"#));
        let printed = "{\"u\":{\"in\":1,\"out\":1},\"cost\":0.25}\n{}\n{\"u\":{\"in\":2,\"out\":3},\"cost\":0.25}\n";
        assert_eq!(rule.read(printed, true), used(3, 4, 0.5));
        assert!(rule.read(printed, false).is_unknown());
        let only = rule.read("{\"cost\":0}", true);
        assert_eq!((only.tokens_in, only.cost_usd), (None, Some(0.0)));
    }

    #[test]
    fn a_star_stands_for_every_member() {
        let rule = rule(r#"{"json": "last", "tokens_in": ["m.*.t.0"]}"#);
        let printed = r#"{"m": {"a.1": {"t": [2]}, "b": {"t": [3]}, "c": 1}}"#;
        assert_eq!(rule.read(printed, true).tokens_in, Some(5));
    }

    #[test]
    fn matches_of_an_expression_are_summed() {
        let rule =
            rule(r#"{"regex": "(?P<tokens_in>[0-9.,]+[kM]?) in, \\$(?P<cost_usd>[0-9.]+)"}"#);
        let found = rule.read("1.5k in, $0.25\n1,000 in, $0.5\n2M in, $.\n", true);
        assert_eq!(found.tokens_in, Some(2_002_500));
        assert_eq!((found.tokens_out, found.cost_usd), (None, Some(0.75)));
        assert!(rule.read("1 in, $1", false).is_unknown());
    }

    #[test]
    fn rules_that_cannot_be_meant_are_refused() {
        for bad in [
            "{}",
            r#"{"json": "last"}"#,
            r#"{"json": "first", "cost_usd": ["a"]}"#,
            r#"{"json": "last", "cost_usd": ["a..b"]}"#,
            r#"{"json": "last", "regex": "(?P<cost_usd>1)", "cost_usd": ["a"]}"#,
            r#"{"regex": "(?P<cost_usd>1)", "cost_usd": ["a"]}"#,
            r#"{"regex": "(1)"}"#,
            r#"{"regex": "(?P<cost_usd>1"}"#,
            r#"{"json": "last", "cost": ["a"]}"#,
        ] {
            assert!(serde_json::from_str::<UsageRule>(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_output_makes_it_panic(printed in "(?s)[{}\\[\\]\":,0-9a-z\n ]{0,200}") {
            let rule = rule(&format!(r#"{{"json": "each", {PATHS}}}"#));
            let _ = rule.read(&printed, true);
        }
    }
}
