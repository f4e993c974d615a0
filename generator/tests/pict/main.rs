//! PICT's model language, as its users write it.

mod language;
mod mistakes;
mod published;
mod rows;

use plumb_generator::pict::{Dialect, Model};

/// A model that must be right.
#[track_caller]
fn model(text: &str) -> Model {
    Model::parse(text, &Dialect::default()).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// Every row over parameters with so many values.
fn every_row(sizes: &[usize]) -> Vec<Vec<u8>> {
    let longer = |rows: Vec<Vec<u8>>, size: &usize| {
        let values = 0..u8::try_from(*size).expect("a small size");
        rows.iter().flat_map(|row| values.clone().map(|value| [&row[..], &[value]].concat())).collect()
    };
    sizes.iter().fold(vec![vec![]], longer)
}
