//! Rules for source files.

use crate::files;

/// At this length a file holds two ideas.
const LINES_MAX: usize = 500;

/// The part of a file before its unit tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn forbid(folder: &str, words: &[&str], except: &[&str]) {
    let mut found = Vec::new();
    for (path, text) in files(folder, ".rs").iter().filter(|(path, _)| path.contains("/src/")) {
        if except.iter().any(|part| path.contains(part)) {
            continue;
        }
        for (number, line) in product(text).lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                found.push(format!("{path}:{} has {word}: {line}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn model_and_generator_are_pure() {
    let impure = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::io::std",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "HashMap",
        "HashSet",
        "tokio",
        "reqwest",
        "thread_rng",
        "from_os_rng",
        "rand::random",
        "SysRng",
    ];
    for folder in ["model", "generator"] {
        forbid(folder, &impure, &[]);
    }
}

#[test]
fn only_main_and_the_s3_crates_name_s3() {
    let names = ["s3", "S3", "AWS", "aws_", "aws-", "amz"];
    // The fixture is compiled for tests only: a report like those that people will see.
    let except = ["/s3/", "runner/src/main.rs", "runner/src/report/fixture.rs"];
    for folder in ["model", "generator", "validator", "steps", "runner"] {
        forbid(folder, &names, &except);
    }
}

#[test]
fn there_is_one_comparison() {
    let callers: Vec<String> = ["model", "generator", "validator", "steps", "runner"]
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
        .filter(|(path, text)| {
            path.contains("/src/") && !path.ends_with("/testing.rs") && product(text).contains("judge(")
        })
        .map(|(path, _)| path)
        .collect();
    let allowed = [
        "model/src/belief.rs",
        "model/src/judge.rs",
        "validator/src/model_server.rs",
        "validator/src/session/expect.rs",
    ];
    assert_eq!(callers, allowed);
}

#[test]
fn the_arrows_point_the_right_way() {
    let arrows = [
        ("model", &[][..]),
        ("model/kv", &["plumb-model"]),
        ("model/s3", &["plumb-model"]),
        ("generator", &["plumb-model"]),
        ("validator", &["plumb-model"]),
        ("steps", &["plumb-model", "plumb-validator"]),
        ("steps/s3", &["plumb-model", "plumb-s3", "plumb-steps"]),
        ("runner/canary", &[]),
        ("runner/gate", &[]),
        ("runner/s3", &["plumb-model", "plumb-s3", "plumb-s3-steps", "plumb-validator"]),
        (
            "runner",
            &[
                "plumb-canary",
                "plumb-gate",
                "plumb-generator",
                "plumb-kv",
                "plumb-model",
                "plumb-s3-plugin",
                "plumb-steps",
                "plumb-validator",
            ],
        ),
    ];
    for (folder, allowed) in arrows {
        let path = crate::root().join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&path).expect("a manifest");
        let section = text.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
        let own = section
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| name.starts_with("plumb-"));
        let mut own: Vec<&str> = own.collect();
        own.sort_unstable();
        assert_eq!(own, allowed, "{folder}: a new arrow needs a page in docs/decisions/");
    }
}

#[test]
fn no_file_holds_two_ideas() {
    let mut long = Vec::new();
    for folder in ["model", "generator", "validator", "steps", "runner", "tests"] {
        for (path, text) in files(folder, ".rs") {
            let lines = product(&text).lines().count();
            if lines > LINES_MAX {
                long.push(format!("{path}: {lines}"));
            }
        }
    }
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn nothing_is_left_undone_or_allowed_without_a_reason() {
    // Written in two parts, or this file would find itself.
    let words = [
        ["to", "do!("].concat(),
        ["unimpl", "emented!("].concat(),
        ["#[al", "low("].concat(),
        ["#[ign", "ore]"].concat(),
    ];
    for folder in ["model", "generator", "validator", "steps", "runner", "tests"] {
        for (path, text) in files(folder, ".rs") {
            for word in &words {
                assert!(!text.contains(word.as_str()), "{path} has {word}");
            }
        }
    }
}
