//! What a model may know when it answers: bindings, flavour, time, bodies. And how values become bytes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{BufMut as _, Bytes, BytesMut};
use imbl::OrdMap;

use crate::bodies::{self, Bodies, ContentId, Origin, Payload, Pooled};
use crate::call::Call;
use crate::time::{self, Interval};
use crate::value::{Function, Symbol, Value};

/// The longest value that [`Function::PadTo`] makes, in bytes.
pub const PAD_BYTES_MAX: usize = 1 << 20;

/// What the symbols stand for, in canonical form ([`crate::expectation::Form::canonical`]).
pub type Bindings = OrdMap<Symbol, Bytes>;

/// What a model may know besides its state and the call.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The id of the call, under which the values its answer chooses are known.
    pub call_id: &'a str,
    /// Who sends it: the public identifier of the actor; none where nobody signed.
    pub actor: Option<&'a str>,
    /// The values the server has chosen so far.
    pub bindings: &'a Bindings,
    /// The flavour of the API.
    pub flavour: &'a str,
    /// The region of the service, for APIs that know regions.
    pub region: &'a str,
    /// The moment of the call on the target's clock.
    pub time: Interval,
    /// The pool of bodies.
    pub bodies: &'a Bodies,
}

impl Seen<'_> {
    /// The symbol `name` of this call's answer.
    pub fn symbol(&self, name: &str) -> Symbol {
        Symbol::new(self.call_id, name)
    }

    /// What a symbol stands for; none while it is unbound.
    pub fn bound(&self, symbol: &Symbol) -> Option<&Bytes> {
        self.bindings.get(symbol)
    }

    /// The seconds since 1970 a date symbol stands for; none while it is unbound.
    pub fn bound_seconds(&self, symbol: &Symbol) -> Option<i64> {
        std::str::from_utf8(self.bound(symbol)?).ok()?.parse().ok()
    }

    /// What a state keeps of the body `value`: an argument that is missing is an empty body.
    pub fn payload(&self, value: Option<&Value>) -> Payload {
        let (pooled, origin) = match value {
            Some(Value::Body(spec)) => (self.bodies.made(*spec), Origin::Pattern(*spec)),
            Some(Value::Literal(bytes)) => {
                let (id, pooled) = self.bodies.give(bytes);
                (pooled, Origin::Given(id))
            }
            Some(Value::Content(id)) => (held(self.bodies, *id), Origin::Given(*id)),
            _ => {
                let (id, pooled) = self.bodies.give(&Bytes::new());
                (pooled, Origin::Given(id))
            }
        };
        Payload { length: pooled.bytes.len() as u64, md5: pooled.md5, origin }
    }

    /// The bytes of a value of an expectation; none where they hang on what no answer has told.
    pub fn value(&self, value: &Value) -> Option<Bytes> {
        resolve(value, &NoNames, self.bindings, self.bodies).ok()
    }

    /// A digest of a stored body, in Base64; none where its bytes were given to another pool.
    pub fn digest(&self, function: Function, of: Origin) -> Option<Bytes> {
        let digest = self.bodies.from(of)?.digest(function)?;
        Some(BASE64.encode(digest).into())
    }

    /// The body `value` with its digests.
    pub fn pooled(&self, value: Option<&Value>) -> Arc<Pooled> {
        pooled(self.bodies, value)
    }
}

/// The body `value` with its digests; an argument that is missing is an empty body.
pub fn pooled(bodies: &Bodies, value: Option<&Value>) -> Arc<Pooled> {
    match value {
        Some(Value::Body(spec)) => bodies.made(*spec),
        Some(Value::Literal(bytes)) => bodies.give(bytes).1,
        Some(Value::Content(id)) => held(bodies, *id),
        _ => bodies.give(&Bytes::new()).1,
    }
}

fn held(bodies: &Bodies, id: ContentId) -> Arc<Pooled> {
    bodies.given(id).unwrap_or_else(|| Arc::new(Pooled::new(Bytes::new())))
}

/// Why a value has no bytes yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The server has not told it, and now perhaps never will.
    #[error("resolve {0}: no answer has told it")]
    Unbound(Symbol),
    /// No such resource or actor.
    #[error("resolve {0}: nothing here is called that")]
    Unknown(String),
}

/// What it takes to turn relative values into bytes.
pub trait Names {
    /// The name of a resource in a role.
    fn resource(&self, kind: &str, role: &str) -> Option<Bytes>;
    /// The public identifier of an actor.
    fn actor(&self, name: &str) -> Option<Bytes>;
    /// The region of the service; empty for APIs that know none.
    fn region(&self) -> Bytes;
    /// Now, in seconds since 1970 on the target's clock.
    fn now_s(&self) -> i64;
}

/// An expectation of a model is resolved already: no role, no actor, no region, no clock is left in it.
struct NoNames;

impl Names for NoNames {
    fn resource(&self, _: &str, _: &str) -> Option<Bytes> {
        None
    }
    fn actor(&self, _: &str) -> Option<Bytes> {
        None
    }
    fn region(&self) -> Bytes {
        Bytes::new()
    }
    fn now_s(&self) -> i64 {
        0
    }
}

/// `call` with every value as bytes or as a body that the pool can make.
pub fn resolve_call(
    call: &Call,
    names: &dyn Names,
    bindings: &Bindings,
    bodies: &Bodies,
) -> Result<Call, ResolveError> {
    let mut resolved = Call { operation: call.operation.clone(), arguments: std::collections::BTreeMap::new() };
    for (name, value) in &call.arguments {
        let value = match value {
            Value::Literal(_) | Value::Body(_) | Value::Content(_) => value.clone(),
            _ => Value::Literal(resolve(value, names, bindings, bodies)?),
        };
        resolved.arguments.insert(name.clone(), value);
    }
    Ok(resolved)
}

/// The bytes of a value.
pub fn resolve(value: &Value, names: &dyn Names, bindings: &Bindings, bodies: &Bodies) -> Result<Bytes, ResolveError> {
    let bound = |symbol: &Symbol| bindings.get(symbol).ok_or_else(|| ResolveError::Unbound(symbol.clone()));
    match value {
        Value::Literal(bytes) => Ok(bytes.clone()),
        Value::Symbol(symbol) => bound(symbol).cloned(),
        Value::Resource { kind, role } => {
            names.resource(kind, role).ok_or_else(|| ResolveError::Unknown(format!("{kind} {role}")))
        }
        Value::Actor(name) => names.actor(name).ok_or_else(|| ResolveError::Unknown(format!("actor {name}"))),
        Value::Region => Ok(names.region()),
        Value::Clock { from, offset_s } => {
            let base = match from {
                None => names.now_s(),
                Some(symbol) => seconds(bound(symbol)?).ok_or_else(|| ResolveError::Unbound(symbol.clone()))?,
            };
            Ok(base.saturating_add(*offset_s).to_string().into())
        }
        Value::Body(_) | Value::Content(_) => Ok(pooled(bodies, Some(value)).bytes.clone()),
        Value::Apply { function, of } => {
            // The pool digests a body once.
            if let [body @ (Value::Body(_) | Value::Content(_))] = &of[..]
                && let Some(digest) = pooled(bodies, Some(body)).digest(*function)
            {
                return Ok(digest);
            }
            let of: Vec<Bytes> =
                of.iter().map(|value| resolve(value, names, bindings, bodies)).collect::<Result<_, _>>()?;
            Ok(apply(*function, &of))
        }
    }
}

fn seconds(bytes: &Bytes) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A function of bytes; a missing argument counts as empty, so there is no way to fail.
fn apply(function: Function, of: &[Bytes]) -> Bytes {
    let first = of.first().cloned().unwrap_or_default();
    match function {
        Function::Concat => of.concat().into(),
        Function::Md5 => Bytes::copy_from_slice(&bodies::md5(&first)),
        Function::Sha256 => Bytes::copy_from_slice(&bodies::sha256(&first)),
        Function::Sha1 => Bytes::copy_from_slice(&bodies::sha1(&first)),
        Function::Crc32 => Bytes::copy_from_slice(&bodies::crc32(&first)),
        Function::Crc32c => Bytes::copy_from_slice(&bodies::crc32c(&first)),
        Function::Crc64Nvme => Bytes::copy_from_slice(&bodies::crc64nvme(&first)),
        Function::Base64 => BASE64.encode(&first).into(),
        Function::Hex => bodies::hex(&first).into(),
        Function::Quoted => [b"\"", first.as_ref(), b"\""].concat().into(),
        Function::Unquoted => first
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .map_or(first.clone(), |inner| first.slice_ref(inner)),
        Function::DifferentFrom => different_from(&first),
        Function::HttpDate => seconds(&first).map_or(first, |at| time::http_date(at).into()),
        Function::PadTo => pad_to(&first, of.get(1)),
        Function::PercentEncoded => percent_encoded(&first, of.get(1)),
    }
}

/// Turns the last letter or digit into another of its kind, so that quotes and length stay.
fn different_from(bytes: &[u8]) -> Bytes {
    let mut changed = bytes.to_vec();
    match changed.iter().rposition(u8::is_ascii_alphanumeric) {
        None => changed.push(b'0'),
        Some(last) => {
            changed[last] = match changed[last] {
                b'0' => b'1',
                digit if digit.is_ascii_digit() => b'0',
                b'a' => b'b',
                b'A' => b'B',
                small if small.is_ascii_lowercase() => b'a',
                _ => b'A',
            };
        }
    }
    changed.into()
}

fn pad_to(bytes: &[u8], length: Option<&Bytes>) -> Bytes {
    let length = length.and_then(seconds).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut padded = BytesMut::from(bytes);
    while padded.len() < length.min(PAD_BYTES_MAX) {
        padded.put_u8(b'a');
    }
    padded.freeze()
}

/// RFC 3986 sections 2.1 and 2.3, with capital digits as section 6.2.2.1 wants them.
fn percent_encoded(bytes: &[u8], kept: Option<&Bytes>) -> Bytes {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let stays = |byte: u8| {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        unreserved || kept.is_some_and(|kept| kept.contains(&byte))
    };
    let mut encoded = BytesMut::with_capacity(bytes.len());
    for byte in bytes {
        if stays(*byte) {
            encoded.put_u8(*byte);
        } else {
            encoded.put_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    encoded.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::BodySpec;

    const EMPTY_SHA1: &str = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

    struct Here;
    impl Names for Here {
        fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
            (kind == "bucket").then(|| format!("b-{role}").into())
        }
        fn actor(&self, _: &str) -> Option<Bytes> {
            None
        }
        fn region(&self) -> Bytes {
            Bytes::from_static(b"here-1")
        }
        fn now_s(&self) -> i64 {
            1_000
        }
    }

    fn check(value: &Value, expected: &str) {
        let bindings = Bindings::unit(Symbol::new("put", "etag"), Bytes::from_static(b"\"abc\""));
        let bytes = resolve(value, &Here, &bindings, &Bodies::new()).expect("resolves");
        assert_eq!(bytes.as_ref(), expected.as_bytes(), "{value}");
    }

    #[test]
    fn values_become_bytes() {
        check(&Value::resource("bucket", "a"), "b-a");
        check(&Value::symbol("put", "etag"), "\"abc\"");
        check(&Value::symbol("put", "etag").apply(Function::Unquoted), "abc");
        check(&Value::symbol("put", "etag").apply(Function::DifferentFrom), "\"aba\"");
        check(&Value::now(-60).apply(Function::HttpDate), "Thu, 01 Jan 1970 00:15:40 GMT");
        check(&Value::Region, "here-1");
        check(&Value::from("").apply(Function::Md5).apply(Function::Base64), "1B2M2Y8AsgTpgAmY7PhCfg==");
        let of_two = |function, one: &str, two: &str| Value::Apply { function, of: vec![one.into(), two.into()] };
        check(&of_two(Function::PadTo, "x", "4"), "xaaa");
        check(&of_two(Function::PercentEncoded, "a/b +%\u{fc}~", "/"), "a/b%20%2B%25%C3%BC~");
        check(&Value::from("a/b").apply(Function::PercentEncoded), "a%2Fb");
        check(&Value::from("123456789").apply(Function::Crc64Nvme).apply(Function::Hex), "ae8b14860a799888");
        check(&Value::Body(BodySpec::random(1, 0)).apply(Function::Sha1).apply(Function::Base64), EMPTY_SHA1);
        check(&Value::from("").apply(Function::Sha1).apply(Function::Base64), EMPTY_SHA1);
    }

    #[test]
    fn an_unbound_symbol_is_named() {
        let error = resolve(&Value::symbol("put", "id"), &Here, &Bindings::new(), &Bodies::new());
        assert_eq!(error, Err(ResolveError::Unbound(Symbol::new("put", "id"))));
    }
}
