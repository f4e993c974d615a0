//! What is wrong with a model is told with line, column, a caret below the place, and what would be right.

use plumb_generator::covering::space::{PARAMETERS_MAX, VALUES_MAX};
use plumb_generator::pict::{Dialect, Model, NAME_BYTES_MAX, NESTING_MAX, SHOWN_MAX};

/// What is said of a model.
fn said(text: &str) -> String {
    Model::parse(text, &Dialect::default()).expect_err(text).to_string()
}

#[track_caller]
fn check(text: &str, expected: [&str; 4]) {
    assert_eq!(said(text).lines().collect::<Vec<_>>(), expected, "{text}");
}

/// The same for a constraint in the fourth line of a model.
#[track_caller]
fn check_constraint(constraint: &str, expected: [&str; 3]) {
    let [place, caret, remedy] = expected;
    let text = format!("A: 1, 2\nB: x, y\n\n{constraint}\n");
    let shown = format!("    {}", constraint.lines().next().unwrap_or_default());
    check(&text, [&format!("line 4, column {place}"), &shown, &format!("    {caret}"), remedy]);
}

const CONDITION: &str = "a condition is [parameter] and a relation, or starts with NOT, (, IsNegative( or IsPositive(";
const RELATION: &str = "expected =, <>, <, <=, >, >=, IN, LIKE, NOT IN or NOT LIKE";
const VALUE: &str = "a value is a number, or a text in quotes: \"value\"";

#[test]
fn mistakes_in_parameters() {
    let remedy = "a parameter looks like Name: value, value, value";
    check(
        "\n\tnothing else\n",
        ["line 2, column 2: this parameter has no values", "     nothing else", "     ^^^^^^^^^^^^", remedy],
    );
    let remedy = "names are unique, in any case";
    let message = "line 3, column 1: a is the name of the parameter in line 1 already";
    check("A: 1\nB: 2\na : 3", [message, "    a : 3", "    ^", remedy]);
    let remedy = "a row holds one negative value at most, so each parameter needs one that is not";
    check("A: ~1, ~2", ["line 1, column 1: A has only negative values", "    A: ~1, ~2", "    ^", remedy]);
    check("A @ 7: 1", ["line 1, column 1: 7 is no strength", "    A @ 7: 1", "    ^^^^^", "a strength is 1 to 4"]);
    let remedy = "a model starts with parameters such as Name: value, value";
    check("# only this\n", ["line 1, column 1: the model has no parameters", "    # only this", "    ^", remedy]);
    check("", ["line 1, column 1: the model has no parameters", "    ", "    ^", remedy]);
}

#[test]
fn mistakes_in_submodels() {
    let remedy = "a sub-model looks like { A, B, C } @ 3";
    let model = |line: &str| format!("A: 1\nB: 2\n{line}");
    check(&model("{ }"), ["line 3, column 1: a sub-model without parameters", "    { }", "    ^^^", remedy]);
    let message = "line 3, column 8: only @ and a strength may stand here";
    check(&model("{A, B} 2"), [message, "    {A, B} 2", "           ^", remedy]);
    let remedy = "a strength is 1 to 4";
    check(&model("{A, B} @ x"), ["line 3, column 8: \"x\" is no strength", "    {A, B} @ x", "           ^^^", remedy]);
    check(&model("{A, B} @ 9"), ["line 3, column 8: \"9\" is no strength", "    {A, B} @ 9", "           ^^^", remedy]);
    let message = "line 3, column 8: the strength is above the number of its parameters, 2";
    check(&model("{A, B} @ 3"), [message, "    {A, B} @ 3", "           ^^^", "lower the strength, or add parameters"]);
    let message = "line 4, column 1: this is neither a sub-model nor a constraint";
    let remedy = "parameters come first, then sub-models such as { A, B } @ 3, then constraints";
    check(&model("{A, B}\nC: 1, 2"), [message, "    C: 1, 2", "    ^^^^^^^", remedy]);
}

#[test]
fn mistakes_in_the_order_of_words() {
    check_constraint("IF [A] = 1 [B] = \"x\";", ["12: THEN is missing", "           ^", "expected AND, OR or THEN"]);
    let end = "12: the constraint does not end here";
    check_constraint("[A] = 1 OR;", ["11: no condition stands here", "          ^", CONDITION]);
    check_constraint("[A] IN {1} THEN [B] = \"x\";", [end, "           ^^^^", "expected AND, OR or ;"]);
    check_constraint(
        "IF [A] = 1 THEN [A] = 2 [A] = 1;",
        ["25: the constraint does not end here", "                        ^", "expected AND, OR, ELSE or ;"],
    );
    check_constraint(
        "IF [A] = 1 THEN [A] = 2 ELSE [A] = 1 ELSE",
        ["38: the constraint does not end here", "                                     ^^^^", "expected AND, OR or ;"],
    );
    check_constraint("[A] = 1", ["8: the constraint does not end here", "       ^", "expected AND, OR or ;"]);
    check_constraint("IF [A] = 1 THEN A = 2;", ["17: no condition stands here", "                ^", CONDITION]);
    check_constraint(
        "([A] = 1 OR [A] = 2;",
        ["20: a bracket is open", "                   ^", "expected AND, OR or )"],
    );
    check_constraint(
        "IF IsNegative A THEN [A] = 1;",
        ["15: a bracket is missing", "              ^", "expected ( and the name of a parameter"],
    );
}

#[test]
fn mistakes_in_what_is_compared() {
    check_constraint("[A] == 1;", ["6: no value stands here", "     ^", VALUE]);
    check_constraint("[A] is 1;", ["5: no relation stands here", "    ^^", RELATION]);
    check_constraint("[A] NOT 1;", ["9: no relation stands here", "        ^", "expected IN or LIKE"]);
    check_constraint("[B] = yes;", ["7: no value stands here", "      ^^^", VALUE]);
    let remedy = "a set of values looks like {1, 2} or {\"a\", \"b\"}";
    check_constraint("[A] IN 1, 2;", ["8: no set of values stands here", "       ^", remedy]);
    check_constraint("[A] IN {1 2};", ["11: the set of values does not end here", "          ^", "expected , or }"]);
    check_constraint("[A] IN {};", ["9: no value stands here", "        ^", VALUE]);
    check_constraint("[A = 1;]x\n", ["9: no relation stands here", "        ^", RELATION]);
    check_constraint(
        "IF [A = 1 THEN [B",
        ["4: the name that begins here has no ]", "   ^", "expected ] in the same line"],
    );
    check_constraint(
        "[B] = \"x;",
        ["7: the text that begins here has no \" at its end", "      ^", "expected \" in the same line"],
    );
    check_constraint(
        "[B] = \"\\n\";",
        ["8: nothing that \\ could escape follows it", "       ^", "after \\ stands \\, \" or ]"],
    );
    check_constraint(
        "IF IsPositive(A THEN [B] = \"x\";",
        ["14: the name that begins here has no )", "             ^", "expected ) in the same line"],
    );
}

#[test]
fn mistakes_in_kinds_of_values() {
    let message = "7: \"1\" is a text, and every value of A is a number";
    check_constraint("[A] = \"1\";", [message, "      ^^^", "write a number without quotes"]);
    let message = "11: 1 is a number, and B has values that are none";
    check_constraint("[B] IN {  1};", [message, "          ^", "write it in quotes"]);
    let message = "1: every value of A is a number, and B has values that are none";
    let remedy = "only numbers compare with numbers, and texts with texts";
    check_constraint("[B] = [A];", [message, "^^^^^^^^^", remedy]);
    let message = "1: A is compared with itself";
    check_constraint("[A] = [a];", [message, "^^^^^^^^^", "compare it with another parameter or a value"]);
    let message = "1: LIKE is for texts, and every value of A is a number";
    check_constraint("[A] LIKE \"1*\";", [message, "^^^^^^^^^^^^^", "use =, <, > or IN"]);
    let message = "10: LIKE takes a pattern, not a number";
    check_constraint("[B] LIKE 1;", [message, "         ^", "a pattern is a text in quotes: \"10*\""]);
}

#[test]
fn what_belongs_to_another_part_of_the_model_is_told_so() {
    check_constraint(
        "[A] = 1;{ A, B } @ 2",
        ["9: no condition stands here", "        ^", "sub-models stand before the first constraint"],
    );
    check_constraint(
        "[A] = 1;C: 1, 2",
        ["9: no condition stands here", "        ^", "parameters stand before the first constraint"],
    );
}

#[test]
fn what_is_too_much_is_refused_with_the_bound() {
    let values = (0..=VALUES_MAX).map(|value| value.to_string()).collect::<Vec<_>>().join(",");
    assert!(said(&format!("A: {values}")).contains("a parameter with more than 128 values"));
    let parameters: String = (0..=PARAMETERS_MAX).map(|own| format!("p{own}: 1")).collect::<Vec<_>>().join("\n");
    assert!(said(&parameters).starts_with("line 10001, column 1: there are more than 10000 parameters"));
    let long = said(&format!("A: 1, {}", "x".repeat(NAME_BYTES_MAX)));
    assert!(long.starts_with("line 1, column 6: a name or value of more than 1000 bytes"), "{long}");
    let depth = NESTING_MAX + 1;
    let nested = format!("A: 1, 2\nIF {}[A] = 1{} THEN [A] = 1;", "(".repeat(depth), ")".repeat(depth));
    assert!(said(&nested).starts_with("line 2, column 105: brackets and NOT are nested more than 100 deep"));
    let parameters: String = (0..24).map(|own| format!("p{own}: 1, 2, 3, 4")).collect::<Vec<_>>().join("\n");
    let differing: Vec<String> = (0..12).map(|own| format!("[p{own}] <> [p{}]", own + 12)).collect();
    let large = said(&format!("{parameters}\n{};", differing.join(" OR ")));
    assert!(large.contains("this constraint is too large"), "{large}");
    assert!(
        large.ends_with(
            "it would become more than 10000 clauses, or take too long to find them: write it as several constraints"
        ),
        "{large}"
    );
}

#[test]
fn of_a_long_line_only_what_is_around_the_place_is_shown() {
    let said = said(&format!("A: 1\n[A] = 1 OR [{}] ? 1;", "ä".repeat(100_000)));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "line 2, column 100015: no relation stands here");
    assert!(lines[1].chars().count() <= SHOWN_MAX + 4);
    let caret = lines[2].chars().position(|own| own == '^');
    assert_eq!(caret.and_then(|caret| lines[1].chars().nth(caret)), Some('?'));
}

#[test]
fn no_text_makes_it_fail_otherwise() {
    let parts = [
        "A: 1, ~2|x (3)\n",
        "IF ",
        "[A",
        "] ",
        "= ",
        "\"",
        "1;",
        "(",
        ")",
        "NOT ",
        "{A}",
        "@ 2",
        "\\",
        "ü",
        "\r\n",
        "<A>",
    ];
    let mut state: u32 = 1;
    for _ in 0..20_000 {
        let mut text = String::from("A: 1, 2\nB: x, y\n");
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(parts[(state >> 16) as usize % parts.len()]);
        }
        if let Err(mistake) = Model::parse(&text, &Dialect::default()) {
            assert!(text.is_char_boundary(mistake.place.start) && mistake.place.end <= text.len(), "{text}");
            assert!(mistake.to_string().contains('^'), "{text}");
        }
    }
}
