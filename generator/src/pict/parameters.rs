//! Lines with parameters: `name: value, ~negative, first|alias (10), <Other>`.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::Line;
use super::mistake::{Mistake, Warning};
use super::text::{folded, number, trim};
use super::{Dialect, NAME_BYTES_MAX, Parameter, Value};
use crate::covering::STRENGTH_MAX;
use crate::covering::space::{PARAMETERS_MAX, VALUES_MAX};

/// The heaviest value; what is heavier weighs as much.
pub const WEIGHT_MAX: u32 = 1_000_000;

/// The name of a parameter that says what is expected starts with it: it is combined with nothing.
const RESULT: char = '$';

/// Parameters as they are read, one line after the other.
pub(super) struct Parameters<'t> {
    text: &'t str,
    dialect: &'t Dialect,
    pub(super) all: Vec<Parameter>,
    pub(super) by_name: BTreeMap<String, usize>,
    pub(super) warnings: Vec<Warning>,
}

impl<'t> Parameters<'t> {
    /// None yet.
    pub(super) const fn new(text: &'t str, dialect: &'t Dialect) -> Self {
        Self { text, dialect, all: Vec::new(), by_name: BTreeMap::new(), warnings: Vec::new() }
    }

    /// The parameter with this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(&folded(name, self.dialect.case_sensitive)).copied()
    }

    /// Reads one line.
    pub(super) fn read(&mut self, line: &Line<'_>) -> Result<(), Mistake> {
        let Some(separator) = line.text.find(':').or_else(|| line.text.find(self.dialect.values)) else {
            let remedy = "a parameter looks like Name: value, value, value";
            return Err(Mistake::new(self.text, line.place(), "this parameter has no values", remedy));
        };
        let width = line.text[separator..].chars().next().map_or(1, char::len_utf8);
        let (name, rest) = (trim(&line.text[..separator]), &line.text[separator + width..]);
        let place = line.place().start..line.place().start + name.len();
        let (name, order) = self.name_and_order(name, &place)?;
        self.refuse_known(name, &place)?;
        self.refuse_long(name, place.start)?;
        let values = self.values(line, line.start + separator + width, rest)?;
        if values.iter().all(|value| value.negative) {
            let remedy = "a row holds one negative value at most, so each parameter needs one that is not";
            return Err(Mistake::new(self.text, place, format!("{name} has only negative values"), remedy));
        }
        self.by_name.insert(folded(name, self.dialect.case_sensitive), self.all.len());
        let is_result = name.starts_with(RESULT);
        self.all.push(Parameter { name: name.to_owned(), line: line.number, values, order, is_result });
        Ok(())
    }

    fn refuse_known(&self, name: &str, place: &std::ops::Range<usize>) -> Result<(), Mistake> {
        if self.all.len() == PARAMETERS_MAX {
            let message = format!("there are more than {PARAMETERS_MAX} parameters");
            return Err(Mistake::new(self.text, place.clone(), message, "leave some out"));
        }
        let Some(known) = self.find(name).map(|known| &self.all[known]) else { return Ok(()) };
        let message = format!("{name} is the name of the parameter in line {} already", known.line);
        let remedy = if self.dialect.case_sensitive { "names are unique" } else { "names are unique, in any case" };
        Err(Mistake::new(self.text, place.clone(), message, remedy))
    }

    /// Takes `name @ 3` apart, in which 3 is a strength of the parameter's own.
    fn name_and_order<'n>(
        &self,
        name: &'n str,
        place: &std::ops::Range<usize>,
    ) -> Result<(&'n str, Option<usize>), Mistake> {
        let order = |order: &str| number(trim(order)).filter(|_| !order.contains('@'));
        let Some((own, order)) = name.split_once('@').and_then(|(own, rest)| Some((trim(own), order(rest)?))) else {
            return Ok((name, None));
        };
        let strength = whole(order);
        if strength.is_none_or(|strength| strength > STRENGTH_MAX) && order > 0.0 {
            let message = format!("{order} is no strength");
            return Err(Mistake::new(self.text, place.clone(), message, format!("a strength is 1 to {STRENGTH_MAX}")));
        }
        Ok((own, strength))
    }

    fn refuse_long(&self, text: &str, start: usize) -> Result<(), Mistake> {
        if text.len() <= NAME_BYTES_MAX {
            return Ok(());
        }
        let message = format!("a name or value of more than {NAME_BYTES_MAX} bytes");
        Err(Mistake::new(self.text, start..start + text.len(), message, "give it a shorter name"))
    }

    fn values(&mut self, line: &Line<'_>, mut start: usize, rest: &str) -> Result<Vec<Value>, Mistake> {
        let mut values = Vec::new();
        for piece in rest.split(self.dialect.values) {
            let value = trim(piece);
            let named = value.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
            match named.map(|name| self.find(name).map(|known| self.all[known].values.clone())) {
                Some(Some(known)) => values.extend(known),
                Some(None) => {
                    let message = format!("{value} names no parameter above it, so it is a value as it stands");
                    self.warnings.push(Warning { line: line.number, message });
                    values.push(self.value(line, value));
                }
                None => values.push(self.value(line, value)),
            }
            self.refuse_long(piece, start)?;
            if values.len() > VALUES_MAX {
                let place = start..start + piece.len();
                let message = format!("a parameter with more than {VALUES_MAX} values");
                return Err(Mistake::new(self.text, place, message, "leave some out, or make two parameters of it"));
            }
            start += piece.len() + self.dialect.values.len_utf8();
        }
        self.warn_of_shared_names(line, &values);
        Ok(values)
    }

    /// Rows that are read back know values by their names.
    fn warn_of_shared_names(&mut self, line: &Line<'_>, values: &[Value]) {
        let mut seen = BTreeSet::new();
        let mut names = values.iter().flat_map(|value| value.names.iter());
        if let Some(name) = names.find(|name| !seen.insert(*name)) {
            let message = format!("two values are called {name}: rows that are read back count both as the first");
            self.warnings.push(Warning { line: line.number, message });
        }
    }

    fn value(&mut self, line: &Line<'_>, text: &str) -> Value {
        let (text, weight) = self.weight(line, text);
        let mut names: Vec<String> = text.split(self.dialect.aliases).map(|name| trim(name).to_owned()).collect();
        let positive = names[0].strip_prefix(self.dialect.negative).map(|name| trim(name).to_owned());
        let negative = positive.is_some();
        if let Some(positive) = positive {
            names[0] = positive;
        }
        Value { names: names.into(), weight, negative }
    }

    /// Takes `value (10)` apart. What is in the brackets and no whole number above 0 belongs to the value.
    fn weight<'v>(&mut self, line: &Line<'_>, text: &'v str) -> (&'v str, u32) {
        let inner = text.strip_suffix(')').and_then(|inner| inner.rsplit_once('('));
        let Some((value, number)) = inner.and_then(|(value, inner)| Some((value, number(trim(inner))?))) else {
            return (text, 1);
        };
        let Some(weight) = whole(number) else { return (text, 1) };
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        if weight > WEIGHT_MAX {
            let message = format!("a weight of {number} counts as {WEIGHT_MAX}");
            self.warnings.push(Warning { line: line.number, message });
        }
        (trim(value), weight.min(WEIGHT_MAX))
    }
}

/// The whole part of a number, where it is 1 or more.
pub(super) fn whole(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut off on purpose, as PICT does")]
    let whole = number as usize;
    (number >= 1.0).then_some(whole)
}
