//! The pages in a real browser: Debian's Chromium, driven from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::site::{Fixture, Served};
use crate::{fixture, install};

/// How long the browser may take over everything.
const BROWSER_MAX: Duration = Duration::from_mins(10);
/// The picture in the documentation.
const PICTURE: &str = "docs/status-page.png";
/// It is one of 1280 pixels, and no burden for whoever clones.
const PICTURE_WIDTH: u32 = 1_280;
const PICTURE_BYTES_MAX: usize = 300_000;
/// Where this is set, the picture in the documentation is made anew.
const UPDATE: &str = "PLUMB_UPDATE_PICTURES";

/// What the browser saw.
#[derive(Debug, Deserialize)]
struct Saw {
    console: Vec<String>,
    requests: Vec<String>,
    statuses: Vec<(String, u16)>,
    rooms: Vec<(String, String, u32, u32, u32)>,
    barriers: Vec<String>,
    contrasts: Vec<(String, String, u32, usize)>,
    unfiltered: Vec<String>,
    filtered: Vec<String>,
    failing: Vec<String>,
    address: String,
    permalink: String,
    braked: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages that are looked at.
fn paths() -> Vec<String> {
    let due_ms = fixture::rows(&fixture::watch("conditional-writes", "eu-prod")).last().expect("rows").slot.due_ms;
    vec![
        "/".into(),
        "/?state=failing".into(),
        "/watch/conditional-writes/eu-prod".into(),
        "/watch/upload-download/us-prod".into(),
        "/ledger/2026-03-14?state=bad".into(),
        "/finding/7c1e09d2".into(),
        format!("/slot/conditional-writes/eu-prod/{due_ms}/scheduled"),
    ]
}

async fn look(packages: &Path, site: &Served, pictures: Option<&Path>) -> Saw {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/browser.cjs");
    let paths = serde_json::to_string(&paths()).expect("paths are text");
    let mut node = Command::new("node");
    node.arg(script).arg(packages).arg(format!("http://{}", site.address)).arg(paths).args(pictures);
    node.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(BROWSER_MAX, node.output()).await.expect("the browser is done in time");
    let output = output.expect("node runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_right_in_a_browser() {
    let packages = match install::packages() {
        Ok(packages) => packages,
        Err(why) => return eprintln!("skipped: no browser to look with: {why}"),
    };
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages/pictures");
    let wanted = std::env::var_os(UPDATE).map(|_| pictures.as_path());
    fs::create_dir_all(&pictures).expect("a folder for pictures");
    let site = Served::start(Fixture::default(), None).await;
    let saw = look(&packages, &site, wanted).await;

    assert!(saw.console.is_empty(), "{:#?}", saw.console);
    assert!(saw.statuses.iter().all(|(_, status)| *status == 200), "{:?}", saw.statuses);
    let own = format!("http://{}/", site.address);
    assert!(saw.requests.iter().all(|url| url.starts_with(&own)), "{:?}", saw.requests);
    assert!(saw.barriers.is_empty(), "{:#?}", saw.barriers);
    assert!(saw.rooms.iter().all(|(_, _, _, needed, room)| needed <= room), "{:?}", saw.rooms);
    // Four looks at each page, and text to hold against its ground on all of them.
    assert_eq!(saw.contrasts.len(), paths().len() * 4);
    assert!(saw.contrasts.iter().all(|(_, _, _, texts)| *texts > 0), "{:?}", saw.contrasts);

    filters_and_switch_work(&saw);
    let set = site.fixture.set.lock().expect("nobody panicked").clone();
    assert_eq!(set, [("drain".to_owned(), "a bad night".to_owned())]);
    if let Some(pictures) = wanted {
        fs::copy(pictures.join("0-light-1280.png"), root().join(PICTURE)).expect("the picture is kept");
    }
    site.stop().await;
}

#[track_caller]
fn filters_and_switch_work(saw: &Saw) {
    assert_eq!(saw.unfiltered.len(), 16);
    assert_eq!(saw.filtered, ["conditional-writes@eu-prod", "conditional-writes@us-prod"]);
    assert!(saw.address.contains("canary=Conditional"), "{}", saw.address);
    assert_eq!(saw.failing.len(), 6, "{:?}", saw.failing);
    assert_eq!(saw.failing[..], saw.unfiltered[..6], "what is broken comes first");
    assert!(saw.permalink.contains("/watch/"), "{}", saw.permalink);
    assert!(saw.braked.contains("drain: a bad night"), "{}", saw.braked);
}

#[test]
fn the_picture_in_the_documentation_is_as_promised() {
    let bytes = fs::read(root().join(PICTURE)).expect("the picture is kept");
    // The head of a PNG (W3C, section 11.2.1): eight bytes of signature, eight of the chunk, then the width.
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let width = u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]);
    assert_eq!(width, PICTURE_WIDTH);
    assert!(bytes.len() < PICTURE_BYTES_MAX, "{} bytes", bytes.len());
}
