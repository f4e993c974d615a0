//! HTTP messages as raw bytes: what was asked for on the socket, what came back from it.

use std::borrow::Cow;

use bytes::Bytes;

/// A header name in lower case; most are known at compile time and cost no allocation.
pub type HeaderName = Cow<'static, str>;

/// Header fields in the order they stand on the wire. A name may occur more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, Bytes)>);

impl Headers {
    /// No fields, with room for `capacity` of them.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds a field at the end, beside any other of the same name.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl Into<Bytes>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first value of `name`, compared without case.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value of `name` where it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of `name`, compared without case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.0.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Takes every field called `name` out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }

    /// Leaves exactly one field called `name`, at the place of the first or at the end.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl Into<Bytes>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter().position(|(own, _)| own.eq_ignore_ascii_case(&name)) {
            None => self.0.push((name, value)),
            Some(first) => {
                self.0[first].1 = value;
                let mut index = 0;
                self.0.retain(|(own, _)| {
                    index += 1;
                    index - 1 <= first || !own.eq_ignore_ascii_case(&name)
                });
            }
        }
    }

    /// The fields in wire order.
    pub fn iter(&self) -> std::slice::Iter<'_, (HeaderName, Bytes)> {
        self.0.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a (HeaderName, Bytes);
    type IntoIter = std::slice::Iter<'a, (HeaderName, Bytes)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<(HeaderName, Bytes)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, Bytes)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// A request as it must stand on the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, `GET` and the like.
    pub method: Cow<'static, str>,
    /// The request target in origin form, byte for byte: path, `?`, query.
    pub target: Vec<u8>,
    /// The header fields, `host` among them; `content-length` is the transport's to add where it is missing.
    pub headers: Headers,
    /// The whole body.
    pub body: Bytes,
}

/// A response as it came from the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body, at most as much of it as the transport's cap allows.
    pub body: Bytes,
    /// Whether the body went on beyond the cap.
    pub truncated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_replaces_the_first_and_drops_the_rest() {
        let mut headers = Headers::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("A", "3")] {
            headers.push(name, value);
        }
        headers.set("a", "9");
        let fields: Vec<_> = headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        assert_eq!(fields, [("a", b"9".as_ref()), ("b", b"2")]);
    }
}
