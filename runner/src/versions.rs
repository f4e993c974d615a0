//! Which versions a target has told, in its answers and at an address of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::http::{Headers, Request};
use plumb_model::text::shown;
use plumb_validator::transport::{Received, SendError, SendLimits, Transport};

use crate::engine::lock;

/// The most versions that are kept of one target: where there are more, it is clear enough that they are mixed.
pub const VERSIONS_MAX: usize = 20;
/// The longest version, in characters.
const VERSION_CHARACTERS_MAX: usize = 100;
/// How long the answer of the address may take that tells the version.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How much of its answer is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;

/// The versions that a target has told in a run, each once, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Versions(Arc<Mutex<Vec<String>>>);

impl Versions {
    /// Notes one. Those beyond [`VERSIONS_MAX`] are left out.
    pub fn note(&self, version: String) {
        let mut all = lock(&self.0);
        if all.len() < VERSIONS_MAX && !all.contains(&version) {
            all.push(version);
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<String> {
        lock(&self.0).clone()
    }

    /// A transport that notes what `inner` is answered in the field `name`.
    pub fn told_by<T: Transport>(&self, inner: T, name: &str) -> Telling<T> {
        Telling { inner, name: name.to_owned(), versions: self.clone() }
    }
}

/// A transport that notes which versions its answers tell.
pub struct Telling<T> {
    inner: T,
    name: String,
    versions: Versions,
}

impl<T> Telling<T> {
    fn note(&self, sent: &Result<Received, SendError>) {
        let Ok(received) = sent else { return };
        if let Some(version) = received.response.headers.get(&self.name).and_then(first_line) {
            self.versions.note(version);
        }
    }
}

impl<T: Transport> Transport for Telling<T> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.inner.send(request, limits).inspect(|sent| self.note(sent)).boxed()
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        self.inner.send_unshared(request, limits).inspect(|sent| self.note(sent)).boxed()
    }
}

/// Asks the target at `authority` for its version at `path`; none where there is no good answer.
pub async fn ask(transport: &dyn Transport, authority: &str, path: &str) -> Option<String> {
    let headers: Headers = [("host".into(), Bytes::from(authority.to_owned()))].into_iter().collect();
    let target = path.to_owned().into_bytes();
    let request = Request { method: "GET".into(), target, headers, body: Bytes::new() };
    let limits = SendLimits { first_byte: ANSWER_MAX, total: ANSWER_MAX, body_bytes_max: ANSWER_BYTES_MAX };
    let received = transport.send(&request, &limits).await.ok()?;
    (received.response.status == 200).then(|| first_line(&received.response.body)).flatten()
}

/// The first line that says anything, safe to print.
fn first_line(text: &Bytes) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
    Some(shown(line, VERSION_CHARACTERS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_line_that_says_anything() {
        let check = |text: &'static [u8], wanted: Option<&str>| {
            assert_eq!(first_line(&Bytes::from_static(text)).as_deref(), wanted);
        };
        check(b"1.4.2\n", Some("1.4.2"));
        check(b"\r\n  build 7  \r\nrest", Some("build 7"));
        check(b"", None);
        check(b"\n\n", None);
        assert!(!first_line(&Bytes::from_static(b"\x1b[31mred")).expect("a line").contains('\x1b'));
    }

    #[test]
    fn each_version_is_kept_once_and_not_without_end() {
        let versions = Versions::default();
        (0..100).for_each(|number| versions.note(format!("{}", number / 2)));
        let all = versions.all();
        assert_eq!((all.len(), all[0].as_str(), all[1].as_str()), (VERSIONS_MAX, "0", "1"));
    }
}
