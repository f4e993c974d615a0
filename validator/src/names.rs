//! Names that carry the run: `plumb-<run>-<case>-<role>`.

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::seen::Names;

use crate::target::Target;

/// What every name this tool makes starts with.
pub const OWNER_MARKER: &str = "plumb";

/// The id of a run: eight characters of `a-z2-7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

impl RunId {
    /// The id drawn from `random` bits.
    pub fn new(random: u64) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let digit = |place: u32| char::from(ALPHABET[usize::try_from(random >> (5 * place) & 31).unwrap_or(0)]);
        Self((0..8).map(digit).collect())
    }

    /// The id that `text` is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
        (text.len() == 8 && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// What every name of the run starts with, before a hyphen: `plumb-k3f9a2c1`.
    pub fn marker(&self) -> String {
        format!("{OWNER_MARKER}-{}", self.0)
    }

    /// What every name of one case starts with.
    pub fn case_marker(&self, sequence: u64) -> String {
        format!("{OWNER_MARKER}-{}-{sequence:06}", self.0)
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The names of one case.
pub struct CaseNames<'a> {
    api: &'a Api,
    target: &'a Target,
    marker: String,
    now_s: i64,
    /// The few resources that are not this case's alone: kind, role, name.
    shared: Vec<(String, String, Bytes)>,
    prefix: String,
}

impl<'a> CaseNames<'a> {
    /// The names of the case with this marker, before anything shared is lent to it.
    pub fn new(api: &'a Api, target: &'a Target, marker: String) -> Self {
        Self { api, target, marker, now_s: 0, shared: Vec::new(), prefix: String::new() }
    }

    /// Lends a shared resource; from now on everything inside is named below `prefix`.
    pub fn lend(&mut self, kind: &str, role: &str, name: Bytes, prefix: &str) {
        self.shared.push((kind.to_owned(), role.to_owned(), name));
        prefix.clone_into(&mut self.prefix);
    }

    /// Lends something as a whole: what is inside keeps its names.
    pub(crate) fn lend_whole(&mut self, kind: &str, role: &str, name: Bytes) {
        self.shared.push((kind.to_owned(), role.to_owned(), name));
    }

    /// What everything inside of what was lent is named below; none where no part of anything was.
    pub(crate) fn prefix(&self) -> Option<&str> {
        (!self.prefix.is_empty()).then_some(self.prefix.as_str())
    }

    /// Sets what "now" means for the next call.
    pub const fn set_now_s(&mut self, now_s: i64) {
        self.now_s = now_s;
    }
}

impl Names for CaseNames<'_> {
    fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
        if let Some((.., name)) = self.shared.iter().rev().find(|(of, own, _)| of == kind && own == role) {
            return Some(name.clone());
        }
        let resources = &self.api.resources;
        resources.inside(kind, role, &self.prefix).or_else(|| resources.name(kind, role, &self.marker))
    }

    fn actor(&self, name: &str) -> Option<Bytes> {
        self.target.actor(Some(name)).map(|actor| Bytes::copy_from_slice(actor.id.as_bytes()))
    }

    fn region(&self) -> Bytes {
        Bytes::copy_from_slice(self.target.region.as_bytes())
    }

    fn now_s(&self) -> i64 {
        self.now_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_eight_plain_characters() {
        assert_eq!(RunId::new(0).marker(), "plumb-aaaaaaaa");
        assert_eq!(RunId::new(u64::MAX).case_marker(12), "plumb-77777777-000012");
    }
}
