//! One page of a listing: keys in the order of their bytes, common prefixes rolled up.
//!
//! Source: `LocalStack` `test_s3_list_operations` (31 tests, recorded on AWS): keys and common prefixes share
//! `max-keys`, a common prefix counts once and comes once across pages.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;

use crate::state::Object;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Only keys that start so.
    pub(crate) prefix: &'a [u8],
    /// What rolls keys up; empty means nothing does.
    pub(crate) delimiter: &'a [u8],
    /// Only what comes after this; empty means from the start.
    pub(crate) after: &'a [u8],
    /// Whether a common prefix in which `after` lies counts as returned already.
    pub(crate) past_prefix: bool,
    /// The most entries.
    pub(crate) most: usize,
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    /// A key with its object.
    Key(&'a Bytes, &'a Object),
    /// What several keys have in common up to the delimiter.
    Prefix(Bytes),
}

impl Entry<'_> {
    /// The name by which the next page knows where to go on.
    pub(crate) fn name(&self) -> Bytes {
        match self {
            Self::Key(key, _) => (*key).clone(),
            Self::Prefix(prefix) => prefix.clone(),
        }
    }
}

/// A page of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    /// The entries in order.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether there is more.
    pub(crate) truncated: bool,
}

/// The page that `ask` gives. A page of no entries is not truncated.
pub(crate) fn page<'a>(objects: &'a OrdMap<Bytes, Arc<Object>>, ask: &Ask<'_>) -> Page<'a> {
    let mut page = Page { entries: Vec::new(), truncated: false };
    let start = if ask.after >= ask.prefix { Bound::Excluded(ask.after) } else { Bound::Included(ask.prefix) };
    let start = if ask.after.is_empty() { Bound::Included(ask.prefix) } else { start };
    for (key, object) in objects.range::<_, [u8]>((start, Bound::Unbounded)) {
        if ask.most == 0 || !key.starts_with(ask.prefix) {
            break;
        }
        let entry = match rolled_up(key, ask) {
            None => Entry::Key(key, object),
            Some(common) if ask.past_prefix && ask.after.starts_with(&common) => continue,
            Some(common) => Entry::Prefix(common),
        };
        if page.entries.last() == Some(&entry) {
            continue;
        }
        if page.entries.len() == ask.most {
            page.truncated = true;
            break;
        }
        page.entries.push(entry);
    }
    page
}

/// The common prefix that a key rolls up into; none where it stands for itself.
fn rolled_up(key: &Bytes, ask: &Ask<'_>) -> Option<Bytes> {
    if ask.delimiter.is_empty() {
        return None;
    }
    let rest = key.get(ask.prefix.len()..)?;
    let at = rest.windows(ask.delimiter.len()).position(|window| window == ask.delimiter)?;
    Some(key.slice(..ask.prefix.len() + at + ask.delimiter.len()))
}
