//! What the daemon does, checked: everything that `plumb.toml` says of canaries, with nothing left to be wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::schedule::Cadence;
use crate::slot::{Axis, Watch};

/// Everything that one daemon does.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The daemon itself.
    pub agent: Agent,
    /// The canaries, by name.
    pub canaries: BTreeMap<String, Canary>,
    /// The rules by which somebody is told, by name.
    pub alerts: BTreeMap<String, Rule>,
    /// Who is told, by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// When nothing is run, or nobody told.
    pub maintenance: Vec<Maintenance>,
}

impl Plan {
    /// Every canary at each of its targets.
    pub fn watches(&self) -> impl Iterator<Item = (Watch, &Canary)> {
        self.canaries.iter().flat_map(|(name, own)| {
            let watch = |target: &String| Watch { canary: name.clone(), target: target.clone() };
            own.targets.iter().map(move |target| (watch(target), own))
        })
    }

    /// The canary of a watch.
    pub fn canary(&self, watch: &Watch) -> Option<&Canary> {
        self.canaries.get(&watch.canary).filter(|own| own.targets.contains(&watch.target))
    }
}

/// The daemon of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The region that it speaks for: a label of every metric and alert.
    pub region: String,
    /// Where ledger, store and queue are kept.
    pub state: PathBuf,
    /// Where pages and metrics are served; none means nowhere.
    pub listen: Option<SocketAddr>,
    /// What a caller of the pages has to prove; none only on loopback.
    pub access: Option<Access>,
    /// How others reach the pages, without a slash at the end: links in alerts start with it.
    pub public_url: Option<String>,
    /// How many slots are under way at once.
    pub slots_max: usize,
    /// The same at one target.
    pub slots_per_target_max: usize,
    /// How long a slot may wait for room before it is shed.
    pub wait_max: Duration,
    /// How long a shutdown waits for slots that are under way.
    pub drain_max: Duration,
    /// What is kept.
    pub retention: Retention,
    /// Host and port of something that is always there: where a target cannot be reached and this cannot either, the fault
    /// is ours.
    pub reference: Option<String>,
    /// The sign of life that goes out.
    pub heartbeat: Option<Heartbeat>,
    /// The most things that slots may leave behind in a day (UTC) before somebody is told.
    pub leaks_max: u32,
}

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days of slots.
    pub days: u32,
    /// Bytes on disk; the oldest day goes first.
    pub bytes: u64,
}

/// What a caller has to prove. Secrets are read again when a page is asked for, so that they can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(Secret),
    /// A name and a password (RFC 7617).
    Basic(String, Secret),
}

/// Where a secret is to be found. It is never printed, and has no form in which it could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In this environment variable.
    Env(String),
    /// In this file; white space around it is cut off.
    File(PathBuf),
}

/// A text that may be a secret itself, as the address of a webhook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// In the open.
    Open(String),
    /// Somewhere else.
    Secret(Secret),
}

/// A canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// The targets, each a watch.
    pub targets: Vec<String>,
    /// When its slots are due.
    pub cadence: Cadence,
    /// How long a slot may take.
    pub timeout: Duration,
    /// How soon it runs again while its last slot failed.
    pub retry_every: Option<Duration>,
    /// Whether a slot begins while the one before it is under way.
    pub overlap: bool,
    /// Whether it may change anything at its targets.
    pub writes: bool,
    /// Whether it goes on changing things once an error budget is spent. Otherwise it only reads then.
    pub writes_when_spent: bool,
    /// What is promised.
    pub slo: Slo,
    /// Who answers for it.
    pub owner: String,
    /// What whoever is called reads first: an address.
    pub runbook: Option<String>,
    /// How long after its first slot it tells nobody.
    pub probation: Duration,
    /// Canaries without which it cannot work: while one of them has an alert at the same target, it tells nobody.
    pub depends_on: Vec<String>,
    /// The rules that hold for it, by name.
    pub alerts: Vec<String>,
}

/// What is promised over a window, on each axis. Shares are of slots that say something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slo {
    /// The share of slots in which the target must be available; none where nothing is promised.
    pub availability: Option<f64>,
    /// The share of slots in which every answer must be permitted.
    pub conformance: Option<f64>,
    /// Over how long.
    pub window: Duration,
    /// What is promised of the time that an exchange takes.
    pub latency: Option<LatencySlo>,
}

impl Slo {
    /// The share that is promised on `axis`.
    pub const fn objective(&self, axis: Axis) -> Option<f64> {
        match axis {
            Axis::Availability => self.availability,
            Axis::Conformance => self.conformance,
        }
    }
}

/// A share of exchanges must be over within a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencySlo {
    /// The share: 0.99 for the 99th percentile.
    pub share: f64,
    /// The time, from the send to the last byte.
    pub within: Duration,
}

/// A rule by which somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What must be seen.
    pub when: When,
    /// How bad it is: a word for the receiver, `page` or `ticket`.
    pub severity: String,
    /// Who is told.
    pub receivers: Vec<String>,
    /// How often it is told again while it lasts; none means once.
    pub reminder: Option<Duration>,
    /// So many good slots in a row end it, where slots are counted; a burn rate ends when it is below its threshold for
    /// the short window.
    pub resolve_after: u32,
}

/// What must be seen before somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// At least `bad` of the last `of` slots that say something are bad on `axis`.
    Slots {
        /// The axis.
        axis: Axis,
        /// So many bad ones.
        bad: u32,
        /// Of so many.
        of: u32,
    },
    /// The error budget of `axis` burns at least `factor` times as fast as it may, over both windows (Google SRE
    /// Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
    BurnRate {
        /// The axis.
        axis: Axis,
        /// How many times as fast.
        factor: f64,
        /// The long window.
        long: Duration,
        /// The short window, which ends the alert soon.
        short: Duration,
    },
    /// The latency SLO is not kept over a window.
    Latency {
        /// The window.
        over: Duration,
        /// At least so many exchanges must be in it.
        exchanges_min: u32,
    },
    /// No slot that was due in a time has started: nothing is known of the target.
    AllMissed {
        /// The time.
        over: Duration,
    },
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An HTTP POST to an address.
    Webhook {
        /// The address.
        url: Text,
        /// The body, with `{{fields}}`; none means the alert as JSON.
        template: Option<String>,
        /// The type of the body.
        content_type: String,
        /// What stands in the `authorization` header.
        authorization: Option<Secret>,
    },
    /// The API of Alertmanager (`/api/v2/alerts`).
    Alertmanager {
        /// The address, without a path.
        url: Text,
        /// What stands in the `authorization` header.
        authorization: Option<Secret>,
    },
    /// A command, and its arguments. The alert is JSON on its standard input; nothing of it is in its command line.
    Command {
        /// The words. No shell reads them.
        words: Vec<String>,
    },
}

/// A sign of life that goes out as long as the daemon works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often.
    pub every: Duration,
    /// An address that is asked for with GET.
    pub url: Option<Text>,
    /// Receivers that get an alert that always fires; for those of Alertmanager.
    pub receivers: Vec<String>,
}

/// A time in which nothing is run, or nobody told.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// Why.
    pub reason: String,
    /// The targets; none means all.
    pub targets: Vec<String>,
    /// The canaries; none means all.
    pub canaries: Vec<String>,
    /// When.
    pub during: During,
    /// Whether slots go on, and only alerts are held back.
    pub keeps_checking: bool,
}

/// When a maintenance is.
#[derive(Debug, Clone, PartialEq)]
pub enum During {
    /// Once, from and until, in milliseconds since 1970.
    Once {
        /// Its first moment.
        from_ms: i64,
        /// The first moment after it.
        until_ms: i64,
    },
    /// Again and again.
    Repeated {
        /// When it begins.
        begins: Cadence,
        /// How long it lasts.
        lasts: Duration,
    },
}
