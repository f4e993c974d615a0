//! Rows that are read back: seeds, and rows that are checked.
//!
//! The format is that of PICT's output: a line with the names of parameters, then a line for each row, with tabs
//! between the cells. An empty line is none.

use std::collections::BTreeMap;
use std::ops::Range;

use super::lines::{Line, lines};
use super::mistake::Mistake;
use super::text::{folded, trim};
use super::{Model, Parameter};
use crate::covering::space::{all, bit};
use crate::covering::{Clause, Literal, Partial, Row, Space};

/// The most rows that are read.
pub const ROWS_MAX: usize = 1_000_000;
/// How many values or names a remedy lists.
const LISTED_MAX: usize = 8;

/// A row with the line it stands in, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The line.
    pub line: usize,
    /// The bytes in the text.
    pub place: Range<usize>,
    /// The row.
    pub row: T,
}

impl Model {
    /// Reads rows of which any cell may be empty or missing, and any parameter may have no column.
    ///
    /// # Errors
    /// A column or value that the model does not have, and a row that breaks a constraint.
    pub fn seeds(&self, text: &str) -> Result<Vec<Placed<Partial>>, Mistake> {
        let table = Table::read(self, text)?;
        let rows = table.rows(false)?;
        for Placed { row, place, .. } in &rows {
            if let Some(broken) = self.broken_by_partial(row) {
                let message =
                    format!("this row breaks the constraint in line {} of the model: {}", broken.line, broken.text);
                return Err(Mistake::new(text, place.clone(), message, "change the row or the constraint"));
            }
            self.refuse_two_negatives(text, row, place)?;
        }
        Ok(rows)
    }

    /// Reads rows that have a value for every parameter. Whether they keep the constraints is not looked at.
    ///
    /// # Errors
    /// A column or value that the model does not have, and a parameter without a value.
    pub fn rows(&self, text: &str) -> Result<Vec<Placed<Row>>, Mistake> {
        let table = Table::read(self, text)?;
        if let Some(parameter) = (0..self.parameters.len()).find(|own| !table.columns.contains(own)) {
            let message = format!("there is no column {}", self.parameters[parameter].name);
            return Err(Mistake::new(text, table.header, message, "rows that are checked have every parameter"));
        }
        let complete = |own: Placed<Partial>| Placed {
            line: own.line,
            place: own.place,
            row: own.row.into_iter().flatten().collect(),
        };
        Ok(table.rows(true)?.into_iter().map(complete).collect())
    }

    /// The space in which rows that are read back are counted: where two values of a parameter have the same names,
    /// a row that is read can only hold the first, so that the other one need not occur.
    pub fn space_to_check(&self) -> Space {
        let readable = |(parameter, own): (usize, &Parameter)| {
            let names = Names::new(own, self.dialect.case_sensitive);
            let values = names.exact.values().fold(0, |mask, value| mask | bit(*value));
            Literal { parameter, values }
        };
        let readable = self.parameters.iter().enumerate().map(readable);
        let hidden = readable.filter(|own| own.values != all(self.space.sizes()[own.parameter])).map(|own| vec![own]);
        let clauses: Vec<Clause> = self.space.clauses().iter().cloned().chain(hidden).collect();
        let space = Space::new(self.space.sizes().to_vec(), clauses);
        let space = space.map(|space| space.with_negative(self.space.negative().to_vec()));
        space.unwrap_or_else(|_| self.space.clone())
    }

    /// The negative values of a row.
    pub fn negatives<'m>(&'m self, row: &'m [Option<u8>]) -> impl Iterator<Item = &'m Parameter> {
        let own = self.parameters.iter().zip(row);
        own.filter(|(own, value)| value.is_some_and(|value| own.values[usize::from(value)].negative))
            .map(|(own, _)| own)
    }

    fn refuse_two_negatives(&self, text: &str, row: &Partial, place: &Range<usize>) -> Result<(), Mistake> {
        let mut negatives = self.negatives(row);
        match (negatives.next(), negatives.next()) {
            (Some(one), Some(other)) => {
                let message = format!("this row has two negative values, of {} and of {}", one.name, other.name);
                Err(Mistake::new(text, place.clone(), message, "a row holds one negative value at most"))
            }
            _ => Ok(()),
        }
    }
}

/// The names of a parameter's values, and what they stand for.
struct Names {
    exact: BTreeMap<(bool, String), u8>,
    folded: BTreeMap<(bool, String), u8>,
}

impl Names {
    fn new(parameter: &Parameter, case_sensitive: bool) -> Self {
        let mut names = Self { exact: BTreeMap::new(), folded: BTreeMap::new() };
        for (at, value) in (0..).zip(&parameter.values) {
            for name in value.names.iter() {
                names.exact.entry((value.negative, name.clone())).or_insert(at);
                names.folded.entry((value.negative, folded(name, case_sensitive))).or_insert(at);
            }
        }
        names
    }

    /// The value that a cell stands for. Written exactly so goes before written in another case, and the right sign
    /// before the wrong one.
    fn find(&self, cell: &str, negative: char, case_sensitive: bool) -> Option<u8> {
        let bare = cell.strip_prefix(negative).map(trim);
        let exact = |sign: bool, text: &str| self.exact.get(&(sign, text.to_owned())).copied();
        let loose = |sign: bool, text: &str| self.folded.get(&(sign, folded(text, case_sensitive))).copied();
        let any = |sign: bool, text: &str| exact(sign, text).or_else(|| loose(sign, text));
        let marked = bare.and_then(|bare| any(true, bare).or_else(|| any(false, bare)));
        marked.or_else(|| any(false, cell)).or_else(|| any(true, cell))
    }
}

/// A text with rows, of which the header is read.
struct Table<'t> {
    model: &'t Model,
    text: &'t str,
    header: Range<usize>,
    /// The parameter of each column.
    columns: Vec<usize>,
    names: Vec<Names>,
    body: Vec<Line<'t>>,
}

impl<'t> Table<'t> {
    fn read(model: &'t Model, text: &'t str) -> Result<Self, Mistake> {
        let case_sensitive = model.dialect.case_sensitive;
        let mut body: Vec<Line<'t>> = lines(text).filter(|line| !trim(line.text).is_empty()).collect();
        if body.is_empty() {
            let remedy = "the first line holds names of parameters with tabs between them";
            return Err(Mistake::new(text, 0..0, "there are no rows", remedy));
        }
        let first = body.remove(0);
        if body.len() > ROWS_MAX {
            let message = format!("there are more than {ROWS_MAX} rows");
            return Err(Mistake::new(text, body[ROWS_MAX].place(), message, "split the file"));
        }
        let names = model.parameters.iter().map(|own| Names::new(own, case_sensitive)).collect();
        let each = model.parameters.iter().enumerate();
        let by_name = each.map(|(own, parameter)| (folded(&parameter.name, case_sensitive), own)).collect();
        let mut table = Self { model, text, header: first.place(), columns: Vec::new(), names, body };
        for (cell, place) in cells(&first) {
            let parameter = table.column(&by_name, cell, place)?;
            table.columns.push(parameter);
        }
        Ok(table)
    }

    fn column(&self, by_name: &BTreeMap<String, usize>, cell: &str, place: Range<usize>) -> Result<usize, Mistake> {
        let name = folded(trim(cell), self.model.dialect.case_sensitive);
        let Some(parameter) = by_name.get(&name).copied() else {
            let message = format!("the model has no parameter {:?}", trim(cell));
            let known = self.model.parameters.iter().map(|own| own.name.as_str());
            return Err(Mistake::new(self.text, place, message, listed(known)));
        };
        if self.columns.contains(&parameter) {
            let message = format!("{} has a column already", self.model.parameters[parameter].name);
            return Err(Mistake::new(self.text, place, message, "leave one out"));
        }
        Ok(parameter)
    }

    /// The rows. Where they are to be `complete`, each cell has a value.
    fn rows(&self, complete: bool) -> Result<Vec<Placed<Partial>>, Mistake> {
        self.body.iter().map(|line| self.row(line, complete)).collect()
    }

    fn row(&self, line: &Line<'_>, complete: bool) -> Result<Placed<Partial>, Mistake> {
        let mut row = vec![None; self.model.parameters.len()];
        let (mut columns, mut end) = (self.columns.iter(), line.start);
        for (cell, place) in cells(line) {
            end = place.end;
            let Some(parameter) = columns.next() else {
                let message = format!("there are only {} columns", self.columns.len());
                return Err(Mistake::new(
                    self.text,
                    place,
                    message,
                    "a tab stands between two cells, and nowhere else",
                ));
            };
            row[*parameter] = self.value(*parameter, cell, place, complete)?;
        }
        match columns.next() {
            Some(parameter) if complete => {
                let message = format!("the row has no value for {}", self.model.parameters[*parameter].name);
                Err(Mistake::new(
                    self.text,
                    end..end,
                    message,
                    "rows that are checked have a value for every parameter",
                ))
            }
            _ => Ok(Placed { line: line.number, place: line.place(), row }),
        }
    }

    fn value(&self, parameter: usize, cell: &str, place: Range<usize>, complete: bool) -> Result<Option<u8>, Mistake> {
        let Model { dialect, parameters, .. } = self.model;
        let found = self.names[parameter].find(trim(cell), dialect.negative, dialect.case_sensitive);
        if found.is_some() || (trim(cell).is_empty() && !complete) {
            return Ok(found);
        }
        let own = &parameters[parameter];
        let message = format!("{} has no value {:?}", own.name, trim(cell));
        let known = own.values.iter().map(|value| value.names[0].as_str());
        Err(Mistake::new(self.text, place, message, listed(known)))
    }
}

/// The cells of a line with their places.
fn cells<'t>(line: &Line<'t>) -> impl Iterator<Item = (&'t str, Range<usize>)> {
    let mut next = line.start;
    line.text.split('\t').map(move |cell| {
        let place = next..next + cell.len();
        next += cell.len() + 1;
        (cell, place)
    })
}

fn listed<'n>(known: impl Iterator<Item = &'n str>) -> String {
    let mut known: Vec<&str> = known.take(LISTED_MAX + 1).collect();
    let more = known.len() > LISTED_MAX;
    known.truncate(LISTED_MAX);
    format!("there are: {}{}", known.join(", "), if more { ", ..." } else { "" })
}
