//! Rows that are read back: seeds, and rows that are checked.

use plumb_generator::pict::{Dialect, Mistake, Model, Placed, Printer};

use crate::{every_row, model};

const MODEL: &str =
    "OS: Win7, Win10 | Win11, ~DOS\nSKU: Pro, Home\nArch: x86, x64, ~\n\nIF [SKU] = \"Home\" THEN [Arch] = \"x86\";\n";

fn rows_of<T>(read: Result<Vec<Placed<T>>, Mistake>) -> Vec<(usize, T)> {
    let rows = read.unwrap_or_else(|mistake| panic!("{mistake}"));
    rows.into_iter().map(|placed| (placed.line, placed.row)).collect()
}

#[track_caller]
fn check_seeds(text: &str, expected: &[(usize, [Option<u8>; 3])]) {
    let expected: Vec<_> = expected.iter().map(|(line, row)| (*line, row.to_vec())).collect();
    assert_eq!(rows_of(model(MODEL).seeds(text)), expected, "{text:?}");
}

#[test]
fn seeds_may_lack_cells_and_columns_and_have_any_order() {
    check_seeds("OS\tSKU\tArch\nWin7\tPro\tx64\n", &[(2, [Some(0), Some(0), Some(1)])]);
    check_seeds("Arch\tOS\nx86\tWin7\n\nx64\n", &[(2, [Some(0), None, Some(0)]), (4, [None, None, Some(1)])]);
    check_seeds("SKU\r\nhome\r\n", &[(2, [None, Some(1), None])]);
    check_seeds("OS\tSKU\n\tPro\nWin7\t\n", &[(2, [None, Some(0), None]), (3, [Some(0), None, None])]);
    check_seeds("OS\tSKU\n", &[]);
}

#[test]
fn any_name_of_a_value_is_understood_and_the_mark_of_a_negative_one() {
    check_seeds(
        "os\nwin11\n~DOS\nDOS\n~win7",
        &[
            (2, [Some(1), None, None]),
            (3, [Some(2), None, None]),
            (4, [Some(2), None, None]),
            (5, [Some(0), None, None]),
        ],
    );
}

#[test]
fn a_value_without_a_name_is_a_value() {
    let model = model("A: 1, \nB: 1, 2");
    assert_eq!(rows_of(model.seeds("A\tB\n\t1\n")), [(2, vec![Some(1), Some(0)])]);
    assert_eq!(rows_of(model.rows("A\tB\n\t1\n")), [(2, vec![1, 0])]);
}

#[test]
fn of_names_that_differ_in_case_only_the_one_that_is_written_so_is_meant() {
    let model = model("A: x, X, ~x\nB: 1, 2");
    assert_eq!(rows_of(model.rows("A\tB\nx\t1\nX\t1\n~X\t1\n")), [(2, vec![0, 0]), (3, vec![1, 0]), (4, vec![2, 0])]);
}

#[test]
fn rows_are_read_back_as_they_were_printed() {
    let model = model(MODEL);
    let mut printer = Printer::new(&model);
    let rows = every_row(model.space().sizes());
    let lines: Vec<String> = rows.iter().map(|row| printer.line(row)).collect();
    let text = printer.header() + "\n" + &lines.join("\n");
    let read: Vec<Vec<u8>> = rows_of(model.rows(&text)).into_iter().map(|(_, row)| row).collect();
    assert_eq!(read, rows);
}

#[track_caller]
fn check(said: Option<Mistake>, expected: [&str; 4]) {
    assert_eq!(said.expect("a mistake").to_string().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_a_model_does_not_have_is_refused_with_its_place() {
    let model = model(MODEL);
    let seeds = |text: &str| model.seeds(text).err();
    let remedy = "there are: OS, SKU, Arch";
    check(
        seeds("OS\tLang\nWin7\tEN"),
        ["line 1, column 4: the model has no parameter \"Lang\"", "    OS Lang", "       ^^^^", remedy],
    );
    let remedy = "there are: Win7, Win10, DOS";
    check(seeds("OS\nWin7\nWin8\n"), ["line 3, column 1: OS has no value \"Win8\"", "    Win8", "    ^^^^", remedy]);
    check(seeds("OS\tos\n"), ["line 1, column 4: OS has a column already", "    OS os", "       ^^", "leave one out"]);
    let remedy = "a tab stands between two cells, and nowhere else";
    check(
        seeds("OS\nWin7\tPro\n"),
        ["line 2, column 6: there are only 1 columns", "    Win7 Pro", "         ^^^", remedy],
    );
    let remedy = "the first line holds names of parameters with tabs between them";
    check(seeds("\n"), ["line 1, column 1: there are no rows", "    ", "    ^", remedy]);
}

#[test]
fn a_seed_that_breaks_a_constraint_is_named_with_it() {
    let model = model(MODEL);
    let seeds = |text: &str| model.seeds(text).err();
    let message = |line: usize| {
        format!(
            "line {line}, column 1: this row breaks the constraint in line 5 of the model: IF [SKU] = \"Home\" THEN [Arch] = \"x86\";"
        )
    };
    let remedy = "change the row or the constraint";
    let partial = "SKU\tArch\nPro\tx64\nHome\tx64\n";
    check(seeds(partial), [&message(3), "    Home x64", "    ^^^^^^^^", remedy]);
    let complete = "OS\tSKU\tArch\nWin7\tHome\tx64\n";
    check(seeds(complete), [&message(2), "    Win7 Home x64", "    ^^^^^^^^^^^^^", remedy]);
    let negative = "line 2, column 1: this row has two negative values, of OS and of Arch";
    let remedy = "a row holds one negative value at most";
    check(seeds("OS\tArch\nDOS\t~\n"), [negative, "    DOS ~", "    ^^^^^", remedy]);
}

#[test]
fn rows_that_are_checked_are_complete() {
    let model = model(MODEL);
    let rows = |text: &str| model.rows(text).err();
    let remedy = "rows that are checked have every parameter";
    check(
        rows("OS\tSKU\nWin7\tPro\n"),
        ["line 1, column 1: there is no column Arch", "    OS SKU", "    ^^^^^^", remedy],
    );
    let remedy = "rows that are checked have a value for every parameter";
    check(
        rows("OS\tSKU\tArch\nWin7\tPro"),
        ["line 2, column 9: the row has no value for Arch", "    Win7 Pro", "            ^", remedy],
    );
    let remedy = "there are: Win7, Win10, DOS";
    check(
        rows("OS\tSKU\tArch\n\tPro\tx86"),
        ["line 2, column 1: OS has no value \"\"", "     Pro x86", "    ^", remedy],
    );
}

#[test]
fn a_row_that_breaks_a_constraint_is_read_and_the_constraint_told() {
    let model = model(MODEL);
    let rows = rows_of(model.rows("OS\tSKU\tArch\nWin7\tHome\tx64\n"));
    assert_eq!(model.broken_by(&rows[0].1).map(|own| own.line), Some(5));
}

#[test]
fn case_matters_where_it_is_asked_for() {
    let dialect = Dialect { case_sensitive: true, ..Dialect::default() };
    let model = Model::parse("A: x, y", &dialect).expect("a model");
    assert!(model.rows("A\nX\n").is_err_and(|mistake| mistake.message == "A has no value \"X\""));
    assert!(model.rows("a\nx\n").is_err_and(|mistake| mistake.message == "the model has no parameter \"a\""));
}
