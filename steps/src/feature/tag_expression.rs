//! Which scenarios: `@smoke and not (@slow or @owner(storage))`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::mistake::{Fault, Mistake, quoted};

/// The longest expression, in bytes.
pub const TAG_EXPRESSION_BYTES_MAX: usize = 4_096;

/// How deep parentheses and `not` may be nested.
pub const TAG_EXPRESSION_DEPTH_MAX: usize = 64;

/// What stands for the path in a mistake: an expression comes from no file.
const PATH: &str = "tag expression";

/// A choice of scenarios by their tags. `not` binds strongest, `or` weakest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagExpression {
    text: String,
    tree: Tree,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tree {
    Tag(String),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

impl TagExpression {
    /// Whether a scenario with these tags (without `@`) is meant.
    pub fn matches(&self, tags: &[String]) -> bool {
        self.tree.matches(tags)
    }
}

impl fmt::Display for TagExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for TagExpression {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        let tree = Parser::parse(text).map_err(|fault| fault.in_text(PATH, &Arc::from(text)))?;
        Ok(Self { text: text.to_owned(), tree })
    }
}

impl Tree {
    fn matches(&self, tags: &[String]) -> bool {
        match self {
            Self::Tag(name) => tags.contains(name),
            Self::Not(tree) => !tree.matches(tags),
            Self::All(trees) => trees.iter().all(|tree| tree.matches(tags)),
            Self::Any(trees) => trees.iter().any(|tree| tree.matches(tags)),
        }
    }
}

/// One word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    And,
    Or,
    Not,
    Tag(String),
}

struct Parser {
    words: Vec<(Word, Range<usize>)>,
    next: usize,
    depth: usize,
    end: usize,
}

impl Parser {
    fn parse(text: &str) -> Result<Tree, Fault> {
        if text.len() > TAG_EXPRESSION_BYTES_MAX {
            let message = format!("the expression is longer than {TAG_EXPRESSION_BYTES_MAX} bytes");
            return Err(Fault::new(0..1, message, "give the scenarios a tag of their own, and ask for that"));
        }
        let mut parser = Self { words: words(text)?, next: 0, depth: 0, end: text.trim_end().len() };
        let tree = parser.any()?;
        match parser.peek() {
            None => Ok(tree),
            Some(Word::Close) => Err(parser.fault("found `)` without a `(` before it", "take it away, or open it")),
            Some(_) => Err(parser.fault("expected `and` or `or`", "say how the tags go together: `@a and @b`")),
        }
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.next).map(|(word, _)| word)
    }

    /// Takes the next word if it is `word`.
    fn take(&mut self, word: &Word) -> bool {
        let found = self.peek() == Some(word);
        self.next += usize::from(found);
        found
    }

    fn fault(&self, message: &str, help: &str) -> Fault {
        let span = self.words.get(self.next).map_or(self.end..self.end, |(_, span)| span.clone());
        Fault::new(span, message, help)
    }

    fn any(&mut self) -> Result<Tree, Fault> {
        let mut trees = vec![self.all()?];
        while self.take(&Word::Or) {
            trees.push(self.all()?);
        }
        Ok(joined(trees, Tree::Any))
    }

    fn all(&mut self) -> Result<Tree, Fault> {
        let mut trees = vec![self.one()?];
        while self.take(&Word::And) {
            trees.push(self.one()?);
        }
        Ok(joined(trees, Tree::All))
    }

    fn one(&mut self) -> Result<Tree, Fault> {
        self.depth += 1;
        if self.depth > TAG_EXPRESSION_DEPTH_MAX {
            let message = format!("more than {TAG_EXPRESSION_DEPTH_MAX} levels of parentheses and `not`");
            return Err(self.fault(&message, "write it flatter"));
        }
        let tree = match self.peek().cloned() {
            Some(Word::Tag(name)) => {
                self.next += 1;
                Tree::Tag(name)
            }
            Some(Word::Not) => {
                self.next += 1;
                Tree::Not(Box::new(self.one()?))
            }
            Some(Word::Open) => self.group()?,
            _ => return Err(self.fault("expected a tag, `not` or `(`", "an expression is `@smoke and not @slow`")),
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn group(&mut self) -> Result<Tree, Fault> {
        let open = self.words[self.next].1.clone();
        self.next += 1;
        let tree = self.any()?;
        if self.take(&Word::Close) {
            return Ok(tree);
        }
        match self.peek() {
            None => Err(Fault::new(open, "expected a `)` for this `(`", "close it behind the last tag of the group")),
            Some(_) => Err(self.fault("expected `and`, `or` or `)`", "say how the tags go together: `@a and @b`")),
        }
    }
}

fn joined(mut trees: Vec<Tree>, join: fn(Vec<Tree>) -> Tree) -> Tree {
    match trees.pop() {
        Some(only) if trees.is_empty() => only,
        last => {
            trees.extend(last);
            join(trees)
        }
    }
}

/// The words of an expression with their places.
fn words(text: &str) -> Result<Vec<(Word, Range<usize>)>, Fault> {
    let mut words = Vec::new();
    let mut place = 0;
    while let Some(found) = text[place..].find(|character: char| !character.is_whitespace()) {
        place += found;
        let (word, length) = word(&text[place..], place)?;
        words.push((word, place..place + length));
        place += length;
    }
    Ok(words)
}

fn word(rest: &str, place: usize) -> Result<(Word, usize), Fault> {
    match rest.as_bytes().first() {
        Some(b'(') => return Ok((Word::Open, 1)),
        Some(b')') => return Ok((Word::Close, 1)),
        Some(b'@') => return tag(rest, place),
        _ => {}
    }
    let length =
        rest.find(|character: char| character.is_whitespace() || "()@".contains(character)).unwrap_or(rest.len());
    let written = &rest[..length];
    let word = match written {
        "and" => Word::And,
        "or" => Word::Or,
        "not" => Word::Not,
        _ => return Err(unknown(written, place..place + length)),
    };
    Ok((word, length))
}

fn unknown(written: &str, span: Range<usize>) -> Fault {
    let help = match written.to_lowercase().as_str() {
        "and" | "&&" | "&" | "+" => "write `and`".to_owned(),
        "or" | "||" | "|" | "," => "write `or`".to_owned(),
        "not" | "!" | "-" | "~" => "write `not`".to_owned(),
        _ if written.starts_with(char::is_alphanumeric) => format!("if a tag is meant, write `@{written}`"),
        _ => "an expression is `@smoke and not (@slow or @wip)`".to_owned(),
    };
    Fault::new(span, format!("expected a tag, `and`, `or`, `not` or parentheses; found {}", quoted(written)), help)
}

/// A tag: up to a blank, or to a `)` that belongs to the expression. A backslash takes the next character as it is.
fn tag(rest: &str, place: usize) -> Result<(Word, usize), Fault> {
    let mut name = String::new();
    let mut open = 0_usize;
    let mut length = 1;
    let mut characters = rest[1..].chars();
    while let Some(character) = characters.next() {
        let kept = match character {
            '\\' => characters.next().unwrap_or('\\'),
            ')' if open == 0 => break,
            '@' => break,
            _ if character.is_whitespace() => break,
            _ => character,
        };
        open = match character {
            '(' => open + 1,
            ')' => open - 1,
            _ => open,
        };
        length += kept.len_utf8() + usize::from(character == '\\' && length + 1 < rest.len());
        name.push(kept);
    }
    let span = place..place + length;
    if name.is_empty() {
        return Err(Fault::new(span, "expected a name behind `@`", "write the tag in one word: `@smoke`"));
    }
    if open > 0 {
        let help = format!("write `@{name})`; a tag holds no blanks");
        return Err(Fault::new(span, format!("expected a `)` at the end of {}", quoted(&format!("@{name}"))), help));
    }
    Ok((Word::Tag(name), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, tags: &[&str], expected: bool) {
        let parsed: TagExpression = expression.parse().expect("an expression");
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        assert_eq!(parsed.matches(&tags), expected, "{expression} with {tags:?}");
    }

    #[test]
    fn expressions_choose_by_tags() {
        check("@a", &["a"], true);
        check("@a", &["b"], false);
        check("not @a", &[], true);
        check("@smoke and not (@slow or @wip)", &["smoke"], true);
        check("@smoke and not (@slow or @wip)", &["smoke", "wip"], false);
        check("@a or @b and @c", &["a"], true);
        check("@a or @b and @c", &["b"], false);
        check("not @a and @b", &["b"], true);
        check("not not @a", &["a"], true);
        check("(@a)", &["a"], true);
        check("(@a or@b)and(@c)", &["b", "c"], true);
        check("@android", &["android"], true);
    }

    #[test]
    fn parentheses_of_a_tag_are_its_own() {
        check("@owner(storage)", &["owner(storage)"], true);
        check("@owner(storage)", &["owner(other)"], false);
        check("(@owner(storage) or @x)", &["owner(storage)"], true);
        check("not(@owner(storage))", &["owner(storage)"], false);
        check(r"@owner\(storage\)", &["owner(storage)"], true);
        check(r"(@odd\))", &["odd)"], true);
        check(r"@back\\slash", &[r"back\slash"], true);
    }

    #[test]
    fn mistakes_tell_the_column_and_what_was_expected() {
        let table = [
            ("", 1, "expected a tag, `not` or `(`"),
            ("@a @b", 4, "expected `and` or `or`"),
            ("@a and", 7, "expected a tag, `not` or `(`"),
            ("@a and or @b", 8, "expected a tag, `not` or `(`"),
            ("(@a or @b", 1, "expected a `)` for this `(`"),
            ("(@a @b)", 5, "expected `and`, `or` or `)`"),
            ("@a)", 3, "found `)` without a `(` before it"),
            ("@a && @b", 4, "expected a tag, `and`, `or`, `not` or parentheses; found `&&`"),
            ("smoke", 1, "expected a tag, `and`, `or`, `not` or parentheses; found `smoke`"),
            ("@a or @", 7, "expected a name behind `@`"),
            ("@owner(a", 1, "expected a `)` at the end of `@owner(a`"),
            ("ä @b", 1, "expected a tag, `and`, `or`, `not` or parentheses; found `ä`"),
        ];
        for (expression, column, message) in table {
            let mistake = expression.parse::<TagExpression>().expect_err(expression);
            assert_eq!(mistake.to_string(), format!("tag expression:1:{column}: {message}"), "{expression}");
        }
    }

    #[test]
    fn a_mistake_is_shown_with_a_caret() {
        let mistake = "@a und @b".parse::<TagExpression>().expect_err("no German here");
        let expected = "tag expression:1:4: expected a tag, `and`, `or`, `not` or parentheses; found `und`\n    1 | @a und @b\n      |    ^^^\nhelp: if a tag is meant, write `@und`\n";
        assert_eq!(mistake.render(), expected);
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}@a{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(deep.parse::<TagExpression>().is_err());
        let nested = format!("{}@a", "not ".repeat(TAG_EXPRESSION_DEPTH_MAX));
        assert!(nested.parse::<TagExpression>().expect_err("too deep").to_string().contains("more than 64 levels"));
        check(&format!("@b{}", " or @a".repeat(500)), &["a"], true);
    }

    #[test]
    fn a_backslash_at_the_end_is_a_backslash() {
        check("@a\\", &["a\\"], true);
    }
}
