//! What a contestant must keep to: `tests_failed == 0`, `size_kb < 500`.

use std::fmt;
use std::str::FromStr;

use crate::domain::diagnostic::{Code, Diagnostic};
use crate::domain::id::serde_as_text;
use crate::domain::metric::MetricName;

/// How a metric is held against a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Operator {
    /// The longer ones first, so that `<=` is not read as `<`.
    const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::AtMost,
        Self::AtLeast,
        Self::Less,
        Self::Greater,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    fn holds(self, value: f64, limit: f64) -> bool {
        // Metrics are compared as they are printed: 0.1 is 0.1, and 0.30000000000000004 is not 0.3.
        let order = (value + 0.0).total_cmp(&(limit + 0.0));
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A metric, an operator and a finite number.
///
/// The metric stands as it is (`stats.p50`, `p50-ms`), or in single or double quotes where it
/// holds a quote or a part of an operator; in quotes a backslash stands before a quote or a
/// backslash that is meant as such.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    metric: MetricName,
    operator: Operator,
    limit: f64,
}

/// A requirement that is not kept to.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The requirement.
    pub requirement: Requirement,
    /// What was found; `None` when the metric is missing.
    pub found: Option<f64>,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Requirement { metric, .. } = &self.requirement;
        match self.found {
            Some(found) => write!(f, "{metric} is {found}, required is {}", self.requirement),
            None => write!(f, "{metric} is missing, required is {}", self.requirement),
        }
    }
}

impl Requirement {
    /// The metric that is looked for.
    #[must_use]
    pub fn metric(&self) -> &MetricName {
        &self.metric
    }

    /// How it is held against the number.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The number.
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// Holds a value of the metric against the number. A metric that is missing, or that is
    /// no number, is a miss, whatever the operator.
    ///
    /// # Errors
    /// The miss, with the value.
    pub fn check(&self, found: Option<f64>) -> Result<(), Miss> {
        match found {
            Some(value) if !value.is_nan() && self.operator.holds(value, self.limit) => Ok(()),
            found => Err(Miss {
                requirement: self.clone(),
                found,
            }),
        }
    }
}

/// A text that is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a requirement: {why}")]
pub struct BadRequirement {
    /// As it came in.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl Diagnostic for BadRequirement {
    fn code(&self) -> Code {
        Code::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(
            "a requirement is a metric, one of == != < <= > >=, and a number, in quotes for \
             the shell: 'tests_failed == 0', 'size_kb < 500'"
                .into(),
        )
    }
}

/// What operators are made of, and so no part of a metric without quotes.
const MARKS: [char; 4] = ['=', '!', '<', '>'];
const QUOTES: [char; 2] = ['"', '\''];

impl FromStr for Requirement {
    type Err = BadRequirement;

    fn from_str(s: &str) -> Result<Self, BadRequirement> {
        let bad = |why: String| BadRequirement {
            text: s.to_owned(),
            why,
        };
        let (metric, rest) = split_metric(s.trim()).map_err(bad)?;
        let metric = metric
            .parse::<MetricName>()
            .map_err(|error| bad(format!("its metric is wrong: {}", error.why)))?;
        let (operator, limit) = split_operator(rest).map_err(bad)?;
        Ok(Self {
            metric,
            operator,
            limit: read_limit(limit).map_err(bad)?,
        })
    }
}

/// The metric without its quotes, and what follows it without white space around.
fn split_metric(text: &str) -> Result<(String, &str), String> {
    let Some(quote) = text.chars().next().filter(|c| QUOTES.contains(c)) else {
        let end = text.find(MARKS).unwrap_or(text.len());
        let (metric, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return match metric.trim_end() {
            "" => Err("it has no metric".to_owned()),
            metric => Ok((metric.to_owned(), rest)),
        };
    };
    let mut metric = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let rest = text.get(at + 1..).unwrap_or_default();
            return Ok((metric, rest.trim_start()));
        }
        metric.push(match c {
            '\\' => chars.next().map_or(c, |(_, escaped)| escaped),
            c => c,
        });
    }
    Err(format!("the {quote} before its metric is not closed"))
}

/// The operator and what follows it without white space around.
fn split_operator(rest: &str) -> Result<(Operator, &str), String> {
    let end = rest.find(|c| !MARKS.contains(&c)).unwrap_or(rest.len());
    let (marks, limit) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let operator = Operator::ALL.into_iter().find(|o| o.as_str() == marks);
    match (operator, marks) {
        (Some(operator), _) => Ok((operator, limit.trim())),
        (None, "") if rest.is_empty() => Err("it has no operator".to_owned()),
        (None, "") => Err(format!("an operator is missing before {rest:?}")),
        (None, "=" | "===") => Err(format!("{marks} is no operator; equal is ==")),
        (None, "=<") => Err("=< is no operator; at most is <=".to_owned()),
        (None, "=>") => Err("=> is no operator; at least is >=".to_owned()),
        (None, "<>" | "!" | "!==") => Err(format!("{marks} is no operator; not equal is !=")),
        (None, marks) => Err(format!("{marks} is no operator")),
    }
}

fn read_limit(text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Err("it has no number".to_owned());
    }
    match text.parse::<f64>() {
        Ok(limit) if limit.is_finite() => Ok(limit + 0.0),
        Ok(_) => Err(format!("{text} is not a finite number")),
        Err(_) => Err(format!(
            "{text:?} is not a number; write it as 1234.5, without a unit"
        )),
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = self.metric.as_str();
        if metric.contains(MARKS) || metric.starts_with(QUOTES) {
            let escaped = metric.replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "\"{escaped}\"")?;
        } else {
            f.write_str(metric)?;
        }
        write!(f, " {} {}", self.operator, self.limit)
    }
}

serde_as_text!(Requirement);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn requirement(text: &str) -> Requirement {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_read() {
        for (text, shown) in [
            ("tests_failed == 0", "tests_failed == 0"),
            ("tests_failed==0", "tests_failed == 0"),
            ("  size_kb<500 ", "size_kb < 500"),
            ("a<=-1.5", "a <= -1.5"),
            ("a >= 1e3", "a >= 1000"),
            ("a > +.5", "a > 0.5"),
            ("a != -0", "a != 0"),
            ("stats.runs.0.p50-ms < 1", "stats.runs.0.p50-ms < 1"),
            ("p50 ms < 1", "p50 ms < 1"),
            ("it's < 1", "it's < 1"),
            ("'a b' < 1", "a b < 1"),
            ("\"a<b\" < 1", "\"a<b\" < 1"),
            (r#"'say "hi" =' == 1"#, r#""say \"hi\" =" == 1"#),
            (r"'a\'=\\' < 1", r#""a'=\\" < 1"#),
        ] {
            assert_eq!(requirement(text).to_string(), shown, "{text}");
            assert_eq!(requirement(shown), requirement(text), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "it has no metric"),
            ("== 0", "it has no metric"),
            ("'' == 0", "its metric is wrong: it is empty"),
            ("a", "it has no operator"),
            ("a 0", "it has no operator"),
            ("'a' 0", "an operator is missing before \"0\""),
            ("'a == 0", "the ' before its metric is not closed"),
            ("a = 0", "= is no operator; equal is =="),
            ("a === 0", "=== is no operator; equal is =="),
            ("a =< 0", "=< is no operator; at most is <="),
            ("a => 0", "=> is no operator; at least is >="),
            ("a <> 0", "<> is no operator; not equal is !="),
            ("a >> 0", ">> is no operator"),
            ("a <", "it has no number"),
            ("a < NaN", "NaN is not a finite number"),
            ("a < inf", "inf is not a finite number"),
            ("a < 1e999", "1e999 is not a finite number"),
            (
                "a < 5kb",
                "\"5kb\" is not a number; write it as 1234.5, without a unit",
            ),
            (
                "a < 1,5",
                "\"1,5\" is not a number; write it as 1234.5, without a unit",
            ),
            (
                "0 < a < 1",
                "\"a < 1\" is not a number; write it as 1234.5, without a unit",
            ),
        ] {
            let error = text.parse::<Requirement>().unwrap_err();
            assert_eq!(error.why, why, "{text}");
            assert_eq!(error.code(), Code::Usage);
        }
    }

    #[test]
    fn what_is_kept_to() {
        for (text, kept, missed) in [
            ("a == 1", &[1.0][..], &[0.9, 1.1][..]),
            ("a != 1", &[0.9, 1.1], &[1.0]),
            ("a < 1", &[0.9, -5.0], &[1.0, 1.1]),
            ("a <= 1", &[0.9, 1.0], &[1.1]),
            ("a > 1", &[1.1], &[1.0, 0.9]),
            ("a >= 1", &[1.0, 1.1], &[0.9]),
            ("a == 0", &[0.0, -0.0], &[1e-300]),
            ("a >= 0", &[-0.0], &[-1e-300]),
        ] {
            let requirement = requirement(text);
            for value in kept {
                assert_eq!(requirement.check(Some(*value)), Ok(()), "{text}: {value}");
            }
            for value in missed.iter().chain([&f64::NAN]) {
                assert!(requirement.check(Some(*value)).is_err(), "{text}: {value}");
            }
            assert!(requirement.check(None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_miss_shows_the_value() {
        let miss = |found| {
            requirement("size_kb < 500")
                .check(found)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            miss(Some(612.5)),
            "size_kb is 612.5, required is size_kb < 500"
        );
        assert_eq!(miss(None), "size_kb is missing, required is size_kb < 500");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(metric in "[^\\pC]{1,30}", operator in 0usize..6, limit in proptest::num::f64::NORMAL) {
            prop_assume!(metric.parse::<MetricName>().is_ok());
            let written = Requirement {
                metric: metric.parse().unwrap(),
                operator: Operator::ALL[operator],
                limit,
            };
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            if let Ok(read) = text.parse::<Requirement>() {
                prop_assert!(read.limit.is_finite());
            }
        }
    }
}
