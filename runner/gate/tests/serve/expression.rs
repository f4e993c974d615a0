//! As much of expr-lang as the published conditions use: `result`, texts, lists, `==`, `!=`, `in`, `&&`, `||`, `!` and
//! parentheses, with its precedence. Anything else is refused, so that no condition is judged that is not understood.

use serde_json::Value;

/// What a condition says of `result`.
///
/// # Errors
/// Where the condition has anything that is not understood here, or is not a question.
pub(crate) fn holds(condition: &str, result: &Value) -> Result<bool, String> {
    let mut reader = Reader { words: words(condition)?, at: 0, result };
    let said = reader.either()?;
    match (reader.next(), said) {
        (None, Value::Bool(said)) => Ok(said),
        (None, other) => Err(format!("expected bool, but got {other}")),
        (Some(word), _) => Err(format!("unexpected {word:?}")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Sign(&'static str),
    Name(String),
    Text(String),
}

fn words(condition: &str) -> Result<Vec<Word>, String> {
    const SIGNS: [&str; 10] = ["==", "!=", "&&", "||", "!", "(", ")", "[", "]", ","];
    let (mut words, mut rest) = (Vec::new(), condition.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            words.push(Word::Sign(sign));
            sign.len()
        } else if let '"' | '\'' = first {
            let end = rest[1..].find(first).ok_or("a text without an end")? + 1;
            let text = &rest[1..end];
            if text.contains('\\') {
                return Err("escapes are not understood".to_owned());
            }
            words.push(Word::Text(text.to_owned()));
            end + 1
        } else if first.is_ascii_alphabetic() {
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
            words.push(Word::Name(rest[..end].to_owned()));
            end
        } else {
            return Err(format!("{first:?} is not understood"));
        };
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

struct Reader<'a> {
    words: Vec<Word>,
    at: usize,
    result: &'a Value,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Word> {
        self.at += 1;
        self.words.get(self.at - 1).cloned()
    }

    fn takes(&mut self, word: &Word) -> bool {
        let takes = self.words.get(self.at) == Some(word);
        self.at += usize::from(takes);
        takes
    }

    fn either(&mut self) -> Result<Value, String> {
        let mut said = self.both()?;
        while self.takes(&Word::Sign("||")) {
            let other = self.both()?;
            said = Value::Bool(boolean(&said)? || boolean(&other)?);
        }
        Ok(said)
    }

    fn both(&mut self) -> Result<Value, String> {
        let mut said = self.compared()?;
        while self.takes(&Word::Sign("&&")) {
            let other = self.compared()?;
            said = Value::Bool(boolean(&said)? && boolean(&other)?);
        }
        Ok(said)
    }

    fn compared(&mut self) -> Result<Value, String> {
        let left = self.operand()?;
        if self.takes(&Word::Sign("==")) {
            return Ok(Value::Bool(left == self.operand()?));
        }
        if self.takes(&Word::Sign("!=")) {
            return Ok(Value::Bool(left != self.operand()?));
        }
        if self.takes(&Word::Name("in".to_owned())) {
            let list = self.operand()?;
            let list = list.as_array().ok_or("what is behind in has to be a list")?;
            return Ok(Value::Bool(list.contains(&left)));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Value, String> {
        match self.next().ok_or("the condition ends too early")? {
            Word::Sign("!") => Ok(Value::Bool(!boolean(&self.operand()?)?)),
            Word::Sign("(") => {
                let said = self.either()?;
                if self.takes(&Word::Sign(")")) { Ok(said) } else { Err("a parenthesis is open".to_owned()) }
            }
            Word::Sign("[") => self.list(),
            Word::Text(text) => Ok(Value::String(text)),
            Word::Name(name) if name == "result" => Ok(self.result.clone()),
            Word::Name(name) if name == "true" => Ok(Value::Bool(true)),
            Word::Name(name) if name == "false" => Ok(Value::Bool(false)),
            word => Err(format!("unexpected {word:?}")),
        }
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            items.push(self.operand()?);
            if self.takes(&Word::Sign("]")) {
                return Ok(Value::Array(items));
            }
            if !self.takes(&Word::Sign(",")) {
                return Err("a list without an end".to_owned());
            }
        }
    }
}

fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("expected bool, but got {value}"))
}

#[test]
fn conditions_are_read_as_they_are_meant() {
    for (condition, result, wanted) in [
        ("result == \"pass\"", "pass", Some(true)),
        ("result == 'pass' || result == \"overridden\"", "overridden", Some(true)),
        ("result == 'pass' || result == \"overridden\"", "running", Some(false)),
        ("result in [\"pass\", \"overridden\"]", "overridden", Some(true)),
        ("result in [\"pass\", \"overridden\"]", "fail", Some(false)),
        ("!(result == \"fail\") && result != \"x\"", "pass", Some(true)),
        ("result == \"a\" || result == \"b\" && result == \"c\"", "a", Some(true)),
        ("false", "pass", Some(false)),
        ("result", "pass", None),
        ("result = \"pass\"", "pass", None),
        ("result == \"pass\" result", "pass", None),
        ("verdict == \"pass\"", "pass", None),
        ("result == \"pass", "pass", None),
        ("", "pass", None),
    ] {
        assert_eq!(holds(condition, &Value::from(result)).ok(), wanted, "{condition} of {result}");
    }
}
