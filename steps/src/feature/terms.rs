//! How a scenario is to be run, as its tags say: `@serial`, `@retry(2)`, `@timeout(5s)` and the like.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mistake::{Fault, quoted};
use super::tags::Tag;
use super::words::nearest;

/// The most times that a failed scenario may be tried again.
pub const RETRIES_MAX: u32 = 5;

/// The shortest time that a scenario may be given.
pub const TIMEOUT_MIN: Duration = Duration::from_millis(1);

/// The longest time that a scenario may be given.
pub const TIMEOUT_MAX: Duration = Duration::from_hours(1);

/// The tags that take a value, with what it may be.
const FORMS: [(&str, &str); 6] = [
    ("retry", "`@retry(2)`: how often a failed scenario is tried again, from 1 to 5"),
    ("timeout", "`@timeout(5s)`: how long the scenario may take, from 1ms to 1h"),
    ("allow", "`@allow(inconclusive)`: nothing else can be allowed"),
    ("owner", "`@owner(storage)`: the team that looks after the scenario"),
    ("model", "`@model(off)`: the model does not judge the answers; `@model(on)` takes that back"),
    ("api", "`@api(kv)`: the API whose steps the scenario uses"),
];

/// How a scenario is to be run. What no tag says is as [`Terms::default`] has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// `@serial`: nothing else runs at the same time.
    pub serial: bool,
    /// `@retry(n)`: how often it is tried again once it has failed; 0 where no tag says so.
    pub retries: u32,
    /// `@timeout(2s)`: how long it may take.
    pub timeout: Option<Duration>,
    /// `@allow(inconclusive)`: that nothing can be said is no failure.
    pub allow_inconclusive: bool,
    /// `@owner(team)`: who looks after it.
    pub owner: Option<String>,
    /// `@model(off)`: the model does not judge its answers.
    pub model_off: bool,
    /// `@api(name)`: whose steps it uses.
    pub api: Option<String>,
}

/// One thing that a tag says.
#[derive(Debug, Clone, PartialEq)]
enum Term {
    Serial,
    Retry(u32),
    Timeout(Duration),
    AllowInconclusive,
    Owner(String),
    ModelOff(bool),
    Api(String),
}

impl Terms {
    /// The terms that the tags of these levels say, from the feature's to the examples': the later ones overrule.
    pub(crate) fn of<'a>(levels: impl IntoIterator<Item = &'a [Tag]>) -> Result<Self, Fault> {
        let mut terms = Self::default();
        for level in levels {
            let mut said: Vec<Term> = Vec::new();
            for tag in level {
                let Some(term) = term(tag)? else { continue };
                if said
                    .iter()
                    .any(|other| *other != term && std::mem::discriminant(other) == std::mem::discriminant(&term))
                {
                    let word = tag.name.split('(').next().unwrap_or_default();
                    let help = "take one of them away; what a scenario says overrules its feature";
                    return Err(Fault::new(tag.span.clone(), format!("`@{word}` says two things here"), help));
                }
                terms.take(term.clone());
                said.push(term);
            }
        }
        Ok(terms)
    }

    fn take(&mut self, term: Term) {
        match term {
            Term::Serial => self.serial = true,
            Term::Retry(count) => self.retries = count,
            Term::Timeout(duration) => self.timeout = Some(duration),
            Term::AllowInconclusive => self.allow_inconclusive = true,
            Term::Owner(owner) => self.owner = Some(owner),
            Term::ModelOff(off) => self.model_off = off,
            Term::Api(name) => self.api = Some(name),
        }
    }
}

/// What a tag says; nothing where it is free for everybody's own use.
fn term(tag: &Tag) -> Result<Option<Term>, Fault> {
    let Some((word, rest)) = tag.name.split_once('(') else { return plain(tag) };
    let Some(value) = rest.strip_suffix(')').filter(|value| !value.contains(['(', ')'])) else {
        let help = format!("write `@{word}(value)`, without blanks");
        let message = format!("expected `)` at the end of {}, and only there", quoted(&format!("@{}", tag.name)));
        return Err(Fault::new(tag.span.clone(), message, help));
    };
    let term = match word {
        "retry" => value.parse().ok().filter(|count| (1..=RETRIES_MAX).contains(count)).map(Term::Retry),
        "timeout" => duration(value).map(Term::Timeout),
        "allow" => (value == "inconclusive").then_some(Term::AllowInconclusive),
        "owner" => (!value.is_empty()).then(|| Term::Owner(value.to_owned())),
        "model" => ["on", "off"].contains(&value).then_some(Term::ModelOff(value == "off")),
        "api" => (!value.is_empty()).then(|| Term::Api(value.to_owned())),
        _ => return Err(unknown(tag, word)),
    };
    term.map(Some).ok_or_else(|| wrong_value(tag, word, value))
}

fn plain(tag: &Tag) -> Result<Option<Term>, Fault> {
    let form = FORMS.iter().find(|(word, _)| *word == tag.name);
    match form {
        _ if tag.name == "serial" => Ok(Some(Term::Serial)),
        Some((word, form)) => {
            Err(Fault::new(tag.span.clone(), format!("expected a value behind `@{word}`"), format!("write {form}")))
        }
        None => Ok(None),
    }
}

fn duration(value: &str) -> Option<Duration> {
    humantime::parse_duration(value).ok().filter(|duration| (TIMEOUT_MIN..=TIMEOUT_MAX).contains(duration))
}

fn wrong_value(tag: &Tag, word: &str, value: &str) -> Fault {
    let form = FORMS.iter().find(|(other, _)| *other == word).map_or("", |(_, form)| form);
    Fault::new(tag.span.clone(), format!("`@{word}` cannot be {}", quoted(value)), format!("write {form}"))
}

fn unknown(tag: &Tag, word: &str) -> Fault {
    let known = FORMS.iter().map(|(word, _)| *word);
    let help = match nearest(word, known.clone()) {
        Some(meant) => format!("did you mean `@{meant}(…)`?"),
        None if word == "serial" => "write `@serial`: it takes no value".to_owned(),
        None => {
            let known: Vec<String> = known.map(|word| format!("`@{word}`")).collect();
            format!("{} take a value; a tag of your own has none: `@smoke`", known.join(", "))
        }
    };
    Fault::new(tag.span.clone(), format!("unknown tag {}", quoted(&format!("@{}", tag.name))), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(names: &[&str]) -> Vec<Tag> {
        names.iter().map(|name| Tag { name: (*name).to_owned(), span: 0..1 }).collect()
    }

    #[test]
    fn every_term_is_read() {
        let tags = level(&[
            "smoke",
            "serial",
            "retry(5)",
            "timeout(1m30s)",
            "allow(inconclusive)",
            "owner(storage/eu)",
            "model(off)",
            "api(kv)",
        ]);
        let expected = Terms {
            serial: true,
            retries: 5,
            timeout: Some(Duration::from_secs(90)),
            allow_inconclusive: true,
            owner: Some("storage/eu".to_owned()),
            model_off: true,
            api: Some("kv".to_owned()),
        };
        assert_eq!(Terms::of([tags.as_slice()]), Ok(expected));
    }

    #[test]
    fn a_later_level_overrules() {
        let (feature, scenario) = (level(&["retry(1)", "model(off)", "owner(a)"]), level(&["retry(3)", "model(on)"]));
        let terms = Terms::of([feature.as_slice(), &scenario]).expect("good tags");
        assert_eq!((terms.retries, terms.model_off, terms.owner.as_deref()), (3, false, Some("a")));
    }

    #[test]
    fn tags_of_ones_own_are_free() {
        assert_eq!(Terms::of([level(&["smoke", "JIRA-17", "slow!"]).as_slice()]), Ok(Terms::default()));
    }

    #[test]
    fn what_a_tag_cannot_say_is_refused() {
        let table: &[(&[&str], &str)] = &[
            (&["retry(x)"], "`@retry` cannot be `x`"),
            (&["retry(0)"], "`@retry` cannot be `0`"),
            (&["retry(6)"], "`@retry` cannot be `6`"),
            (&["retry()"], "`@retry` cannot be ``"),
            (&["retry"], "expected a value behind `@retry`"),
            (&["timeout(0s)"], "`@timeout` cannot be `0s`"),
            (&["timeout(2)"], "`@timeout` cannot be `2`"),
            (&["timeout(2h)"], "`@timeout` cannot be `2h`"),
            (&["allow(failure)"], "`@allow` cannot be `failure`"),
            (&["owner()"], "`@owner` cannot be ``"),
            (&["model(maybe)"], "`@model` cannot be `maybe`"),
            (&["serial(1)"], "unknown tag `@serial(1)`"),
            (&["retries(3)"], "unknown tag `@retries(3)`"),
            (&["timeout(2"], "expected `)` at the end of `@timeout(2`, and only there"),
            (&["timeout(2s)x"], "expected `)` at the end of `@timeout(2s)x`, and only there"),
            (&["retry(1)", "retry(2)"], "`@retry` says two things here"),
        ];
        for (names, expected) in table {
            let message = Terms::of([level(names).as_slice()]).map_err(|fault| fault.message);
            assert_eq!(message, Err((*expected).to_owned()), "{names:?}");
        }
    }

    #[test]
    fn a_value_that_is_said_twice_is_said() {
        assert_eq!(Terms::of([level(&["retry(2)", "retry(2)"]).as_slice()]).map(|terms| terms.retries), Ok(2));
    }
}
