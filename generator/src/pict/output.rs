//! Rows as PICT prints them: a header, tabs, `~` before negative values, the names of a value in turn.

use super::Model;

/// Turns rows into lines. Which of a value's names is printed depends on the rows before.
#[derive(Debug)]
pub struct Printer<'m> {
    model: &'m Model,
    /// For each value of each parameter, how often it was printed, modulo the number of its names.
    turns: Vec<Vec<usize>>,
}

impl<'m> Printer<'m> {
    /// A printer that has printed nothing yet.
    pub fn new(model: &'m Model) -> Self {
        Self { model, turns: model.parameters().iter().map(|own| vec![0; own.values.len()]).collect() }
    }

    /// The line with the names of the parameters.
    pub fn header(&self) -> String {
        let names: Vec<&str> = self.model.parameters().iter().map(|own| own.name.as_str()).collect();
        names.join("\t")
    }

    /// The line of a row.
    pub fn line(&mut self, row: &[u8]) -> String {
        let mut line = String::new();
        for (at, value) in row.iter().enumerate() {
            let value = usize::from(*value);
            let own = &self.model.parameters()[at].values[value];
            if at > 0 {
                line.push('\t');
            }
            if own.negative {
                line.push(self.model.dialect.negative);
            }
            let turn = &mut self.turns[at][value];
            line.push_str(&own.names[*turn]);
            *turn = (*turn + 1) % own.names.len();
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pict::Dialect;

    #[test]
    fn names_of_a_value_take_turns_and_negative_ones_keep_their_mark() {
        let model = Model::parse("A: x|y|z, ~bad|worse\nB: 1, 2", &Dialect::default()).expect("a model");
        let mut printer = Printer::new(&model);
        assert_eq!(printer.header(), "A\tB");
        let lines: Vec<String> =
            [[0, 0], [0, 1], [1, 0], [0, 0], [0, 1], [1, 1], [1, 1]].map(|row| printer.line(&row)).into();
        assert_eq!(lines, ["x\t1", "y\t2", "~bad\t1", "z\t1", "x\t2", "~worse\t2", "~bad\t2"]);
    }
}
