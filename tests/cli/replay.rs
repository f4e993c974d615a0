//! `plumb replay`: the printed command line, typed in again.

use serde_json::Value;

use crate::conform::arguments;
use crate::support::{Home, Listener, Served, shell_words};

/// A run folder with a name that a shell takes apart unless it is quoted.
const AWKWARD: &str = "it's $HOME; results";

/// The first finding of a run against `server`.
fn finding(home: &Home, server: &Served) -> Value {
    let json = home.plumb(&arguments(&server.url, &["--output", AWKWARD])).exits(1).json();
    json["findings"][0].clone()
}

/// The printed command line without the program's name; with `url`, pointed somewhere else.
pub(crate) fn replay_words(finding: &Value, url: Option<&str>) -> Vec<String> {
    let mut words = shell_words(finding["replay"].as_str().expect("a command"));
    assert_eq!(words.remove(0), "plumb");
    if let Some(url) = url {
        let place = words.iter().position(|word| word == "--endpoint-url").expect("an endpoint");
        url.clone_into(&mut words[place + 1]);
    }
    words
}

fn replay(home: &Home, words: &[String]) -> crate::support::Ran {
    home.plumb(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_was_printed_replays_and_tells_whether_it_is_fixed() {
    let home = Home::new();
    let (planted, honest) = (Served::new(&home, "kv", Some("lost-overwrite")), Served::kv(&home));
    let finding = finding(&home, &planted);
    let before = home.everything();
    let again = replay(&home, &replay_words(&finding, None)).exits(1);
    assert!(again.stdout.starts_with("REPRODUCED"), "{}", again.stdout);
    let elsewhere = replay(&home, &replay_words(&finding, Some(&honest.url))).exits(0);
    assert!(elsewhere.stdout.starts_with("FIXED"), "{}", elsewhere.stdout);
    assert_eq!(home.everything(), before, "a replay leaves nothing behind");
}

#[test]
fn a_replay_as_json_is_one_object() {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("lost-overwrite"));
    let finding = finding(&home, &planted);
    let mut words = replay_words(&finding, None);
    words.extend(["--format".into(), "json".into()]);
    let json = replay(&home, &words).exits(1).json();
    assert_eq!(json["schema"], "plumb.replay/1");
    assert_eq!(json["answer"], "REPRODUCED");
    assert_eq!(json["finding"], finding["id"]);
}

#[test]
fn a_replay_that_reaches_nobody_is_inconclusive() {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("lost-overwrite"));
    let finding = finding(&home, &planted);
    let url = Listener::new().url();
    let before = home.everything();
    replay(&home, &replay_words(&finding, Some(&url))).exits(2).says(&["failed to reach the target", &url]);
    assert_eq!(home.everything(), before, "nothing was made, so no journal stays");
}

/// Another bug than the recorded one gives no answer to the question of the file.
#[test]
fn a_server_with_another_bug_is_inconclusive() {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("lost-overwrite"));
    let other = Served::new(&home, "kv", Some("delete-forgets"));
    let of_lost = finding(&home, &planted);
    let mut file: Value = serde_json::from_str(&home.read(&replay_words(&of_lost, None)[1])).expect("JSON");
    // Before its last call, the file now claims another answer than any server gives.
    file["finding"]["recorded"][0][1] = "418".into();
    home.write("changed.json", file.to_string());
    let ran = home.plumb(&["replay", "changed.json", "--endpoint-url", &other.url]).exits(2);
    assert!(ran.stdout.starts_with("INCONCLUSIVE") && ran.stdout.contains("418"), "{}", ran.stdout);
}
