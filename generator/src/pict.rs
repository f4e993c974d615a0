//! PICT's model language: parameters, sub-models and constraints in a text file.
//!
//! The language is that of <https://github.com/microsoft/pict>, `doc/pict.md`; where that is silent, PICT's own source
//! decides. What differs on purpose stands in docs/generating.md.
//!
//! ```
//! use plumb_generator::pict::{Dialect, Model};
//!
//! let text = "size: 1, 10, 100\nfree: yes, no\n\nIF [size] > 10 THEN [free] = \"no\";\n";
//! let model = Model::parse(text, &Dialect::default())?;
//! assert!(!model.space().permits(&[2, 0]));
//! # Ok::<(), plumb_generator::pict::Mistake>(())
//! ```

mod conflict;
mod lines;
mod meaning;
mod mistake;
mod output;
mod parameters;
mod parser;
mod rows;
mod submodels;
mod syntax;
mod text;

pub use conflict::CONFLICT_MAX;
pub use mistake::{Mistake, SHOWN_MAX, Warning};
pub use output::Printer;
pub use parameters::WEIGHT_MAX;
pub use parser::NESTING_MAX;
pub use rows::{Placed, ROWS_MAX};

use std::sync::Arc;

use plumb_model::bodies::sha256;

use crate::covering::formula::{Formula, tidy};
use crate::covering::space::{Clause, Space, bit};
use crate::covering::{Demand, Partial, STRENGTH_MAX};

use parameters::Parameters;

/// The most constraints of a model.
pub const CONSTRAINTS_MAX: usize = 100_000;

/// The longest name of a parameter or a value, in bytes.
pub const NAME_BYTES_MAX: usize = 1_000;
/// The most warnings that are kept.
pub const WARNINGS_MAX: usize = 1_000;

/// What PICT lets its command line change in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between values.
    pub values: char,
    /// What stands between the names of one value.
    pub aliases: char,
    /// What a negative value starts with.
    pub negative: char,
    /// Whether `a` and `A` differ.
    pub case_sensitive: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { values: ',', aliases: '|', negative: '~', case_sensitive: false }
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its values.
    pub values: Vec<Value>,
    /// A strength of its own.
    pub order: Option<usize>,
    /// Whether it says what is expected, so that its values need to meet no others.
    pub is_result: bool,
}

impl Parameter {
    /// Whether every value is a number.
    pub fn is_numeric(&self) -> bool {
        self.values.iter().all(|value| text::number(&value.names[0]).is_some())
    }
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its names, at least one; the first is what constraints speak of.
    pub names: Arc<[String]>,
    /// How gladly it is taken.
    pub weight: u32,
    /// Whether a row may hold no other negative one.
    pub negative: bool,
}

/// Parameters with a strength of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodel {
    /// Its line, from 1.
    pub line: usize,
    /// The parameters, by their numbers.
    pub parameters: Vec<usize>,
    /// The strength; none where it is that of the suite.
    pub strength: Option<usize>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// The line in which it starts, from 1.
    pub line: usize,
    /// How it is written, on one line.
    pub text: String,
    /// What it means.
    pub formula: Formula,
    clauses: Vec<Clause>,
}

/// A model that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    dialect: Dialect,
    parameters: Vec<Parameter>,
    submodels: Vec<Submodel>,
    constraints: Vec<Constraint>,
    warnings: Vec<Warning>,
    space: Space,
}

/// A strength that a model cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// It is none, or above [`STRENGTH_MAX`].
    Unknown(usize),
    /// It is above the number of parameters.
    Above {
        /// The strength.
        strength: usize,
        /// How many parameters there are, those that say what is expected left out.
        parameters: usize,
    },
}

impl std::fmt::Display for Strength {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(strength) => write!(formatter, "{strength} is no strength: it is 1 to {STRENGTH_MAX}"),
            Self::Above { strength, parameters } => {
                write!(formatter, "the strength {strength} is above the number of parameters, {parameters}")
            }
        }
    }
}

impl std::error::Error for Strength {}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn parse(text: &str, dialect: &Dialect) -> Result<Self, Mistake> {
        let parts = lines::parts(text, dialect)?;
        let mut parameters = Parameters::new(text, dialect);
        parts.parameters.iter().try_for_each(|line| parameters.read(line))?;
        if parameters.all.is_empty() {
            let remedy = "a model starts with parameters such as Name: value, value";
            return Err(Mistake::new(text, 0..0, "the model has no parameters", remedy));
        }
        let submodels = submodels::read(text, &parts.submodels, &mut parameters, dialect)?;
        let sizes: Vec<usize> = parameters.all.iter().map(|own| own.values.len()).collect();
        let statements = parser::read(text, &parts.constraints)?;
        let mut reader = meaning::Reader::new(text, dialect, &sizes, &parameters);
        let constraints = reader.constraints(&statements)?;
        let found = reader.warnings;
        let space = space(text, sizes.clone(), &parameters.all, &constraints)?;
        let Parameters { all: parameters, mut warnings, .. } = parameters;
        warnings.extend(found);
        warnings.truncate(WARNINGS_MAX);
        Ok(Self { dialect: dialect.clone(), parameters, submodels, constraints, warnings, space })
    }

    /// The parameters, in their order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The sub-models.
    pub fn submodels(&self) -> &[Submodel] {
        &self.submodels
    }

    /// The constraints, in their order.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// What is read another way than its author may think.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What is to be covered: the parameters by their numbers, and what no row may hold.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// What is to meet at a strength; where none is given it is 2, or 1 for a single parameter.
    ///
    /// # Errors
    /// Where the model cannot have that strength.
    pub fn demand(&self, strength: Option<usize>) -> Result<Demand, Strength> {
        let combined = self.parameters.iter().filter(|own| !own.is_result).count();
        let strength = strength.unwrap_or_else(|| combined.clamp(1, 2));
        if !(1..=STRENGTH_MAX).contains(&strength) {
            return Err(Strength::Unknown(strength));
        }
        if strength > combined.max(1) {
            return Err(Strength::Above { strength, parameters: combined });
        }
        let own = |parameter: &Parameter| if parameter.is_result { 1 } else { parameter.order.unwrap_or(strength) };
        let orders: Vec<usize> = self.parameters.iter().map(own).collect();
        let lowest = orders.iter().copied().min().unwrap_or(strength);
        let members = |order: usize| (0..orders.len()).filter(|own| orders[*own] >= order).collect::<Vec<_>>();
        let higher = (lowest + 1..=STRENGTH_MAX).filter(|order| orders.contains(order));
        let mut groups: Vec<(Vec<usize>, usize)> = higher.map(|order| (members(order), order)).collect();
        let submodels = self.submodels.iter().map(|own| (own.parameters.clone(), own.strength.unwrap_or(strength)));
        groups.extend(submodels.filter(|(_, order)| *order > lowest));
        groups.retain(|(members, order)| members.len() >= *order);
        Ok(Demand { strength: lowest, groups })
    }

    /// What a value is called: its first name, after the mark of a negative one.
    pub fn value_name(&self, parameter: usize, value: u8) -> String {
        let own = &self.parameters[parameter].values[usize::from(value)];
        if own.negative { format!("{}{}", self.dialect.negative, own.names[0]) } else { own.names[0].clone() }
    }

    /// What tells the model from others: a digest of the names of its parameters and values.
    pub fn digest(&self) -> [u8; 32] {
        let mut text = String::new();
        for parameter in &self.parameters {
            let names = parameter.values.iter().flat_map(|value| value.names.iter());
            text.extend(std::iter::once(&parameter.name).chain(names).map(|name| format!("{}:{name}", name.len())));
            text.push('\n');
        }
        sha256(text.as_bytes())
    }

    /// The constraint that a row breaks, the first of them.
    pub fn broken_by(&self, row: &[u8]) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| !constraint.formula.evaluate(row))
    }

    /// The constraint that a row breaks whatever its open values become.
    pub fn broken_by_partial(&self, row: &Partial) -> Option<&Constraint> {
        let open = |own: &crate::covering::Literal| row[own.parameter].is_none_or(|value| own.values & bit(value) != 0);
        let is_kept = |clause: &Clause| clause.iter().any(open);
        self.constraints.iter().find(|constraint| !constraint.clauses.iter().all(is_kept))
    }
}

fn space(
    text: &str,
    sizes: Vec<usize>,
    parameters: &[Parameter],
    constraints: &[Constraint],
) -> Result<Space, Mistake> {
    let clauses = tidy(constraints.iter().flat_map(|own| own.clauses.iter().cloned()).collect());
    let negative =
        |own: &Parameter| (0..).zip(&own.values).filter(|(_, own)| own.negative).map(|(at, _)| bit(at)).sum();
    let weights = |own: &Parameter| own.values.iter().map(|value| value.weight).collect();
    let space = Space::new(sizes, clauses)
        .map_err(|error| Mistake::new(text, 0..0, error.to_string(), "make the model smaller"))?;
    Ok(space
        .with_negative(parameters.iter().map(negative).collect())
        .with_weights(parameters.iter().map(weights).collect()))
}
