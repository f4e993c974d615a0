//! Sessions: the requests of one client without a long pause between them.

use std::collections::BTreeMap;

use plumb_model::traffic::{Record, Sender};

/// The longest pause inside a session, in milliseconds: half an hour.
pub const SESSION_GAP_MS: i64 = 30 * 60 * 1_000;
/// The most sessions that are open at once; beyond it the one that has been quiet for longest ends.
pub const SESSIONS_OPEN_MAX: usize = 10_000;

/// Whose requests a session holds: address, sender and user agent.
type Client = (String, Sender, String);

/// The sessions that are open, each with what the caller keeps of it.
#[derive(Debug)]
pub struct Sessions<T> {
    open: BTreeMap<Client, Open<T>>,
    /// How many records have come: the order in which sessions were last heard of.
    count: u64,
    by_order: BTreeMap<u64, Client>,
}

#[derive(Debug)]
struct Open<T> {
    time_ms: Option<i64>,
    order: u64,
    kept: T,
}

impl<T> Default for Sessions<T> {
    fn default() -> Self {
        Self { open: BTreeMap::new(), count: 0, by_order: BTreeMap::new() }
    }
}

impl<T: Default> Sessions<T> {
    /// What is kept of the session to which a record belongs. Where that is a new one, a session that it ends is
    /// given to `end`.
    pub fn of(&mut self, record: &Record, end: impl FnOnce(T)) -> &mut T {
        let client = (record.client.clone(), record.sender.clone(), product(&record.user_agent));
        self.count += 1;
        let is_new = match self.open.get(&client) {
            Some(own) => !is_near(own.time_ms, record.time_ms),
            None => true,
        };
        if is_new {
            let over = match self.open.remove(&client) {
                Some(over) => Some(over),
                None if self.open.len() >= SESSIONS_OPEN_MAX => self.quietest(),
                None => None,
            };
            if let Some(over) = over {
                self.by_order.remove(&over.order);
                end(over.kept);
            }
        }
        let own =
            self.open.entry(client.clone()).or_insert_with(|| Open { time_ms: None, order: 0, kept: T::default() });
        self.by_order.remove(&own.order);
        own.order = self.count;
        own.time_ms = record.time_ms.max(own.time_ms);
        self.by_order.insert(self.count, client);
        &mut own.kept
    }

    fn quietest(&mut self) -> Option<Open<T>> {
        let (_, client) = self.by_order.pop_first()?;
        self.open.remove(&client)
    }

    /// What is kept of every session that is still open.
    pub fn into_open(self) -> impl Iterator<Item = T> {
        self.open.into_values().map(|own| own.kept)
    }
}

/// A user agent without what changes from call to call. Some clients say there how they were called, in words such as
/// `m/Z,b` or `cfg/retry-mode#standard`: what is behind the slash is no version.
fn product(user_agent: &str) -> String {
    let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let stays = |word: &&str| word.split_once('/').is_none_or(|(_, version)| is_version(version));
    user_agent.split(' ').filter(stays).collect::<Vec<_>>().join(" ")
}

/// Whether two moments belong to one session. Logs are not quite in order, so a record may be older than the last.
fn is_near(last_ms: Option<i64>, time_ms: Option<i64>) -> bool {
    match (last_ms, time_ms) {
        (Some(last), Some(time)) => last.abs_diff(time) <= SESSION_GAP_MS.unsigned_abs(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(client: &str, agent: &str, time_ms: Option<i64>) -> Record {
        Record { client: client.into(), user_agent: agent.into(), time_ms, ..Record::new("GET", "/", 200) }
    }

    /// The sessions as the numbers of the records in them, those that ended first.
    fn check(records: &[Record], expected: &[&[usize]]) {
        let mut sessions: Sessions<Vec<usize>> = Sessions::default();
        let mut all = Vec::new();
        for (number, record) in records.iter().enumerate() {
            sessions.of(record, |over| all.push(over)).push(number);
        }
        all.extend(sessions.into_open());
        assert_eq!(all, expected);
    }

    #[test]
    fn a_session_is_one_client_without_a_long_pause() {
        let later = SESSION_GAP_MS + 1;
        check(&[record("a", "x", Some(0)), record("a", "x", Some(SESSION_GAP_MS))], &[&[0, 1]]);
        check(&[record("a", "x", Some(0)), record("a", "x", Some(later))], &[&[0], &[1]]);
        check(&[record("a", "x", Some(5_000)), record("a", "x", Some(0))], &[&[0, 1]]);
        check(&[record("a", "x", None), record("b", "x", None), record("a", "y", None)], &[&[0], &[2], &[1]]);
        let used = |how| record("a", how, None);
        let (one, two) = ("Boto3/1.44 md/Botocore#1 m/Z,b cfg/x#y", "Boto3/1.44 md/Botocore#1 m/C");
        check(&[used(one), used(two), used("Boto3/1.45 m/C")], &[&[0, 1], &[2]]);
        let other = Record { sender: Sender::Known("u".into()), ..record("a", "x", None) };
        check(&[record("a", "x", None), other, record("a", "x", None)], &[&[0, 2], &[1]]);
    }

    #[test]
    fn no_more_are_open_than_there_may_be() {
        let mut sessions: Sessions<Vec<usize>> = Sessions::default();
        let mut ended = Vec::new();
        for number in 0..=SESSIONS_OPEN_MAX {
            sessions.of(&record(&number.to_string(), "", None), |over| ended.push(over)).push(number);
        }
        assert_eq!(ended, [[0]]);
        assert_eq!(sessions.into_open().count(), SESSIONS_OPEN_MAX);
    }
}
