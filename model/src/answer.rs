//! What came back, taken apart: status, error code, headers, and the body as bytes and as a document.

use bytes::Bytes;

use crate::http::Headers;

/// A body that has structure: JSON, XML or the like, without the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A text.
    Text(String),
    /// A number, a truth value or nothing, as it stands in the body, in formats that tell it from a text.
    Bare(String),
    /// Things of one kind in order.
    List(Vec<Document>),
    /// Named fields, each name once; their order says nothing.
    Fields(Vec<(String, Document)>),
}

impl Document {
    /// The field `name` of a document that has fields.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(own, _)| own == name).map(|(_, document)| document),
            _ => None,
        }
    }

    /// The text of the field `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.field(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The entries of the list `name`; none where there is no such list.
    pub fn list(&self, name: &str) -> &[Self] {
        match self.field(name) {
            Some(Self::List(entries)) => entries,
            _ => &[],
        }
    }
}

/// An answer, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The API's own error code, where the body or a header tells one.
    pub code: Option<String>,
    /// The header fields.
    pub headers: Headers,
    /// The body as bytes.
    pub body: Bytes,
    /// The body as a document, where the operation's answer is one and it could be read.
    pub document: Option<Document>,
    /// Whether the body was longer than what was read of it.
    pub truncated: bool,
    /// Whether the body says that the server failed, under a status that says success: what takes long may fail
    /// after the status has left.
    pub fails_late: bool,
    /// Whether status, header fields and body go together as HTTP demands; if not, what is wrong.
    pub malformed: Option<String>,
}

impl Answer {
    /// `404 NoSuchKey`: the status and, where there is one, the code.
    pub fn class(&self) -> String {
        match &self.code {
            Some(code) => format!("{} {}", self.status, crate::text::shown(code.as_bytes(), 80)),
            None => self.status.to_string(),
        }
    }

    /// Whether it says that all went well, in its status and in its body.
    pub fn is_success(&self) -> bool {
        self.status < 300 && self.code.is_none()
    }

    /// Whether it says that the server failed, in its status or in its body.
    pub fn is_server_error(&self) -> bool {
        self.status >= 500 || self.fails_late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_the_body_is_no_success_whatever_the_status() {
        let late = Answer { status: 200, code: Some("Busy".into()), fails_late: true, ..Answer::default() };
        let refused = Answer { status: 200, code: Some("Absent".into()), ..Answer::default() };
        let done = Answer { status: 204, ..Answer::default() };
        let all = [late, refused, done, Answer { status: 503, ..Answer::default() }];
        assert_eq!(all.clone().map(|answer| answer.is_success()), [false, false, true, false]);
        assert_eq!(all.map(|answer| answer.is_server_error()), [true, false, false, true]);
    }
}
