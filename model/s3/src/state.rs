//! What the service remembers: buckets, the objects in them, the names of buckets that are gone, and what each
//! continuation token stands for.

use std::sync::Arc;

use bytes::Bytes;
use imbl::{OrdMap, OrdSet};
use plumb_model::bodies::Payload;
use plumb_model::call::ArgumentName;
use plumb_model::model::Lease;
use plumb_model::time::Interval;
use plumb_model::value::Symbol;
use serde::{Serialize, Serializer};

use crate::resources::START;

/// The most continuation tokens that are remembered. A case has fewer calls; a server that is made from the model
/// forgets one for each that it gives beyond.
pub const TOKENS_MAX: usize = 1_024;
/// The most names of deleted buckets that are remembered; beyond it one is forgotten for each that comes.
pub const DELETED_BUCKETS_MAX: usize = 1_024;

/// Name and value pairs in the order of their names.
pub type Pairs = Vec<(ArgumentName, Bytes)>;

/// A stored object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Object {
    /// The body, by digest and recipe.
    pub payload: Payload,
    /// The entity tag with its quotes: the MD5 of the body.
    ///
    /// Source: AWS S3 API Reference, Object: "Objects created by the PUT Object operation and encrypted by SSE-S3
    /// or plaintext have `ETag`s that are an MD5 digest of their object data".
    #[serde(serialize_with = "as_text")]
    pub etag: Bytes,
    /// When it was written, as the server will tell it.
    pub last_modified: Symbol,
    /// When it was written, as far as it is known before.
    pub written: Interval,
    /// The standard headers that come back as they were given: `content-type`, `cache-control` and the like.
    #[serde(serialize_with = "pairs_as_text")]
    pub headers: Pairs,
    /// The user's metadata, as the headers it came in and goes out in: `x-amz-meta-…`.
    #[serde(serialize_with = "pairs_as_text")]
    pub metadata: Pairs,
    /// The storage class; none means `STANDARD`.
    #[serde(serialize_with = "maybe_as_text")]
    pub storage_class: Option<Bytes>,
    /// The algorithm of the checksum it was stored with, `CRC32`; the checksum itself follows from the body. None
    /// where the server may have chosen any, or none.
    pub checksum: Option<&'static str>,
}

impl Object {
    /// The standard header `name` it was stored with.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Bucket {
    /// The public identifier of its owner; none where it is not known.
    pub owner: Option<Arc<str>>,
    /// The location that was asked for when it was made; none where none was.
    #[serde(serialize_with = "maybe_as_text")]
    pub location: Option<Bytes>,
    /// When it was made, as the server will tell it.
    pub creation_date: Symbol,
    /// When it was made, as far as it is known before; none where it is not.
    pub created: Option<Interval>,
    /// Where the bucket is shared with other cases: only keys that start so are known.
    #[serde(serialize_with = "maybe_as_text")]
    pub prefix: Option<Bytes>,
    /// The objects by key, in the order of the keys' bytes.
    #[serde(serialize_with = "map_as_text")]
    pub objects: OrdMap<Bytes, Arc<Object>>,
    /// The keys under which lies what nobody here knows: it was copied from where nothing is known.
    #[serde(serialize_with = "set_as_text")]
    pub obscure: OrdSet<Bytes>,
}

impl Bucket {
    /// An empty one where no location was asked for, all of it known.
    pub fn new(owner: Option<Arc<str>>, creation_date: Symbol, created: Option<Interval>) -> Self {
        let (objects, obscure) = (OrdMap::new(), OrdSet::new());
        Self { owner, location: None, creation_date, created, prefix: None, objects, obscure }
    }

    /// Whether every key that starts with `prefix` is known.
    pub fn knows(&self, prefix: &[u8]) -> bool {
        let own = self.prefix.as_ref().is_none_or(|own| prefix.starts_with(own));
        own && !self.obscure.iter().any(|key| key.starts_with(prefix))
    }

    /// Whether there is certainly something in it.
    pub fn is_used(&self) -> bool {
        !self.objects.is_empty() || !self.obscure.is_empty()
    }

    /// Stores an object.
    pub fn put(&mut self, key: Bytes, object: Object) {
        self.obscure.remove(&key);
        self.objects.insert(key, Arc::new(object));
    }

    /// Stores what nobody here knows.
    pub fn put_obscure(&mut self, key: Bytes) {
        self.objects.remove(&key);
        self.obscure.insert(key);
    }

    /// Takes away what lies under a key.
    pub fn remove(&mut self, key: &Bytes) {
        self.obscure.remove(key);
        self.objects.remove(key);
    }
}

/// What a continuation token stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Token {
    /// The bucket it was given for.
    #[serde(serialize_with = "as_text")]
    pub bucket: Bytes,
    /// The prefix it was given for.
    #[serde(serialize_with = "as_text")]
    pub prefix: Bytes,
    /// The delimiter it was given for.
    #[serde(serialize_with = "as_text")]
    pub delimiter: Bytes,
    /// The last key or common prefix of the page that gave it.
    #[serde(serialize_with = "as_text")]
    pub after: Bytes,
}

/// What the service remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct State {
    /// The buckets by name. A name that is not here is absent.
    #[serde(serialize_with = "map_as_text")]
    pub buckets: OrdMap<Bytes, Bucket>,
    /// The names of buckets that were deleted and not made again.
    #[serde(serialize_with = "set_as_text")]
    pub deleted: OrdSet<Bytes>,
    /// The tokens given so far; what one looks like is told by the bindings.
    pub tokens: OrdMap<Symbol, Token>,
}

impl State {
    /// The state in which just these buckets exist, without objects that a case could know.
    pub fn of(leases: &[Lease]) -> Self {
        let bucket = |lease: &Lease| {
            // No call of a case is known by an empty id, so this symbol is nobody else's.
            let creation_date = Symbol::new("", &format!("creation-date-{}", text(&lease.name)));
            let bucket = Bucket::new(lease.owner.as_deref().map(Arc::from), creation_date, None);
            Bucket { prefix: lease.prefix.clone(), ..bucket }
        };
        let buckets = leases.iter().filter(|lease| lease.kind == "bucket");
        Self { buckets: buckets.map(|lease| (lease.name.clone(), bucket(lease))).collect(), ..Self::default() }
    }

    /// The state with `bucket` under `name`.
    #[must_use]
    pub fn with_bucket(&self, name: Bytes, bucket: Bucket) -> Self {
        Self { deleted: self.deleted.without(&name), buckets: self.buckets.update(name, bucket), ..self.clone() }
    }

    /// The state without the bucket `name`.
    #[must_use]
    pub fn without_bucket(&self, name: &Bytes) -> Self {
        let mut deleted = self.deleted.clone();
        if deleted.len() >= DELETED_BUCKETS_MAX {
            deleted.remove_min();
        }
        deleted.insert(name.clone());
        Self { buckets: self.buckets.without(name), deleted, ..self.clone() }
    }

    /// Whether every bucket whose name starts with `prefix` is known. A name of ours goes to one case only, so what
    /// starts like one that this case has for itself is this case's as well.
    pub fn knows_buckets(&self, prefix: &[u8]) -> bool {
        let own = self.buckets.iter().filter(|(_, bucket)| bucket.prefix.is_none()).map(|(name, _)| name);
        own.chain(&self.deleted).any(|name| name.starts_with(START) && prefix.starts_with(name))
    }

    /// The state with one more token.
    #[must_use]
    pub fn with_token(&self, symbol: Symbol, token: Token) -> Self {
        let full = self.tokens.len() >= TOKENS_MAX;
        let mut tokens = if full { self.tokens.without_min().1 } else { self.tokens.clone() };
        tokens.insert(symbol, token);
        Self { tokens, ..self.clone() }
    }
}

/// Bytes as text, escaped where they are none: a state in a report is for reading, and JSON has only text keys.
fn text(bytes: &Bytes) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned)
}

fn as_text<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text(bytes))
}

#[expect(clippy::ref_option, reason = "serde hands the field over as a reference")]
fn maybe_as_text<S: Serializer>(bytes: &Option<Bytes>, to: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(text).serialize(to)
}

fn pairs_as_text<S: Serializer>(pairs: &Pairs, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().map(|(name, value)| (name, text(value))))
}

fn map_as_text<S: Serializer, V: Serialize>(map: &OrdMap<Bytes, V>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(map.iter().map(|(key, value)| (text(key), value)))
}

fn set_as_text<S: Serializer>(set: &OrdSet<Bytes>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(set.iter().map(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &'static str, prefix: Option<&'static str>) -> State {
        let prefix = prefix.map(Into::into);
        State::of(&[Lease { kind: "bucket".into(), name: name.into(), prefix, owner: None }])
    }

    #[test]
    fn only_names_that_start_like_ones_own_are_known() {
        let mine = own("plumb-t-a", None);
        for (state, prefix, known) in [
            (&mine, "plumb-t-a", true),
            (&mine, "plumb-t-a-b", true),
            (&mine, "plumb-t-", false),
            (&mine, "", false),
            (&mine.without_bucket(&"plumb-t-a".into()), "plumb-t-a", true),
            (&own("plumb-t-a", Some("p/")), "plumb-t-a", false),
            (&own("logs", None), "logs", false),
        ] {
            assert_eq!(state.knows_buckets(prefix.as_bytes()), known, "{prefix} in {state:?}");
        }
    }

    #[test]
    fn the_names_of_deleted_buckets_are_remembered_until_they_are_made_again_and_within_bounds() {
        let state = own("plumb-t-a", None);
        let bucket = state.buckets.values().next().cloned().expect("a bucket");
        let gone = state.without_bucket(&"plumb-t-a".into());
        assert!(gone.deleted.contains(&Bytes::from_static(b"plumb-t-a")));
        assert_eq!(gone.with_bucket("plumb-t-a".into(), bucket), state);
        let many =
            (0..=DELETED_BUCKETS_MAX).fold(state, |state, number| state.without_bucket(&number.to_string().into()));
        assert_eq!(many.deleted.len(), DELETED_BUCKETS_MAX);
    }
}
