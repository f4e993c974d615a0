//! The tables of every key for canaries, held against what the program takes.

use plumb_canary::config::Mistake;
use plumb_canary::plan::Plan;
use plumb_runner::config::Config;
use plumb_runner::error::Error;
use toml::{Table, Value};

use crate::root;

/// One row of a table.
struct Row {
    section: String,
    keys: Vec<String>,
    kind: String,
    bounds: String,
    default: String,
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of every section whose heading is that of a table of TOML.
fn rows(page: &str) -> Vec<Row> {
    let (mut all, mut section) = (Vec::new(), None);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).map(str::to_owned);
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (Some(section), [_, key, kind, bounds, default, _, _]) = (&section, &cells[..]) else { continue };
        if key.starts_with('`') {
            let owned = |text: &&str| (*text).to_owned();
            let (kind, bounds, default) = (owned(kind), owned(bounds), owned(default));
            all.push(Row { section: section.clone(), keys: quoted(key), kind, bounds, default });
        }
    }
    assert!(!all.is_empty(), "tables");
    all
}

/// What the program would take instead of a key that there is not.
fn expected(section: &str) -> Vec<String> {
    let text = format!("{}\nzzz = 1\n", section.replace("NAME", "a"));
    let Err(Error::Config(error)) = Config::parse("plumb.toml", text) else { panic!("{section} takes any key") };
    let (_, expected) = error.message.split_once("expected").unwrap_or_else(|| panic!("{section}: {}", error.message));
    let mut keys = quoted(expected);
    keys.sort();
    keys
}

#[track_caller]
fn check_keys(section: &str, mut documented: Vec<String>) {
    documented.sort();
    assert_eq!(documented, expected(section), "the keys of {section}: documented, and taken");
}

#[test]
fn every_key_is_in_its_table_and_every_table_has_nothing_else() {
    let rows = rows(&page("canary-keys.md"));
    let mut sections: Vec<&String> = rows.iter().map(|row| &row.section).collect();
    sections.dedup();
    for section in &sections {
        let own = rows.iter().filter(|row| row.section == **section).flat_map(|row| row.keys.clone());
        check_keys(section, own.collect());
    }
    // Whatever is a table of its own has one.
    for row in rows.iter().filter(|row| row.kind == "table") {
        let inner = format!("{}.{}]", row.section.trim_end_matches(']'), row.keys[0]);
        assert!(sections.iter().any(|section| **section == inner), "{inner} has no table");
    }
}

#[test]
fn targets_and_the_kill_switch_have_their_keys_in_tables_too() {
    for (name, section) in [("targets.md", "[targets.NAME]"), ("kill-switch.md", "[kill_switch]")] {
        let text = page(name);
        let (_, table) = text.split_once("| key | meaning | where it is missing |\n|---|---|---|\n").expect("a table");
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        let keys = rows.flat_map(|line| quoted(line.split('|').nth(1).unwrap_or_default()));
        check_keys(section, keys.collect());
    }
}

/// Something of everything, so that any key can be set or left out.
const BASE: &str = r#"
[targets.t]
api = "kv"
endpoint = "http://127.0.0.1:1"
[agent]
region = "eu"
state = "state"
heartbeat = { url = "http://127.0.0.1:2/" }
[canaries.a]
features = ["a.feature"]
embedded = true
targets = ["t"]
every = "1m"
owner = "team"
suites = { budget = "10" }
slo = { availability = 0.5, window = "90d", latency = { share = 0.9, within = "1s" } }
[alerts.rule]
all_missed = "1h"
severity = "page"
receivers = ["post"]
[alerts.slots]
slots = { axis = "availability", bad = 2, of = 3 }
severity = "page"
receivers = ["post"]
[alerts.burn_rate]
burn_rate = { axis = "availability", factor = 6, long = "90d", short = "1m" }
severity = "page"
receivers = ["post"]
[alerts.latency]
latency = { over = "1h", exchanges_min = 100 }
severity = "page"
receivers = ["post"]
[receivers.post.webhook]
url = "http://127.0.0.1:3/"
[receivers.manager.alertmanager]
url = "http://127.0.0.1:4"
[[maintenance]]
reason = "disks"
cron = "0 3 * * *"
time_zone = "UTC"
lasts = "1h"
"#;

/// The table of a section within the base.
fn table<'t>(base: &'t mut Table, section: &str) -> &'t mut Table {
    let plain = section.trim_matches(['[', ']']);
    let named = match plain {
        "alerts.NAME" => "alerts.rule".to_owned(),
        own if own.starts_with("alerts.NAME.") => own.replace("NAME.", &format!("{}.", &own["alerts.NAME.".len()..])),
        "receivers.NAME.alertmanager" => "receivers.manager.alertmanager".to_owned(),
        own if own.starts_with("receivers.") => own.replace("NAME", "post"),
        own => own.replace("NAME", "a"),
    };
    named.split('.').fold(base, |table, name| match table.get_mut(name) {
        Some(Value::Table(inner)) => inner,
        Some(Value::Array(all)) => all[0].as_table_mut().expect("a table"),
        _ => panic!("{section} is not in the base"),
    })
}

/// The plan of the base, with a key of a section set to this, or left out.
fn plan(section: &str, key: &str, value: Option<Value>) -> Result<Plan, String> {
    let mut base: Table = BASE.parse().expect("TOML");
    let own = table(&mut base, section);
    own.remove(key);
    own.extend(value.map(|value| (key.to_owned(), value)));
    let text = base.to_string();
    let config = Config::parse("plumb.toml", text.clone()).map_err(|error| format!("{error}: {text}"))?;
    config.sections().plan(&config.target_names(), 0).map_err(|mistake: Mistake| mistake.message)
}

/// A bound as it is written in a table, and what is `times` as much or `more`.
fn beyond(kind: &str, bound: &str, (times, more): (f64, i64)) -> (Value, Value) {
    if kind == "number" {
        let own: i64 = bound.parse().expect("a number");
        return (Value::Integer(own), Value::Integer(own + more));
    }
    let time = humantime::parse_duration(bound).unwrap_or_else(|error| panic!("{bound}: {error}"));
    let other = humantime::format_duration(time.mul_f64(times)).to_string();
    (Value::String(bound.to_owned()), Value::String(other))
}

#[test]
fn every_bound_is_taken_and_nothing_beyond() {
    let mut checked = 0;
    // The strength of a suite is no part of a plan: another test asks the binary.
    for row in rows(&page("canary-keys.md")).iter().filter(|row| row.keys != ["strength"]) {
        let Some((least, most)) = row.bounds.split_once(" to ") else { continue };
        let (section, key) = (&row.section, &row.keys[0]);
        for (bound, step) in [(least, (0.5, -1)), (most, (2.0, 1))] {
            let (at, beyond) = beyond(&row.kind, bound, step);
            assert!(plan(section, key, Some(at)).is_ok(), "{section} {key}: {bound} is refused");
            if bound != "0s" {
                assert!(plan(section, key, Some(beyond.clone())).is_err(), "{section} {key}: {beyond} is taken");
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked} bounds");
    let kept = |bytes: &str| plan("[agent]", "keep_bytes", Some(Value::String(bytes.to_owned())));
    assert!(kept("10MB").is_ok() && kept("9999kB").is_err());
}

#[test]
fn every_default_is_what_counts_where_nothing_is_said() {
    let mut checked = 0;
    for row in rows(&page("canary-keys.md")) {
        let literal = quoted(&row.default).into_iter().next().filter(|_| row.default.starts_with('`'));
        let Some(value) = literal.and_then(|text| format!("x = {text}").parse::<Table>().ok()?.remove("x")) else {
            continue;
        };
        let key = &row.keys[0];
        let left_out = plan(&row.section, key, None).unwrap_or_else(|error| panic!("{} {key}: {error}", row.section));
        assert_eq!(plan(&row.section, key, Some(value)), Ok(left_out), "{} {key}", row.section);
        checked += 1;
    }
    assert!(checked > 25, "{checked} defaults");
}

#[test]
fn the_whole_example_has_every_key_and_is_a_plan() {
    let text = page("canary-keys.md");
    let block = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let config = Config::parse("canary-keys.md", block.to_owned()).unwrap_or_else(|error| panic!("{error}"));
    let plan = config.sections().plan(&config.target_names(), 0).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.watches().count(), 2);
    let whole: Table = block.parse().expect("TOML");
    for row in rows(&text) {
        // There are two ways to let people in, and the example shows the other.
        for key in row.keys.iter().filter(|key| *key != "token") {
            let path = format!("{}.{key}", row.section.trim_matches(['[', ']']));
            assert!(has(&Value::Table(whole.clone()), &path), "the example lacks {path}");
        }
    }
}

/// Whether there is something at a path in which NAME stands for any name.
fn has(value: &Value, path: &str) -> bool {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match value {
        _ if path.is_empty() => true,
        Value::Array(all) => all.iter().any(|own| has(own, path)),
        Value::Table(own) if first == "NAME" => own.values().any(|inner| has(inner, rest)),
        Value::Table(own) => own.get(first).is_some_and(|inner| has(inner, rest)),
        _ => false,
    }
}
