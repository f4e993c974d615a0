//! Reads constraints. As in PICT no word needs a space around it: `IF[A]=1THEN[B]=2;` is fine.

use super::CONSTRAINTS_MAX;
use super::lines::Line;
use super::mistake::Mistake;
use super::syntax::{Condition, Constant, ConstantKind, Name, Other, Place, Relation, Statement, Term};
use super::text::{is_space, number_prefix};

/// How deep brackets and NOT may be nested.
pub const NESTING_MAX: usize = 100;

const CONDITION: &str = "a condition is [parameter] and a relation, or starts with NOT, (, IsNegative( or IsPositive(";
const VALUE: &str = "a value is a number, or a text in quotes: \"value\"";

/// Reads every constraint in some lines of a text.
pub(super) fn read(text: &str, lines: &[Line<'_>]) -> Result<Vec<Statement>, Mistake> {
    let kept = only(text, lines);
    let mut parser = Parser { text, kept: &kept, at: 0 };
    let mut statements = Vec::new();
    while !parser.is_at_end() {
        if statements.len() == CONSTRAINTS_MAX {
            return Err(parser.wrong(format!("there are more than {CONSTRAINTS_MAX} constraints"), "leave some out"));
        }
        statements.push(parser.statement()?);
    }
    Ok(statements)
}

/// The text with nothing but these lines: white space stands for everything else, so that places stay as they are.
fn only(text: &str, lines: &[Line<'_>]) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in lines {
        let skipped = &text.as_bytes()[kept.len()..line.start];
        kept.extend(skipped.iter().map(|byte| if *byte == b'\n' { '\n' } else { ' ' }));
        kept.push_str(line.text);
    }
    kept
}

struct Parser<'t> {
    text: &'t str,
    kept: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn statement(&mut self) -> Result<Statement, Mistake> {
        self.skip();
        let start = self.at;
        let mut condition = None;
        if self.takes("IF") {
            condition = Some(self.any(0)?);
            if !self.takes("THEN") {
                return Err(self.wrong("THEN is missing", "expected AND, OR or THEN"));
            }
        }
        let then = self.any(0)?;
        let otherwise = if condition.is_some() && self.takes("ELSE") { Some(self.any(0)?) } else { None };
        let end = self.at;
        if !self.takes(";") {
            let may_else = condition.is_some() && otherwise.is_none();
            let remedy = if may_else { "expected AND, OR, ELSE or ;" } else { "expected AND, OR or ;" };
            return Err(self.wrong("the constraint does not end here", remedy));
        }
        Ok(Statement { place: start..end + 1, condition, then, otherwise })
    }

    fn any(&mut self, depth: usize) -> Result<Condition, Mistake> {
        let mut all = vec![self.all(depth)?];
        while self.takes("OR") {
            all.push(self.all(depth)?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Condition::Any(all) })
    }

    fn all(&mut self, depth: usize) -> Result<Condition, Mistake> {
        let mut all = vec![self.condition(depth)?];
        while self.takes("AND") {
            all.push(self.condition(depth)?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Condition::All(all) })
    }

    fn condition(&mut self, depth: usize) -> Result<Condition, Mistake> {
        if depth > NESTING_MAX {
            let message = format!("brackets and NOT are nested more than {NESTING_MAX} deep");
            return Err(self.wrong(message, "write it as several constraints"));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") {
                Ok(inner)
            } else {
                Err(self.wrong("a bracket is open", "expected AND, OR or )"))
            };
        }
        if self.takes("NOT") {
            return Ok(Condition::Not(Box::new(self.condition(depth + 1)?)));
        }
        match () {
            () if self.takes("ISNEGATIVE") => self.sign(true),
            () if self.takes("ISPOSITIVE") => self.sign(false),
            () => self.term(),
        }
    }

    fn sign(&mut self, negative: bool) -> Result<Condition, Mistake> {
        if !self.takes("(") {
            return Err(self.wrong("a bracket is missing", "expected ( and the name of a parameter"));
        }
        self.skip();
        let mut name = self.until(')', "the name that begins here has no )")?;
        let trimmed = name.text.trim_matches(is_space);
        let inner = trimmed.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(trimmed);
        name = Name { text: inner.to_owned(), ..name };
        Ok(Condition::Sign { name: Some(name).filter(|name| !name.text.is_empty()), negative })
    }

    fn term(&mut self) -> Result<Condition, Mistake> {
        if !self.sees("[") {
            return Err(self.no_condition());
        }
        let start = self.at;
        let parameter = self.name()?;
        let relation = self.relation()?;
        let other = match relation {
            Relation::In | Relation::NotIn => Other::Values(self.values()?),
            _ if self.sees("[") => Other::Parameter(self.name()?),
            _ => Other::Value(self.value()?),
        };
        Ok(Condition::Term(Box::new(Term { place: start..self.at, parameter, relation, other })))
    }

    /// What stands where a condition is expected may belong to another part of the model.
    fn no_condition(&mut self) -> Mistake {
        let line = self.kept[self.at..].lines().next().unwrap_or_default();
        let remedy = match () {
            () if line.starts_with('{') => "sub-models stand before the first constraint",
            () if line.contains(':') && !line.contains('[') => "parameters stand before the first constraint",
            () => CONDITION,
        };
        self.wrong("no condition stands here", remedy)
    }

    fn name(&mut self) -> Result<Name, Mistake> {
        self.takes("[");
        self.until(']', "the name that begins here has no ]")
    }

    fn relation(&mut self) -> Result<Relation, Mistake> {
        let known = [
            ("=", Relation::Equal),
            ("<>", Relation::Unequal),
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            (">", Relation::Above),
            ("<", Relation::Below),
            ("IN", Relation::In),
            ("LIKE", Relation::Like),
        ];
        if let Some((_, relation)) = known.iter().find(|(word, _)| self.takes(word)) {
            return Ok(*relation);
        }
        let is_negated = self.takes("NOT");
        match () {
            () if is_negated && self.takes("IN") => Ok(Relation::NotIn),
            () if is_negated && self.takes("LIKE") => Ok(Relation::NotLike),
            () if is_negated => Err(self.wrong("no relation stands here", "expected IN or LIKE")),
            () => {
                let remedy = "expected =, <>, <, <=, >, >=, IN, LIKE, NOT IN or NOT LIKE";
                Err(self.wrong("no relation stands here", remedy))
            }
        }
    }

    fn values(&mut self) -> Result<Vec<Constant>, Mistake> {
        if !self.takes("{") {
            return Err(
                self.wrong("no set of values stands here", "a set of values looks like {1, 2} or {\"a\", \"b\"}")
            );
        }
        let mut values = vec![self.value()?];
        while self.takes(",") {
            values.push(self.value()?);
        }
        if self.takes("}") {
            Ok(values)
        } else {
            Err(self.wrong("the set of values does not end here", "expected , or }"))
        }
    }

    fn value(&mut self) -> Result<Constant, Mistake> {
        self.skip();
        let start = self.at;
        if self.takes("\"") {
            let text = self.until('"', "the text that begins here has no \" at its end")?.text;
            return Ok(Constant { place: start..self.at, kind: ConstantKind::Text(text) });
        }
        let Some((number, length)) = number_prefix(&self.kept[start..]) else {
            return Err(self.wrong("no value stands here", VALUE));
        };
        self.at += length;
        Ok(Constant { place: start..self.at, kind: ConstantKind::Number(number) })
    }

    /// The text up to a character in the same line, and goes behind it. `\` makes `"`, `]` and `\` part of the text.
    fn until(&mut self, end: char, message: &str) -> Result<Name, Mistake> {
        let (start, mut text) = (self.at, String::new());
        let mut characters = self.kept[start..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                // PICT lets the bracket of a function stand in a line of its own.
                '\n' if end == ')' && self.kept[start + at..].trim_start().starts_with(')') => {}
                '\n' => break,
                '\\' => {
                    let Some((_, escaped @ ('\\' | '"' | ']'))) = characters.next() else {
                        let place = start + at..start + at + 1;
                        let message = "nothing that \\ could escape follows it";
                        return Err(Mistake::new(self.text, place, message, "after \\ stands \\, \" or ]"));
                    };
                    text.push(escaped);
                }
                character if character == end => {
                    self.at = start + at + 1;
                    return Ok(Name { place: start..start + at, text });
                }
                character => text.push(character),
            }
        }
        Err(Mistake::new(
            self.text,
            start.saturating_sub(1)..start,
            message,
            format!("expected {end} in the same line"),
        ))
    }

    fn skip(&mut self) {
        let rest = &self.kept[self.at..];
        self.at += rest.len() - rest.trim_start_matches(|own: char| is_space(own) || own.is_control()).len();
    }

    fn is_at_end(&mut self) -> bool {
        self.skip();
        self.at == self.kept.len()
    }

    /// Whether a word comes next, in any case.
    fn sees(&mut self, word: &str) -> bool {
        self.skip();
        self.kept.as_bytes()[self.at..].get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Goes behind a word, where it comes next.
    fn takes(&mut self, word: &str) -> bool {
        let sees = self.sees(word);
        if sees {
            self.at += word.len();
        }
        sees
    }

    /// A mistake at what comes next.
    fn wrong(&mut self, message: impl Into<String>, remedy: &str) -> Mistake {
        self.skip();
        Mistake::new(self.text, self.next_word(), message, remedy)
    }

    /// Where the next word, or the next character that belongs to none, stands.
    fn next_word(&self) -> Place {
        let rest = &self.kept[self.at..];
        if rest.is_empty() {
            // Behind the last word, as nobody looks for a mistake in the empty lines below it.
            let end = self.kept.trim_end().len();
            return end..end;
        }
        let length =
            rest.chars().take_while(|own| own.is_alphanumeric() || *own == '_').map(char::len_utf8).sum::<usize>();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        self.at..self.at + length.max(first)
    }
}
