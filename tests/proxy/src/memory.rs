//! The honest answers seen so far, as far as they are kept.

use std::collections::VecDeque;

use plumb_model::http::Response;

/// The most answers that are remembered; beyond it the oldest is forgotten.
pub const REMEMBERED_MAX: usize = 256;

/// The most bytes of bodies that are remembered; beyond it the oldest is forgotten.
pub const REMEMBERED_BYTES_MAX: usize = 128 << 20;

/// An answer with what it answered.
#[derive(Debug)]
pub(crate) struct Remembered {
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(crate) response: Response,
}

/// Honest answers, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    answers: VecDeque<Remembered>,
    bytes: usize,
}

impl Memory {
    /// Keeps an answer and forgets the oldest where there are too many.
    pub(crate) fn remember(&mut self, answer: Remembered) {
        self.bytes += answer.response.body.len();
        self.answers.push_back(answer);
        while self.answers.len() > REMEMBERED_MAX || self.bytes > REMEMBERED_BYTES_MAX {
            let Some(oldest) = self.answers.pop_front() else { return };
            self.bytes -= oldest.response.body.len();
        }
    }

    /// The answers, latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Remembered> {
        self.answers.iter().rev()
    }

    /// The latest successful answer to a method.
    pub(crate) fn latest_success(&self, method: &str) -> Option<&Response> {
        let answers = self.latest().filter(|answer| answer.method == method).map(|answer| &answer.response);
        answers.into_iter().find(|response| (200..300).contains(&response.status))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use plumb_model::http::Headers;

    use super::*;

    fn answer(body: Bytes) -> Remembered {
        let response = Response { status: 200, headers: Headers::default(), body, truncated: false };
        Remembered { method: "GET".to_owned(), target: b"/".to_vec(), response }
    }

    #[test]
    fn the_oldest_are_forgotten_by_count() {
        let mut memory = Memory::default();
        for number in 0..REMEMBERED_MAX + 3 {
            memory.remember(answer(number.to_string().into()));
        }
        assert_eq!(memory.latest().count(), REMEMBERED_MAX);
        assert_eq!(memory.latest().last().map(|oldest| &oldest.response.body[..]), Some(b"3".as_ref()));
    }

    #[test]
    fn the_oldest_are_forgotten_by_bytes() {
        let mut memory = Memory::default();
        let body = Bytes::from(vec![0; REMEMBERED_BYTES_MAX / 2 + 1]);
        memory.remember(answer(body.clone()));
        memory.remember(answer(body));
        assert_eq!(memory.latest().count(), 1);
    }
}
