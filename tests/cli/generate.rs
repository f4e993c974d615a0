//! `plumb generate`: rows from a model in PICT's language, and cases of an API.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::refused::refused;
use crate::support::{Home, Running};

const MODEL: &str = "\
# what a volume is made of
Type:   Single, Span|Wide, Stripe
Size:   10, 100, 500, ~-1
Format: quick, slow
System: FAT, NTFS

IF [System] = \"FAT\" THEN [Size] <= 100;
IF [Type] = \"Span\" THEN [Format] = \"slow\" OR [Size] > 10;
";

/// The search for the fewest rows takes its time where nothing is optimised.
const FAST: &[&str] = &["--effort", "fast"];

/// A folder with the model in it.
fn home() -> Home {
    let home = Home::new();
    home.write("volume.pict", MODEL);
    home
}

/// What is printed with these options.
#[track_caller]
fn rows(home: &Home, more: &[&str]) -> String {
    home.plumb(&[&["generate", "--pict", "volume.pict"], more].concat()).exits(0).stdout
}

/// What is said of these rows, with the exit code.
#[track_caller]
fn checked(home: &Home, rows: &str, more: &[&str], code: i32) -> String {
    home.write("rows.txt", rows);
    let arguments = ["generate", "--pict", "volume.pict", "--check", "rows.txt"];
    home.plumb(&[&arguments, more].concat()).exits(code).stdout
}

#[test]
fn rows_are_printed_as_pict_prints_them_and_cover_everything() {
    let home = home();
    for effort in ["fast", "compact"] {
        for strength in if effort == "fast" { &["1", "2", "3", "4"][..] } else { &["2"] } {
            let options = ["--effort", effort, "--strength", strength];
            let text = rows(&home, &options);
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("Type\tSize\tFormat\tSystem"));
            assert!(lines.all(|line| line.split('\t').count() == 4), "{text}");
            assert!(text.contains("~-1") && !text.contains("\t-1"), "{text}");
            let told = checked(&home, &text, &["--strength", strength], 0);
            assert!(told.contains("missing     0\n") && told.contains("broken      0\n"), "{told}");
            assert_eq!(rows(&home, &options), text, "the same again");
        }
    }
}

#[test]
fn pairs_are_met_where_no_strength_is_given() {
    let home = home();
    assert_eq!(rows(&home, &[]), rows(&home, &["--strength", "2", "--effort", "compact", "--seed", "1"]));
    home.write("volume.pict", "Only: 1, 2, 3\n");
    assert_eq!(rows(&home, &[]).lines().count(), 4);
}

#[test]
fn a_model_may_come_from_standard_input_and_from_windows() {
    let home = home();
    let text = format!("\u{feff}{}", MODEL.replace('\n', "\r\n"));
    let fed = home.plumb_fed(&["generate", "--pict", "-", "--effort", "fast"], text.as_bytes()).exits(0);
    assert_eq!(fed.stdout, rows(&home, FAST));
    let fed = home.plumb_fed(&["generate", "--pict", "volume.pict", "--check", "-"], fed.stdout.as_bytes());
    assert!(fed.exits(0).stdout.contains("missing     0\n"));
}

#[test]
fn the_names_of_a_value_take_turns() {
    let home = home();
    let text = rows(&home, &["--strength", "3", "--effort", "fast"]);
    let count = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert!(count("Span") > 1 && count("Span").abs_diff(count("Wide")) <= 1, "{text}");
}

#[test]
fn shards_are_the_whole_between_them() {
    let home = home();
    let options = |shard: &'static str| ["--strength", "3", "--effort", "fast", "--shard", shard];
    let whole = rows(&home, &["--strength", "3", "--effort", "fast"]);
    let mut parts: Vec<String> = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let text = rows(&home, &options(shard));
        let (header, own) = text.split_once('\n').expect("a header");
        assert_eq!(Some(header), whole.lines().next());
        assert!(own.lines().count() > 1, "{shard}: {text}");
        parts.extend(own.lines().map(str::to_owned));
    }
    let mut all: Vec<String> = whole.lines().skip(1).map(str::to_owned).collect();
    all.sort();
    parts.sort();
    assert_eq!(parts, all);
}

#[test]
fn seed_rows_come_first_and_are_completed() {
    let home = home();
    home.write("seeds.txt", "System\tType\tSize\nNTFS\twide\t500\nFAT\t\t~-1\n");
    for effort in ["fast", "compact"] {
        let text = rows(&home, &["--seeds", "seeds.txt", "--effort", effort]);
        let holds =
            |words: &[&str]| text.lines().any(|line| words.iter().all(|word| line.split('\t').any(|own| own == *word)));
        assert!(holds(&["Span", "500", "NTFS"]) || holds(&["Wide", "500", "NTFS"]), "{text}");
        assert!(holds(&["~-1", "FAT"]), "{text}");
        checked(&home, &text, &[], 0);
    }
}

#[test]
fn what_rows_miss_and_break_is_told_in_words() {
    let home = home();
    let text = "Type\tSize\tFormat\tSystem\nSingle\t500\tquick\tFAT\nSingle\t10\tquick\tFAT\nSpan\t~-1\tslow\tNTFS\n";
    let told = checked(&home, text, &["--strength", "1"], 1);
    let expected = "\
rows        3
covered     5 of 11 (45.4 %)
infeasible  0
missing     6
  Type = Span
  Type = Stripe
  Size = 100
  Size = 500
  Format = slow
  System = NTFS
broken      1
  rows.txt, line 2: breaks volume.pict, line 7: IF [System] = \"FAT\" THEN [Size] <= 100
";
    assert_eq!(told, expected);
    home.write("volume.pict", "A: 1, ~2\nB: 1, ~2\n");
    let told = checked(&home, "A\tB\n1\t1\n~2\t1\n1\t~2\n~2\t~2\n", &[], 1);
    assert!(told.contains("missing     0\n"), "{told}");
    assert!(told.ends_with("  rows.txt, line 5: holds more than one negative value, of A, B\n"), "{told}");
}

#[test]
fn only_so_many_missing_tuples_are_told() {
    let home = home();
    let told = checked(&home, "Type\tSize\tFormat\tSystem\n", &["--strength", "2"], 1);
    assert!(told.contains("  and "), "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("  ") && line.contains(" = ")).count(), 20);
}

#[test]
fn statistics_are_apart_from_the_rows() {
    let home = home();
    let ran = home.plumb(&["generate", "--pict", "volume.pict", "--effort", "fast", "--stats"]).exits(0);
    assert_eq!(ran.stdout, rows(&home, FAST));
    let tests = ran.stdout.lines().count() - 1;
    assert!(ran.stderr.contains(&format!("Generated tests: {tests}\n")), "{}", ran.stderr);
    assert!(ran.stderr.contains("(100 %)\n"), "{}", ran.stderr);
}

#[test]
fn what_pict_lets_its_command_line_change_can_be_changed() {
    let home = home();
    home.write("volume.pict", "A: 1,5; !2/two\na: x; y\n");
    let options = ["--value-separator", ";", "--alias-separator", "/", "--negative-prefix", "!", "--case-sensitive"];
    let text = rows(&home, &[&options, FAST].concat());
    assert!(text.starts_with("A\ta\n") && text.contains("1,5\t") && text.contains("!2\t"), "{text}");
    checked(&home, &text, &options, 0);
}

#[test]
fn a_value_that_can_never_be_is_told_with_the_reason() {
    let home = home();
    home.write("volume.pict", "A: 1, 2, 3\nB: 1, 2, 3\n[A] < 3;\n[A] >= [B];\n[A] = 7 OR [B] > 0;\n");
    home.plumb(&["generate", "--pict", "volume.pict", "--effort", "fast"]).exits(0).says(&[
        "volume.pict, line 5: A has no value 7",
        "volume.pict, line 1: A can never be 3, because of line 3: [A] < 3",
        "volume.pict, line 2: B can never be 3, because of line 3: [A] < 3; and line 4: [A] >= [B]",
    ]);
}

#[test]
fn a_reader_that_wants_no_more_is_told_nothing_wrong() {
    let home = home();
    // The rows are longer than a pipe holds.
    let long = "x".repeat(100);
    let many: Vec<String> = (0..200).map(|own| format!("{own}: {long}1, {long}2, {long}3, {long}4")).collect();
    home.write("volume.pict", many.join("\n"));
    let plumb = env!("CARGO_BIN_EXE_plumb");
    let line = format!("{plumb} generate --pict volume.pict --effort fast --stats | head -n 1 | wc -l");
    let ran = Running::start(home.program("sh").args(["-c", &line]), b"").end().exits(0);
    assert_eq!((ran.stdout.trim(), ran.stderr.as_str()), ("1", ""));
}

#[test]
fn constraints_that_leave_no_row_are_named() {
    let home = home();
    home.write("volume.pict", "A: 1, 2\nB: 1, 2\n[A] = 1;\n[B] = 1;\n[A] > [B];\n");
    let words =
        ["the constraints contradict each other", "line 3: [A] = 1; and line 5: [A] > [B]", "change one of these"];
    for effort in ["fast", "compact"] {
        refused(&home, &["generate", "--pict", "volume.pict", "--effort", effort], &words);
    }
}

#[test]
fn a_mistake_is_shown_at_its_place() {
    let home = home();
    home.write("volume.pict", "A: 1, 2\nIF [A] = 1 THAN [A] = 2;\n");
    let words = [
        "volume.pict, line 2, column 12: THEN is missing",
        "[volume.pict:2:12]",
        "IF [A] = 1 THAN [A] = 2;",
        "expected AND, OR or THEN",
    ];
    refused(&home, &["generate", "--pict", "volume.pict"], &words);
    home.write("volume.pict", format!("A: 1\n[{}] ? 1;", "x".repeat(900)));
    let ran = refused(&home, &["generate", "--pict", "volume.pict"], &["line 2, column 904: no relation stands here"]);
    assert!(ran.stderr.len() < 1_500, "{}", ran.stderr);
    home.write("volume.pict", b"A: 1, \xff\n");
    refused(&home, &["generate", "--pict", "volume.pict"], &["volume.pict", "in UTF-8"]);
    refused(&home, &["generate", "--pict", "none.pict"], &["none.pict", "name a file with a model"]);
}

#[test]
fn rows_that_do_not_fit_the_model_are_refused() {
    let home = home();
    let arguments = ["generate", "--pict", "volume.pict", "--seeds", "seeds.txt"];
    home.write("seeds.txt", "System\tLang\nFAT\tEN\n");
    refused(
        &home,
        &arguments,
        &["seeds.txt, line 1, column 8: the model has no parameter \"Lang\"", "there are: Type, Size"],
    );
    home.write("seeds.txt", "System\nFAT16\n");
    refused(&home, &arguments, &["seeds.txt, line 2, column 1: System has no value \"FAT16\"", "there are: FAT, NTFS"]);
    home.write("seeds.txt", "System\tSize\nFAT\t500\n");
    refused(
        &home,
        &arguments,
        &["seeds.txt, line 2", "breaks the constraint in line 7 of the model: IF [System] = \"FAT\""],
    );
    home.write("volume.pict", "A: 1, 2\nB: 1, 2\nC: 1, 2\n[A] = [B];\n[B] = [C];\n");
    home.write("seeds.txt", "A\tC\n1\t1\n1\t2\n");
    refused(&home, &arguments, &["the seed row in line 3 cannot be completed"]);
}

#[test]
fn options_that_cannot_be_are_refused() {
    let home = home();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--strength", "5"], &["5 is no strength: it is 1 to 4"]),
        (&["--strength", "0"], &["0 is no strength"]),
        (&["--shard", "4/3"], &["shard 4 is out of range: of 3 there are 1 to 3"]),
        (&["--shard", "0/3"], &["shard 0 is out of range"]),
        (&["--shard", "half"], &["a shard looks like 2/5"]),
        (&["--api", "kv"], &["cannot be used with '--api <NAME>'"]),
        (&["--check", "rows.txt", "--seeds", "seeds.txt"], &["cannot be used with"]),
        (&["--operation", "Get"], &["cannot be used with '--operation <NAME>'"]),
        (&["--value-separator", "ab"], &["give one character, space or tab"]),
    ];
    for (more, words) in cases {
        refused(&home, &[&["generate", "--pict", "volume.pict"], more].concat(), words);
    }
    home.write("volume.pict", "A: 1, 2\nB: 1, 2\n$expected: ok\n");
    let words = ["the strength 3 is above the number of parameters, 2"];
    refused(&home, &["generate", "--pict", "volume.pict", "--strength", "3"], &words);
    refused(&home, &["generate", "--pict", "-", "--check", "-"], &["standard input is read twice"]);
    refused(&home, &["generate"], &["--pict <FILE>"]);
    refused(&home, &["generate", "--api", "kv", "--strength", "5"], &["there is no strength 5"]);
    for option in ["--effort=fast", "--check=x", "--seeds=x", "--stats", "--case-sensitive"] {
        refused(&home, &["generate", "--api", "kv", option], &["cannot be used with"]);
    }
}

/// The ids and operations of the cases that are printed.
fn cases(home: &Home, more: &[&str]) -> Vec<Value> {
    let ran = home.plumb(&[&["generate", "--api", "kv"], more].concat()).exits(0);
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("each line is a case")).collect()
}

#[test]
fn the_cases_of_an_api_are_printed_one_a_line() {
    let home = Home::new();
    let puts = cases(&home, &["--operation", "Put"]);
    assert!(puts.len() > 10 && puts.iter().all(|case| case["api"] == "kv"), "{puts:?}");
    assert_eq!(cases(&home, &["--operation", "Put"]), puts);
    assert_ne!(cases(&home, &["--operation", "Put", "--seed", "2"]), puts);
    assert!(cases(&home, &[]).len() > puts.len());
    let parts = ["1/2", "2/2"].map(|shard| cases(&home, &["--operation", "Put", "--shard", shard]));
    let text = |cases: &[Value]| cases.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(text(&parts.concat()), text(&puts));
    assert_eq!(parts[0].len() + parts[1].len(), puts.len());
    refused(&home, &["generate", "--api", "kv", "--operation", "Gett"], &["\"Gett\"", "there are: Put, Get"]);
}

#[test]
fn a_printed_case_can_be_asked_after() {
    let home = Home::new();
    let case = cases(&home, &["--operation", "Put"]).swap_remove(0);
    home.write("case.json", case.to_string());
    home.plumb(&["ask", "--api", "kv", "--after", "case.json", "List"]).exits(0);
}
