//! Overrides: somebody answers for going on although a gate does not pass.
//!
//! At three in the morning whoever is on call must be able to go on, and in the morning everybody must be able to see who
//! did, why, and until when. So an override is an entry in a file that is kept with the code, under review like it, and
//! entries are only ever added:
//!
//! ```toml
//! [[override]]
//! gate = "release"
//! who = "Ada Lovelace, on call"
//! why = "INC-4711: the fix must go out, the finding is in a report that nobody reads at night"
//! made = 2026-11-22T03:12:00+01:00
//! until = 2026-11-22T12:00:00+01:00
//! version = "2.14.1"     # only for this expected version; without it, for any
//! ```
//!
//! An override never makes a gate pass: [`Decision::decided`](crate::decision::Decision::decided) says
//! [`Overridden`](crate::verdict::Verdict::Overridden), with the entry in it, each time it is used.

mod entry;
mod file;

use jiff::{SignedDuration, Timestamp};

pub use entry::{Entry, Mistake, NAME_CHARACTERS_MAX, WHY_CHARACTERS_MAX, parse};
pub use file::{Error, add, load};

use crate::decision::Override;

/// The file that is read where none is named.
pub const OVERRIDES_FILE: &str = "plumb.overrides.toml";
/// The longest time for which an override counts. Whoever needs more adds another, and is asked why again: a week covers
/// every night and weekend, and is too short to forget about.
pub const OVERRIDE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far the clocks of who makes an override and of who uses it may be apart.
pub const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(5);
/// The longest such file, in bytes.
pub const OVERRIDES_BYTES_MAX: u64 = 1 << 20;

/// The override that counts for `gate` at `now`, where `version` is the version that the gate expects: of several the one
/// made last.
pub fn in_force(entries: &[Entry], gate: &str, version: Option<&str>, now: Timestamp) -> Option<Override> {
    let counts = |entry: &&Entry| entry.is_about(gate, version) && entry.is_made(now) && now < entry.until;
    let entry = entries.iter().filter(counts).max_by_key(|entry| entry.made)?;
    Some(Override { who: entry.who.clone(), why: entry.why.clone(), until: entry.until, made: entry.made })
}

/// Why no override counts for `gate` although there is an entry for it: a sentence for the last entry that is over, for
/// another version, or not made yet. Nothing where one counts, or there is none.
pub fn told(entries: &[Entry], gate: &str, version: Option<&str>, now: Timestamp) -> Option<String> {
    if in_force(entries, gate, version, now).is_some() {
        return None;
    }
    let entry = entries.iter().filter(|entry| entry.gate == gate).max_by_key(|entry| entry.made)?;
    let Entry { who, made, until, .. } = entry;
    Some(if !entry.is_made(now) {
        format!("an override by {who} is not in force: it says that it was made at {made}, which is to come")
    } else if !entry.is_about(gate, version) {
        let (own, expected) = (entry.version.as_deref().unwrap_or_default(), version.unwrap_or("none"));
        format!("an override by {who} is not in force: it is for version {own}, and the gate expects {expected}")
    } else {
        format!("an override by {who} is over since {until}, and is not in force")
    })
}
