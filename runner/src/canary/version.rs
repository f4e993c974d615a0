//! The version of a target that tells it at an address of its own, beside the API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plumb_model::http::{Headers, Request};
use plumb_model::text::shown;
use plumb_validator::brake::Deed;
use plumb_validator::transport::{SendLimits, Transport as _};

use crate::canary::site::Site;
use crate::engine::lock;

/// How often a target is asked for its version.
const ASK_EVERY: Duration = Duration::from_mins(1);
/// How long its answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How much of its answer is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;
/// The longest version, in characters.
const VERSION_CHARACTERS_MAX: usize = 100;

/// When it was last asked, and what it last said.
#[derive(Debug, Default)]
pub(super) struct Told {
    asked: Option<Instant>,
    version: Option<String>,
}

impl Site {
    /// Whether it is time to ask; whoever hears so has to.
    pub(super) fn is_version_due(&self) -> bool {
        let mut told = lock(&self.told);
        let is_due = self.selected.version_path.is_some() && told.asked.is_none_or(|at| at.elapsed() >= ASK_EVERY);
        if is_due {
            told.asked = Some(Instant::now());
        }
        is_due
    }

    /// What it last said.
    pub(super) fn version(&self) -> Option<String> {
        lock(&self.told).version.clone()
    }
}

/// Asks for the version. Where there is no answer, what was said before still stands: that a target is silent is for
/// its slots to say.
pub(super) async fn ask(site: Arc<Site>) {
    let Some(path) = &site.selected.version_path else { return };
    if !site.bounds.brake.permits(Deed::Read) || site.bounds.meter.as_ref().is_some_and(|own| own.admit(0).is_err()) {
        return;
    }
    let host = Bytes::from(site.selected.target.authority.clone());
    let headers: Headers = [("host".into(), host)].into_iter().collect();
    let request = Request { method: "GET".into(), target: path.clone().into_bytes(), headers, body: Bytes::new() };
    let limits = SendLimits { first_byte: ANSWER_MAX, total: ANSWER_MAX, body_bytes_max: ANSWER_BYTES_MAX };
    if let Ok(received) = site.wires.fresh().send(&request, &limits).await
        && received.response.status == 200
    {
        lock(&site.told).version = first_line(&received.response.body);
    }
}

/// The first line that says anything, safe to print.
fn first_line(body: &[u8]) -> Option<String> {
    let line = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
    Some(shown(line, VERSION_CHARACTERS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_line_that_says_anything() {
        for (body, wanted) in [
            (&b"1.4.2\n"[..], Some("1.4.2")),
            (b"\r\n  build 7  \r\nrest", Some("build 7")),
            (b"", None),
            (b"\n\n", None),
        ] {
            assert_eq!(first_line(body).as_deref(), wanted);
        }
        assert!(!first_line(b"\x1b[31mred").expect("a line").contains('\x1b'));
    }
}
