//! What a model means: its parameters, and which rows its constraints permit.

use plumb_generator::covering::Demand;
use plumb_generator::pict::{Dialect, Model, Printer};

use crate::{every_row, model};

/// The rows that a model permits, each as its values without anything between them.
fn permitted(model: &Model) -> Vec<String> {
    let rows = every_row(model.space().sizes()).into_iter().filter(|row| model.space().permits(row));
    rows.map(|row| Printer::new(model).line(&row).replace('\t', "")).collect()
}

/// Demands that a constraint over `A: 1, 2, 3`, `B: x, y, xy` and `C: ~1, 2, 3` permits these rows, where the
/// values of a parameter that is not spoken of are left out.
#[track_caller]
fn check(constraint: &str, of: &[usize], expected: &str) {
    let model = model(&format!("A: 1, 2, 3\nB: x, y, xy\nC: ~1, 2, 3\n{constraint}\n"));
    let names = [["1", "2", "3"], ["x", "y", "xy"], ["~1", "2", "3"]];
    let rows = every_row(model.space().sizes()).into_iter().filter(|row| {
        let bare = row.iter().enumerate().all(|(at, value)| of.contains(&at) || *value == 1);
        assert_eq!(model.broken_by(row).is_none(), model.space().permits(row), "{row:?}");
        bare && model.space().permits(row)
    });
    let shown = |row: Vec<u8>| of.iter().map(|at| names[*at][usize::from(row[*at])]).collect::<String>();
    assert_eq!(rows.map(shown).collect::<Vec<_>>().join(" "), expected, "{constraint}");
}

#[test]
fn relations_compare_numbers_as_numbers_and_texts_as_texts() {
    check("[A] = 2;", &[0], "2");
    check("[A] = 2.0;", &[0], "2");
    check("[A] <> 2;", &[0], "1 3");
    check("[A] > 1;", &[0], "2 3");
    check("[A] >= 0x2;", &[0], "2 3");
    check("[A] < 3e0;", &[0], "1 2");
    check("[A] <= +1;", &[0], "1");
    check("[B] > \"x\";", &[1], "y xy");
    check("[B] <= \"XY\";", &[1], "x xy");
}

#[test]
fn sets_and_patterns() {
    check("[A] IN {1, 3};", &[0], "1 3");
    check("[A] NOT IN {1, 3};", &[0], "2");
    check("[B] in {\"X\"};", &[1], "x");
    check("[B] LIKE \"x*\";", &[1], "x xy");
    check("[B] LIKE \"?y\";", &[1], "xy");
    check("[B] NOT LIKE \"*y\";", &[1], "x");
}

#[test]
fn not_binds_before_and_and_and_before_or() {
    check("NOT [A] = 1 AND [B] = \"x\";", &[0, 1], "2x 3x");
    check("[A] = 1 OR [A] = 2 AND [B] = \"x\";", &[0, 1], "1x 1y 1xy 2x");
    check("([A] = 1 OR [A] = 2) AND [B] = \"x\";", &[0, 1], "1x 2x");
    check("NOT ([A] = 1 OR [B] = \"x\");", &[0, 1], "2y 2xy 3y 3xy");
    check("NOT NOT [A] = 1;", &[0], "1");
}

#[test]
fn if_then_else_is_two_constraints_in_one() {
    check("IF [A] = 1 THEN [B] = \"x\";", &[0, 1], "1x 2x 2y 2xy 3x 3y 3xy");
    check("IF [A] = 1 THEN [B] = \"x\" ELSE [B] = \"y\";", &[0, 1], "1x 2y 3y");
    check("IF\n[A]\n=\n1\nTHEN\n[B] = \"x\"\n# a comment\nELSE\n\n[B] = \"y\"\n;", &[0, 1], "1x 2y 3y");
}

#[test]
fn no_word_needs_a_space_around_it() {
    check("if[a]=1then[b]=\"x\"else[b]=\"y\";", &[0, 1], "1x 2y 3y");
    check("if not[a]in{1}then[b]=\"x\";", &[0, 1], "1x 1y 1xy 2x 3x");
    check("[A]=1OR[A]=2;", &[0], "1 2");
}

#[test]
fn parameters_are_compared_with_one_another() {
    check("[A] > [C];", &[0, 2], "2~1 3~1 32");
    check("[A] <> [C];", &[0, 2], "12 13 2~1 23 3~1 32");
    check("NOT [A] = [C];", &[0, 2], "12 13 2~1 23 3~1 32");
    check("IF [A] = [C] THEN [B] = \"y\";", &[0, 2], "1~1 12 13 2~1 22 23 3~1 32 33");
}

#[test]
fn signs_of_values_can_be_asked_for() {
    check("IF IsNegative(C) THEN [A] = 1;", &[0, 2], "1~1 12 13 22 23 32 33");
    check("IF NOT IsPositive( [c] ) THEN [A] = 1;", &[0, 2], "1~1 12 13 22 23 32 33");
    check("IF IsNegative() THEN [A] = 1;", &[0, 2], "1~1 12 13 22 23 32 33");
    check("IF IsPositive(\n  C\n) THEN [A] = 1;", &[0, 2], "1~1 12 13 2~1 3~1");
    check("IsPositive();", &[2], "2 3");
}

#[test]
fn a_constraint_is_found_by_line_and_text() {
    let model = model("A: 1, 2\nB: 1, 2\n\n# why\nIF [A] = 1\n  THEN [B] = 1; [B] =\t1 OR [A] = 2;\n");
    let found: Vec<(usize, &str)> = model.constraints().iter().map(|own| (own.line, own.text.as_str())).collect();
    assert_eq!(found, [(5, "IF [A] = 1 THEN [B] = 1;"), (6, "[B] = 1 OR [A] = 2;")]);
    assert_eq!(model.broken_by(&[0, 1]).map(|own| own.line), Some(5));
    assert_eq!(model.broken_by(&[0, 0]), None);
}

#[test]
fn values_have_names_weights_and_signs() {
    let model =
        model("A: one | eins | un (10), ~ two, (3), four (x), \"five, six\" (2)\nB (x) : 1 ( 2 ), 2 (0), 3(1.9)");
    let own = &model.parameters()[0];
    let values: Vec<_> = own.values.iter().map(|value| (value.names.join("/"), value.weight, value.negative)).collect();
    let expected = [
        ("one/eins/un", 10, false),
        ("two", 1, true),
        ("", 3, false),
        ("four (x)", 1, false),
        ("\"five", 1, false),
        ("six\"", 2, false),
    ];
    assert_eq!(values, expected.map(|(name, weight, negative)| (name.to_owned(), weight, negative)));
    assert_eq!(model.space().weights()[0], [10, 1, 3, 1, 1, 2]);
    assert_eq!(model.space().negative(), [0b10, 0]);
    assert_eq!(model.parameters()[1].name, "B (x)");
    let second: Vec<_> = model.parameters()[1].values.iter().map(|own| (own.names[0].as_str(), own.weight)).collect();
    assert_eq!(second, [("1", 2), ("2 (0)", 1), ("3", 1)]);
}

#[test]
fn a_parameter_takes_over_the_values_of_another() {
    let model = model("A: x|y (3), ~z\nB: w, <a>\nC: <B>, <nobody>\n");
    let names = |at: usize| {
        let values = model.parameters()[at].values.iter();
        values.map(|own| format!("{}{}{}", own.names.join("|"), own.weight, own.negative)).collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["w1false", "x|y3false", "z1true"]);
    assert_eq!(names(2), ["w1false", "x|y3false", "z1true", "<nobody>1false"]);
    let warned: Vec<String> = model.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warned, ["line 3: <nobody> names no parameter above it, so it is a value as it stands"]);
}

#[test]
fn a_parameter_is_a_number_where_all_first_names_are() {
    let numeric = |text: &str| model(text).parameters()[0].is_numeric();
    assert!(numeric("A: 1, -2.5, 1e3, 0x10|ten, ~3"));
    assert!(!numeric("A: 1, two"));
    assert!(!numeric("A: 1, two|2"));
    assert!(!numeric("A: 1, "));
}

#[test]
fn a_name_and_a_text_may_hold_what_would_end_them() {
    let model = model("A [x]: a\"b, c\\d\nB: 1, 2\nIF [A [x\\]] = \"a\\\"b\" THEN [B] = 1;\n");
    assert_eq!(permitted(&model), ["a\"b1", "c\\d1", "c\\d2"]);
}

#[test]
fn a_model_may_come_from_windows() {
    let model = model("\u{feff}A: 1, 2\r\nB: x, y\r\n\r\nIF [A] = 1\r\nTHEN [B] = \"x\";\r\n");
    assert_eq!(model.parameters()[0].name, "A");
    assert_eq!(permitted(&model), ["1x", "2x", "2y"]);
}

#[test]
fn letters_of_all_scripts_know_no_case_unless_asked() {
    let text = "Größe: klein, GROß\nB: 1, 2\nIF [GRÖßE] = \"groß\" THEN [b] = 1;\n";
    assert_eq!(permitted(&model(text)), ["klein1", "klein2", "GROß1"]);
    let dialect = Dialect { case_sensitive: true, ..Dialect::default() };
    let strict = Model::parse("A: x, X\na: 1, 2\nIF [A] = \"X\" THEN [a] = 1;\n", &dialect).expect("a model");
    assert_eq!(permitted(&strict), ["x1", "x2", "X1"]);
}

#[test]
fn the_marks_of_the_language_can_be_chosen() {
    let dialect = Dialect { values: ';', aliases: '/', negative: '!', case_sensitive: false };
    let model = Model::parse("A: 1,5; !2/two; <x>\nB: ~1; 2\n{ A; B } @ 2\n[B] = \"2\";\n", &dialect).expect("a model");
    assert_eq!(permitted(&model), ["1,52", "!22", "<x>2"]);
}

#[test]
fn what_makes_no_sense_to_pict_is_left_out_with_a_warning() {
    let text = "A: 1, 2\nB: x, y\n{ A, Q } @ 2\n{ A, B, a } @ 2\nIF [Z] = 1\nTHEN [A] = 1;\n\
                IF [A] = 1 THEN [B] = \"x\" ELSE [Y] > [A];\n[A] = [X];\n";
    let model = model(text);
    let warned: Vec<String> = model.warnings().iter().map(ToString::to_string).collect();
    let expected = [
        "line 3: the sub-model is left out: there is no parameter Q",
        "line 4: the sub-model names a parameter twice, which counts once",
        "line 4: a sub-model is a group with a strength of its own, its rows do not meet the rest as wholes",
        "line 5: the constraint is left out: there is no parameter Z",
        "line 7: a part of the constraint is left out: there is no parameter Y",
        "line 8: the constraint is left out: there is no parameter X",
    ];
    assert_eq!(warned, expected);
    assert_eq!(permitted(&model), ["1x", "2x", "2y"]);
}

#[test]
fn values_that_no_parameter_has_are_warned_of() {
    let text =
        "A: 1, 2\nB: x, y\nIF [B] = \"z\" OR\n [A] IN {2, 3} THEN [A] > 0;\n[B] LIKE \"q*\" OR [A] = 1 OR [A] = 1;\n";
    let warned: Vec<String> = model(text).warnings().iter().map(ToString::to_string).collect();
    let expected = [
        "line 3: B has no value \"z\"",
        "line 4: A has no value 3",
        "line 4: every value of A fits [A] > 0",
        "line 5: no value of B fits [B] LIKE \"q*\"",
    ];
    assert_eq!(warned, expected);
}

#[track_caller]
fn demands(text: &str, strength: Option<usize>, lowest: usize, groups: &[(&[usize], usize)]) {
    let groups = groups.iter().map(|(members, order)| (members.to_vec(), *order)).collect();
    assert_eq!(model(text).demand(strength), Ok(Demand { strength: lowest, groups }), "{text}");
}

#[test]
fn a_suite_has_one_strength_and_more_where_the_model_says_so() {
    let four = "A: 1, 2\nB: 1, 2\nC: 1, 2\nD: 1, 2\n";
    demands(four, None, 2, &[]);
    demands(four, Some(3), 3, &[]);
    demands("A: 1, 2\n", None, 1, &[]);
    demands(&format!("{four}{{ A, C, D }} @ 3"), None, 2, &[(&[0, 2, 3], 3)]);
    demands(&format!("{four}{{ A, C, D }} @ 2"), Some(3), 3, &[]);
    demands(&format!("{four}{{ A, C, D }}"), Some(1), 1, &[]);
    demands(&format!("{four}$result: ok, bad"), None, 1, &[(&[0, 1, 2, 3], 2)]);
    demands("A @ 3: 1, 2\nB @ 3: 1, 2\nC @ 3: 1, 2\nD: 1, 2", None, 2, &[(&[0, 1, 2], 3)]);
}

#[test]
fn a_strength_that_cannot_be_is_refused() {
    let refused =
        |strength| model("A: 1, 2\nB: 1, 2\n$r: 1, 2").demand(Some(strength)).map_err(|error| error.to_string());
    assert_eq!(refused(3), Err("the strength 3 is above the number of parameters, 2".into()));
    assert_eq!(refused(0), Err("0 is no strength: it is 1 to 4".into()));
    assert_eq!(refused(5), Err("5 is no strength: it is 1 to 4".into()));
}
