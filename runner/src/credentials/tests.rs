use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use plumb_validator::plugin::{CredentialForms, NoProfile, ProcessFields, Profile, ProfileSource, Surroundings};
use tempfile::TempDir;

use super::*;
use crate::config::Reference;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A folder with one identity in it, in whichever form.
struct Lab {
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file is written");
    }

    /// The identity in the files `id` and `secret`.
    fn files(&self) -> Credentials {
        let file = |name| Reference::File(self.path(name));
        self.open(Source::References { id: file("id"), secret: file("secret"), session_token: None })
    }

    /// The identity that a script hands over. Each of its runs is counted.
    fn process(&self, script: &str) -> Credentials {
        let folder = self.folder.path().display();
        let words = ["sh".to_owned(), "-c".to_owned(), format!("cd {folder}; echo run >> runs; {script}")];
        self.open(Source::Process { words: words.to_vec(), fields: ProcessFields::NEUTRAL })
    }

    /// The identity of the profile in the file `profile`.
    fn profile(&self) -> Credentials {
        let forms = CredentialForms { process: ProcessFields::NEUTRAL, profile: Some(read_profile) };
        let because = Some("ID is not set".to_owned());
        self.open(Source::Profile { name: self.path("profile").display().to_string(), forms, because })
    }

    #[expect(clippy::unused_self, reason = "it reads as the others do")]
    fn open(&self, source: Source) -> Credentials {
        Credentials::new(vec![("me".to_owned(), source)])
    }

    /// How often the script ran.
    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).map_or(0, |text| text.lines().count())
    }

    /// What the script is to print next: these keys, good until then.
    fn answer(&self, id: &str, expires_ms: i64) {
        let expires = jiff::Timestamp::from_millisecond(expires_ms).expect("a time");
        self.write("answer", &format!(r#"{{"id": "{id}", "secret": "secret-of-{id}", "expires": "{expires}"}}"#));
    }
}

/// The profile in the file of this name: `keys ID SECRET REGION`, or `process` and words.
fn read_profile(name: &str, around: &Surroundings<'_>) -> Result<Profile, NoProfile> {
    let none = |reason: String| NoProfile { reason, remedy: "write one".into() };
    let text = (around.file)(Path::new(name)).map_err(none)?.ok_or_else(|| none("there is no profile".into()))?;
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    match &words[..] {
        [kind, id, secret, region] if kind == "keys" => {
            let keys = Keys { id: id.clone(), secret: secret.clone(), session_token: None };
            Ok(Profile { source: ProfileSource::Keys(keys), region: Some(region.clone()) })
        }
        [kind, words @ ..] if kind == "process" => {
            Ok(Profile { source: ProfileSource::Process(words.to_vec()), region: None })
        }
        _ => panic!("a profile that nobody foresaw"),
    }
}

/// The key that is good at that moment, or why none is.
fn id(credentials: &Credentials, now_ms: i64) -> Result<String, String> {
    let actors = credentials.current(now_ms).map_err(|error| error.to_string())?;
    Ok(actors[0].id.clone())
}

#[track_caller]
fn check(credentials: &Credentials, now_ms: i64, expected: &str) {
    assert_eq!(id(credentials, now_ms).as_deref(), Ok(expected), "at {now_ms}");
}

#[track_caller]
fn refused(credentials: &Credentials, now_ms: i64, words: &str) {
    let reason = id(credentials, now_ms).expect_err("nothing is good");
    assert!(reason.contains(words), "at {now_ms}: {reason}");
}

#[test]
fn files_that_are_replaced_by_renaming_are_read_again() {
    let lab = Lab::new();
    lab.write("id", "first\n");
    lab.write("secret", "secret-of-first\n");
    let credentials = lab.files();
    check(&credentials, 0, "first");
    for name in ["id", "secret"] {
        lab.write("new", if name == "id" { "second" } else { "secret-of-second" });
        fs::rename(lab.path("new"), lab.path(name)).expect("it is replaced");
    }
    check(&credentials, 10 * SECOND - 1, "first");
    check(&credentials, 10 * SECOND, "second");
    assert_eq!(credentials.expires_ms(), None);
}

/// As Kubernetes updates a secret: `id` leads to `..data/id`, and `..data` to the folder of the day.
#[test]
fn files_that_are_replaced_by_another_link_are_read_again() {
    let lab = Lab::new();
    for day in ["first", "second"] {
        fs::create_dir(lab.path(day)).expect("a folder");
        lab.write(&format!("{day}/id"), day);
        lab.write(&format!("{day}/secret"), &format!("secret-of-{day}"));
    }
    symlink("first", lab.path("..data")).expect("a link");
    for name in ["id", "secret"] {
        symlink(format!("..data/{name}"), lab.path(name)).expect("a link");
    }
    let credentials = lab.files();
    check(&credentials, 0, "first");
    symlink("second", lab.path("..data_tmp")).expect("a link");
    fs::rename(lab.path("..data_tmp"), lab.path("..data")).expect("it leads elsewhere");
    check(&credentials, 10 * SECOND, "second");
    let secret = &credentials.current(10 * SECOND).expect("credentials")[0].secret;
    assert_eq!(secret, "secret-of-second");
}

#[test]
fn a_file_that_is_gone_for_a_moment_harms_nobody_and_one_that_is_gone_for_long_does() {
    let lab = Lab::new();
    lab.write("id", "first");
    lab.write("secret", "secret-of-first");
    let credentials = lab.files();
    check(&credentials, 0, "first");
    lab.write("secret", "");
    check(&credentials, 10 * SECOND, "first");
    check(&credentials, 70 * SECOND - 1, "first");
    refused(&credentials, 70 * SECOND, "read the credentials of \"me\": the secret is empty");
    fs::remove_file(lab.path("secret")).expect("it goes");
    refused(&credentials, 10 * MINUTE, "No such file");
    lab.write("secret", "secret-of-first");
    check(&credentials, 12 * MINUTE, "first");
}

#[test]
fn a_value_that_cannot_be_sent_is_refused() {
    let lab = Lab::new();
    lab.write("id", "first");
    lab.write("secret", "one\ntwo");
    refused(&lab.files(), 0, "the secret holds a line break");
    lab.write("secret", " \n");
    refused(&lab.files(), 0, "the secret is empty");
}

#[test]
fn what_is_only_in_the_environment_is_read_once() {
    let env = |name: &str| Reference::Env(name.into());
    let source = Source::References { id: env("PATH"), secret: env("PATH"), session_token: None };
    assert_eq!(source.checked_every(), None);
    let credentials = Lab::new().open(source);
    let path = std::env::var("PATH").expect("every process has one");
    check(&credentials, 0, &path);
    check(&credentials, 1_000 * HOUR, &path);
}

#[test]
fn a_process_runs_again_before_what_it_printed_expires() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("cat answer");
    assert_eq!(lab.runs(), 0, "opening runs nothing");
    for now_ms in [0, SECOND, 55 * MINUTE - 1] {
        check(&credentials, now_ms, "first");
        assert_eq!((lab.runs(), credentials.expires_ms()), (1, Some(HOUR)));
    }
    lab.answer("second", 2 * HOUR);
    check(&credentials, 55 * MINUTE, "second");
    check(&credentials, 2 * HOUR - 6 * MINUTE, "second");
    assert_eq!((lab.runs(), credentials.expires_ms()), (2, Some(2 * HOUR)));
    assert_eq!(credentials.expiries(), [("me".to_owned(), Some(2 * HOUR))]);
}

#[test]
fn what_is_good_for_a_short_time_is_renewed_after_half_of_it() {
    let lab = Lab::new();
    lab.answer("first", MINUTE);
    let credentials = lab.process("cat answer");
    for (now_ms, runs) in [(0, 1), (30 * SECOND - 1, 1), (30 * SECOND, 2), (45 * SECOND, 3), (52_500, 4)] {
        check(&credentials, now_ms, "first");
        assert_eq!(lab.runs(), runs, "at {now_ms}");
    }
    // However short it is, not more often than once in a second.
    for now_ms in 59_000..59_990 {
        check(&credentials, now_ms, "first");
    }
    assert!(lab.runs() <= 6, "{}", lab.runs());
}

#[test]
fn what_never_expires_is_asked_for_once() {
    let lab = Lab::new();
    let credentials = lab.process(r#"echo '{"id": "first", "secret": "s"}'"#);
    for now_ms in [0, HOUR, 1_000 * HOUR] {
        check(&credentials, now_ms, "first");
    }
    assert_eq!((lab.runs(), credentials.expires_ms()), (1, None));
}

#[test]
fn a_process_that_fails_is_tried_more_and_more_rarely_while_the_old_ones_are_good() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("cat answer");
    check(&credentials, 0, "first");
    lab.write("answer", "no session, hunter2");
    let begin = 55 * MINUTE;
    for (after_s, runs) in [(0, 2), (4, 2), (5, 3), (14, 3), (15, 4), (35, 5), (75, 6), (134, 6), (135, 7), (195, 8)] {
        check(&credentials, begin + after_s * SECOND, "first");
        assert_eq!(lab.runs(), runs, "after {after_s} s");
    }
    let error = credentials.current(HOUR).expect_err("they have expired");
    let CredentialsError::Expired { actor, since_ms, why: Some(why) } = &error else { panic!("{error:?}") };
    assert_eq!((actor.as_str(), *since_ms), ("me", HOUR));
    assert_eq!(why, "get the credentials of \"me\" from sh: what it printed is no JSON (line 1, column 2)");
    assert!(error.to_string().starts_with("renew the credentials of \"me\", which expired at 1970-01-01T01:00:00Z"));
    let runs = lab.runs();
    refused(&credentials, HOUR + 1, "which expired");
    assert_eq!(lab.runs(), runs, "it is not run for every question");
    lab.answer("second", 3 * HOUR);
    check(&credentials, HOUR + MINUTE, "second");
}

#[test]
fn what_has_expired_when_it_is_printed_is_refused() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("cat answer");
    let error = credentials.current(2 * HOUR).expect_err("they have expired");
    assert_eq!(error, CredentialsError::Expired { actor: "me".into(), since_ms: HOUR, why: None });
    refused(&credentials, 2 * HOUR + 1, "expired at 1970-01-01T01:00:00Z");
    assert_eq!(lab.runs(), 1);
}

#[test]
fn a_process_that_hangs_delays_nobody_who_holds_good_ones() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("test -e hang && sleep 30; cat answer");
    check(&credentials, 0, "first");
    lab.write("hang", "");
    let began = Instant::now();
    check(&credentials, 59 * MINUTE, "first");
    assert!(began.elapsed() < WAIT_MAX / 2, "whoever finds it due waits for a second");
    let began = Instant::now();
    for _ in 0..100 {
        check(&credentials, 59 * MINUTE, "first");
    }
    assert!(began.elapsed() < WAIT_WHILE_GOOD, "others do not wait");
    assert_eq!(lab.runs(), 2);
}

#[test]
fn whoever_asks_at_the_same_time_gets_what_one_run_printed() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("sleep 0.2; cat answer");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| check(&credentials, 0, "first"));
        }
    });
    assert_eq!(lab.runs(), 1);
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait() {
    let lab = Lab::new();
    lab.write("id", "first");
    lab.write("secret", "s");
    let credentials = lab.files();
    check(&credentials, HOUR, "first");
    lab.write("id", "second");
    check(&credentials, 0, "second");
}

#[test]
fn a_profile_is_read_again_and_its_process_only_when_that_is_due() {
    let lab = Lab::new();
    lab.write("profile", "keys first secret-of-first here");
    let credentials = lab.profile();
    check(&credentials, 0, "first");
    assert_eq!(credentials.keepers[0].region().as_deref(), Some("here"));
    let script = lab.path("script");
    fs::write(&script, format!("cd {}; echo run >> runs; cat answer", lab.folder.path().display())).expect("a script");
    lab.write("profile", &format!("process sh {}", script.display()));
    lab.answer("second", HOUR);
    for now_ms in [10 * SECOND, 20 * SECOND, 10 * MINUTE, 54 * MINUTE] {
        check(&credentials, now_ms, "second");
        assert_eq!((lab.runs(), credentials.expires_ms()), (1, Some(HOUR)), "at {now_ms}");
    }
    lab.answer("third", 2 * HOUR);
    check(&credentials, 55 * MINUTE + 10 * SECOND, "third");
    // Another command is another identity, however long the old one is good.
    lab.write("profile", &format!("process sh {} again", script.display()));
    lab.answer("fourth", 2 * HOUR);
    check(&credentials, HOUR, "fourth");
    fs::remove_file(lab.path("profile")).expect("it goes");
    check(&credentials, HOUR + 10 * SECOND, "fourth");
    refused(&credentials, HOUR + 2 * MINUTE, "ID is not set, and there is no profile");
}

#[test]
fn a_plugin_that_panics_is_told_and_nobody_waits() {
    let lab = Lab::new();
    lab.write("profile", "nonsense");
    let began = Instant::now();
    refused(&lab.profile(), 0, "reading them panicked");
    assert!(began.elapsed() < WAIT_MAX);
}

#[test]
fn what_was_rotated_out_is_kept_out_of_every_text() {
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("cat answer");
    check(&credentials, 0, "first");
    lab.answer("second", 2 * HOUR);
    check(&credentials, 56 * MINUTE, "second");
    let text = "secret-of-first, secret-of-second, secret-of-third";
    assert_eq!(credentials.without_secrets(text), "***, ***, secret-of-third");
    let lab = Lab::new();
    lab.answer("first", HOUR);
    let credentials = lab.process("test -e fail && { cat answer >&2; exit 1; }; cat answer");
    check(&credentials, 0, "first");
    lab.write("fail", "");
    let error = credentials.current(HOUR).expect_err("it fails").to_string();
    assert!(error.contains("\"secret\": \"***\""), "{error}");
    let shown = format!("{credentials:?}");
    assert!(shown.contains("first") && !shown.contains("secret-of-first"), "{shown}");
}

#[test]
fn two_names_for_one_identity_are_refused() {
    let keys = |id: &str| Source::Fixed(Keys { id: id.into(), secret: "s".into(), session_token: None });
    let both = |second| Credentials::new(vec![("alice".into(), keys("A")), (SECOND_ACTOR.into(), keys(second))]);
    assert_eq!(both("B").current(0).expect("two identities").len(), 2);
    let error = both("A").current(0).expect_err("they are one");
    assert_eq!(error.to_string(), "tell two identities apart: \"alice\" and \"other\" have the same key");
}

/// The names of the identities, in order, of a target with these actors.
fn names(actors: &str) -> Result<Vec<String>, String> {
    let text = format!("[targets.t]\napi = \"kv\"\nendpoint = \"http://127.0.0.1\"\n{actors}");
    let config = Config::parse("plumb.toml", text).map_err(|error| error.to_string())?;
    let credentials = Credentials::open(&crate::kv_plugin(), &plumb_kv::api(), &config, "t");
    Ok(credentials.map_err(|error| error.to_string())?.expiries().into_iter().map(|(name, _)| name).collect())
}

#[test]
fn the_second_identity_is_never_the_default() {
    let actor = |name: &str| format!("actors.{name} = {{ id = {{ env = \"A\" }}, secret = {{ env = \"B\" }} }}\n");
    assert_eq!(names(&(actor("other") + &actor("zoe"))), Ok(vec!["zoe".into(), "other".into()]));
    assert_eq!(names(&(actor("bob") + &actor("alice"))), Ok(vec!["alice".into(), "bob".into()]));
    let alone = names(&actor("other"));
    assert!(alone.as_ref().is_err_and(|why| why.contains("no identity but \"other\"")), "{alone:?}");
}
