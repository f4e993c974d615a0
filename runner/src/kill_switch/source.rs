//! What one source says, and what counts while it cannot be read.
//!
//! Where a file is half written or a network has a bad moment, what was said last goes on to count. Where that lasts,
//! nobody knows what the one who holds the switch wants: then only reads go on, and somebody is told. Where nothing was
//! ever read, there is nothing that could go on to count, so that this is so from the start.

use std::time::{Duration, Instant};

use plumb_model::text::shown;
use plumb_validator::brake::{BrakeState, Hold};
use serde::Deserialize;

/// The longest note that is kept, in characters.
pub(super) const NOTE_CHARACTERS_MAX: usize = 200;
/// The most bytes that a source may say.
pub(super) const SAID_BYTES_MAX: usize = 4_096;

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The state.
    pub state: BrakeState,
    /// Who set it, and why; safe to print.
    pub note: String,
}

/// What came of reading a source: nothing said, something, or why it cannot be read.
pub(super) type Reading = Result<Option<Said>, String>;

/// Reads what a source says: the state as the first word and who and why after it, or an object in JSON with `state`,
/// `who` and `reason`.
///
/// # Errors
/// Why it says nothing that could be obeyed.
pub fn parse(bytes: &[u8]) -> Result<Said, String> {
    if bytes.len() > SAID_BYTES_MAX {
        return Err(format!("it is longer than {SAID_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text")?.trim();
    if text.starts_with('{') {
        return parse_json(text);
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(Said { state: state(word)?, note: note(rest) })
}

fn parse_json(text: &str) -> Result<Said, String> {
    #[derive(Deserialize)]
    struct Json {
        state: String,
        #[serde(default)]
        who: String,
        #[serde(default)]
        reason: String,
    }
    let json: Json =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON that is known here: {error}"))?;
    let rest = match (json.who.as_str(), json.reason.as_str()) {
        ("", rest) | (rest, "") => rest.to_owned(),
        (who, reason) => format!("{who}: {reason}"),
    };
    Ok(Said { state: state(&json.state)?, note: note(&rest) })
}

fn state(word: &str) -> Result<BrakeState, String> {
    word.parse().map_err(|_| {
        let known = BrakeState::ALL.map(BrakeState::word).join(", ");
        format!("it says {:?}, and not one of {known}", shown(word.as_bytes(), 40))
    })
}

fn note(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "nobody says why".to_owned() } else { shown(text.as_bytes(), NOTE_CHARACTERS_MAX) }
}

/// A reading in words: `halt (alice: the disks are full)`.
pub(super) fn in_words(reading: &Reading) -> String {
    match reading {
        Ok(None) => BrakeState::Runs.word().to_owned(),
        Ok(Some(Said { state, note })) => format!("{state} ({note})"),
        Err(why) => format!("cannot be read: {why}"),
    }
}

/// A source with what it said last.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    remedy: String,
    last: Option<Said>,
    is_known: bool,
    unreadable: Option<(Instant, String)>,
}

impl Source {
    pub(super) const fn new(name: String, remedy: String) -> Self {
        Self { name, remedy, last: None, is_known: false, unreadable: None }
    }

    /// Takes in what was read at `now`.
    pub(super) fn take(&mut self, reading: Reading, now: Instant) {
        match reading {
            Ok(said) => {
                self.last = said;
                self.is_known = true;
                self.unreadable = None;
            }
            Err(why) => {
                let since = self.unreadable.as_ref().map_or(now, |(since, _)| *since);
                self.unreadable = Some((since, why));
            }
        }
    }

    /// What it holds back at `now`, where not being readable for `after` is too long.
    pub(super) fn holds(&self, now: Instant, after: Duration) -> Vec<Hold> {
        let hold = |state, note| Hold { state, source: self.name.clone(), note, remedy: self.remedy.clone() };
        let last = self.last.as_ref().filter(|said| said.state != BrakeState::Runs);
        let mut all: Vec<Hold> = last.map(|said| hold(said.state, said.note.clone())).into_iter().collect();
        if let Some(why) = self.lost(now, after) {
            let remedy = format!("make it readable: {}", self.remedy);
            let note = format!("it cannot be read: {why}");
            all.push(Hold { remedy, ..hold(BrakeState::ReadOnly, note) });
        }
        all
    }

    /// What somebody has to be told.
    pub(super) fn alarm(&self, now: Instant, after: Duration) -> Option<String> {
        let why = self.lost(now, after)?;
        Some(format!("the kill switch cannot be read from {}: {why}; only reads and clean-up go on", self.name))
    }

    /// Why nobody knows any more what it says.
    fn lost(&self, now: Instant, after: Duration) -> Option<&str> {
        let (since, why) = self.unreadable.as_ref()?;
        (!self.is_known || now.saturating_duration_since(*since) >= after).then_some(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_mins(1);

    fn said(text: &str) -> Reading {
        parse(text.as_bytes()).map(Some)
    }

    /// The states that are held after these readings, each so many seconds after the start, at `at`.
    fn check(readings: &[(u64, Reading)], at: u64, wanted: &[BrakeState], alarms: bool) {
        let (start, mut source) = (Instant::now(), Source::new("a file".into(), "remove it".into()));
        for (seconds, reading) in readings {
            source.take(reading.clone(), start + Duration::from_secs(*seconds));
        }
        let now = start + Duration::from_secs(at);
        let states: Vec<BrakeState> = source.holds(now, AFTER).iter().map(|hold| hold.state).collect();
        assert_eq!(states, wanted, "{readings:?} at {at}");
        assert_eq!(source.alarm(now, AFTER).is_some(), alarms, "{readings:?} at {at}");
    }

    #[test]
    fn what_was_said_last_counts_for_a_while_and_then_only_reads_go_on() {
        use BrakeState::{Drain, Halt, ReadOnly};
        let lost = || Err("torn".to_owned());
        check(&[(0, Ok(None))], 0, &[], false);
        check(&[(0, said("halt"))], 1_000, &[Halt], false);
        check(&[(0, Ok(None)), (1, lost())], 60, &[], false);
        check(&[(0, Ok(None)), (1, lost()), (30, lost())], 61, &[ReadOnly], true);
        check(&[(0, said("drain")), (1, lost())], 61, &[Drain, ReadOnly], true);
        check(&[(0, said("halt")), (1, lost())], 30, &[Halt], false);
        check(&[(0, Ok(None)), (1, lost()), (2, Ok(None)), (3, lost())], 62, &[], false);
    }

    #[test]
    fn what_was_never_read_lets_nothing_be_changed_from_the_start() {
        check(&[(0, Err("no permission".to_owned()))], 0, &[BrakeState::ReadOnly], true);
        check(&[(0, Err("no permission".to_owned())), (1, Ok(None))], 1, &[], false);
    }

    #[test]
    fn a_state_is_the_first_word_or_stands_in_json() {
        for (text, wanted) in [
            ("halt\n", "halt (nobody says why)"),
            ("  read-only alice: the disks\x1b are full ", "read-only (alice: the disks\\u{1b} are full)"),
            ("drain\tbob", "drain (bob)"),
            ("runs all is well", "runs (all is well)"),
            (r#"{"state": "halt", "who": "alice", "reason": "fire", "since": 7}"#, "halt (alice: fire)"),
            (r#"{"state": "drain", "who": "alice"}"#, "drain (alice)"),
        ] {
            assert_eq!(in_words(&said(text)), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_state_is_not_obeyed_and_not_overlooked() {
        for (bytes, wanted) in [
            (&b""[..], "it is empty"),
            (b"  \n", "it is empty"),
            (b"stop", "it says \"stop\", and not one of runs, read-only, drain, halt"),
            (b"HALT", "not one of"),
            (b"\xff\xfe", "it is no text"),
            (b"{\"state\": 1}", "it is no JSON that is known here"),
            (b"{\"who\": \"alice\"}", "missing field `state`"),
            (&[b'a'; 5_000], "it is longer than 4096 bytes"),
        ] {
            let why = parse(bytes).expect_err("it is no state");
            assert!(why.contains(wanted), "{why}");
        }
        let long = parse(format!("halt {}", "a".repeat(3_000)).as_bytes()).expect("a state");
        assert_eq!(long.note.chars().count(), NOTE_CHARACTERS_MAX + 1, "cut, with a sign that there was more");
    }
}
