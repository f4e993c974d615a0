//! The keywords of each language that feature files are written in.

/// One line for each language: code, name, own name, then the keywords of the eleven roles, from the
/// languages of the Gherkin project (MIT licence, <https://github.com/cucumber/gherkin>).
const LANGUAGES: &str = include_str!("languages.tsv");

/// What a line that begins with a keyword and a colon opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Feature,
    Background,
    Rule,
    Scenario,
    Outline,
    Examples,
}

/// The blocks, in the order of the columns.
const BLOCKS: [Block; 6] =
    [Block::Feature, Block::Background, Block::Rule, Block::Scenario, Block::Outline, Block::Examples];

/// Which of the five groups of step keywords a step begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Given,
    When,
    Then,
    And,
    But,
    /// `*`, which is in every group.
    Any,
}

const ROLES: [Role; 5] = [Role::Given, Role::When, Role::Then, Role::And, Role::But];

/// The keyword that is in every role of nearly every language.
const ANY: &str = "* ";

/// The keywords of one language.
#[derive(Debug)]
pub(crate) struct Language {
    pub(crate) code: &'static str,
    /// The keywords that open a block, without the colon.
    blocks: Vec<(Block, &'static str)>,
    /// The keywords that open a step, the longest first, with the blank behind where there must be one.
    steps: Vec<(Role, &'static str)>,
}

impl Language {
    /// The language with this code: `en`, `de`, `zh-CN`.
    pub(crate) fn find(code: &str) -> Option<Self> {
        let line = LANGUAGES.lines().find(|line| line.split('\t').next() == Some(code))?;
        Some(Self::parse(line))
    }

    fn parse(line: &'static str) -> Self {
        let mut columns = line.split('\t');
        let code = columns.next().unwrap_or_default();
        let mut columns = columns.skip(2).map(|column| column.split('|'));
        let mut blocks = Vec::new();
        for block in BLOCKS {
            blocks.extend(columns.next().into_iter().flatten().map(|word| (block, word)));
        }
        let mut steps = Vec::new();
        for role in ROLES {
            let words = columns.next().into_iter().flatten();
            steps.extend(words.map(|word| (if word == ANY { Role::Any } else { role }, word)));
        }
        // A keyword may begin with another one: "Tha " and "Tha the ".
        steps.sort_by_key(|(_, word)| std::cmp::Reverse(word.len()));
        Self { code, blocks, steps }
    }

    /// The block that a line opens, and the length of its keyword in bytes.
    pub(crate) fn block(&self, line: &str) -> Option<(Block, usize)> {
        let found =
            self.blocks.iter().find(|(_, word)| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(':')));
        found.map(|(block, word)| (*block, word.len()))
    }

    /// The step that a line opens, and the length of its keyword in bytes, with the blank behind.
    pub(crate) fn step(&self, line: &str) -> Option<(Role, usize)> {
        self.steps.iter().find(|(_, word)| line.starts_with(word)).map(|(role, word)| (*role, word.len()))
    }

    /// The first keyword of a block: the parser knows it whatever else it begins with.
    pub(crate) fn first(&self, block: Block) -> &'static str {
        self.words(block).next().unwrap_or_default()
    }

    /// The keywords of a block.
    pub(crate) fn words(&self, block: Block) -> impl Iterator<Item = &'static str> {
        self.blocks.iter().filter(move |(other, _)| *other == block).map(|(_, word)| *word)
    }

    /// Every keyword that opens a block.
    pub(crate) fn block_words(&self) -> impl Iterator<Item = &'static str> {
        self.blocks.iter().map(|(_, word)| *word)
    }

    /// One keyword of each role, without the blank behind.
    pub(crate) fn first_steps(&self) -> impl Iterator<Item = &'static str> {
        let of_role =
            |role| self.steps.iter().filter(move |(other, _)| *other == role).map(|(_, word)| word.trim_end());
        ROLES.into_iter().filter_map(move |role| of_role(role).next())
    }

    /// Every keyword that opens a step, without the blank behind.
    pub(crate) fn step_words(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|(_, word)| word.trim_end())
    }
}

/// The code of the first other language in which the line opens a feature.
pub(crate) fn of_feature_line(line: &str) -> Option<&'static str> {
    LANGUAGES.lines().find_map(|known| {
        let language = Language::parse(known);
        language.block(line).is_some_and(|(block, _)| block == Block::Feature).then_some(language.code)
    })
}

/// The code that was meant by `wrong`: a language's name, or another way to write its code.
pub(crate) fn meant(wrong: &str) -> Option<&'static str> {
    let plain = wrong.to_lowercase().replace('_', "-");
    let by_name = LANGUAGES.lines().find(|line| {
        let mut names = line.split('\t').take(3);
        names.any(|name| name.to_lowercase() == plain)
    });
    let short = plain.split('-').next().unwrap_or_default();
    let line = by_name.or_else(|| LANGUAGES.lines().find(|line| line.split('\t').next() == Some(short)));
    line.and_then(|line| line.split('\t').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parser's own list is closed to us; what it reads shows whether ours is the same.
    #[test]
    fn the_parser_knows_every_language_and_every_step_keyword() {
        for line in LANGUAGES.lines() {
            let language = Language::parse(line);
            assert!(gherkin::is_language_supported(language.code), "{}", language.code);
            for (_, word) in &language.steps {
                let text = format!(
                    "{}: f\n{}: s\n{word}thing\n",
                    language.first(Block::Feature),
                    language.first(Block::Scenario)
                );
                let env = gherkin::GherkinEnv::new(language.code).expect("a language");
                let feature = gherkin::Feature::parse(&text, env).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(feature.scenarios[0].steps.len(), 1, "{text}");
            }
        }
    }

    #[test]
    fn each_language_has_a_keyword_for_every_block_and_role() {
        for line in LANGUAGES.lines() {
            let language = Language::parse(line);
            for block in BLOCKS {
                assert!(!language.first(block).is_empty(), "{}: {block:?}", language.code);
            }
            for role in ROLES {
                assert!(language.steps.iter().any(|(other, _)| *other == role), "{}: {role:?}", language.code);
            }
        }
    }

    #[test]
    fn the_longest_keyword_wins() {
        let old = Language::find("en-old").expect("a language");
        assert_eq!(old.step("Tha the x"), Some((Role::Then, 8)));
        assert_eq!(old.step("Tha x"), Some((Role::When, 4)));
    }

    #[test]
    fn a_name_or_another_spelling_says_which_language_was_meant() {
        for (wrong, code) in [("german", "de"), ("EN", "en"), ("de_AT", "de"), ("zh_cn", "zh-CN"), ("Deutsch", "de")] {
            assert_eq!(meant(wrong), Some(code), "{wrong}");
        }
        assert_eq!(meant("martian"), None);
    }
}
