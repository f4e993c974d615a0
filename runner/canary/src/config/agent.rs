//! `[agent]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::units::{Bytes, bytes, time, time_or};
use super::{Known, Mistake, ReceiverConfig, SecretConfig, TextConfig, address, known};
use crate::plan::{Access, Agent, Heartbeat, Retention};

/// How many slots are under way at once, unless it is said.
const SLOTS_DEFAULT: usize = 64;
/// The same at one target.
const SLOTS_PER_TARGET_DEFAULT: usize = 16;
/// The most that can be said.
const SLOTS_MAX: usize = 4_096;
/// How long a slot waits for room, unless it is said.
const WAIT_DEFAULT: Duration = Duration::from_secs(30);
/// How long a shutdown waits, unless it is said: less than systemd waits before it kills (90 s).
const DRAIN_DEFAULT: Duration = Duration::from_mins(1);
/// How many days are kept, unless it is said.
const DAYS_DEFAULT: u32 = 30;
/// The most days that can be kept.
const DAYS_MAX: u32 = 3_660;
/// How many bytes are kept, unless it is said.
const BYTES_DEFAULT: u64 = 10_000_000_000;
/// The fewest bytes that can be said: a day of a few canaries has to fit.
const BYTES_MIN: u64 = 10_000_000;
/// How many things may be left behind, unless it is said.
const LEAKS_DEFAULT: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// The daemon as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// The region that it speaks for.
    pub region: Spanned<String>,
    /// Where it keeps its state.
    pub state: Option<PathBuf>,
    /// Where pages and metrics are served: `127.0.0.1:9464`.
    pub listen: Option<Spanned<String>>,
    /// How others reach the pages: `https://canary.example.com`.
    pub public_url: Option<Spanned<String>>,
    /// The token that callers of the pages show.
    pub token: Option<Spanned<SecretConfig>>,
    /// The name that callers show, with `password`.
    pub user: Option<Spanned<String>>,
    /// The password that goes with `user`.
    pub password: Option<Spanned<SecretConfig>>,
    /// How many slots are under way at once.
    pub slots: Option<Spanned<usize>>,
    /// The same at one target.
    pub slots_per_target: Option<Spanned<usize>>,
    /// How long a slot may wait for room.
    pub wait: Option<Spanned<String>>,
    /// How long a shutdown waits for slots.
    pub drain: Option<Spanned<String>>,
    /// How many days are kept.
    pub keep_days: Option<Spanned<u32>>,
    /// How many bytes are kept: `10GB`.
    keep_bytes: Option<Spanned<Bytes>>,
    /// Host and port of something that is always there: `gateway.example.com:443`.
    pub reference: Option<Spanned<String>>,
    /// The sign of life.
    pub heartbeat: Option<HeartbeatConfig>,
    /// The most things that may be left behind in a day before somebody is told.
    pub leaks: Option<u32>,
}

/// A sign of life as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// How often.
    pub every: Option<Spanned<String>>,
    /// What is asked for.
    pub url: Option<Spanned<TextConfig>>,
    /// Who gets an alert that always fires.
    #[serde(default)]
    pub receivers: Vec<Spanned<String>>,
}

impl AgentConfig {
    pub(super) fn agent(&self, place: &Spanned<Self>, known: &Known<'_>) -> Result<Agent, Mistake> {
        super::check_name(&self.region)?;
        let listen = self.listen.as_ref().map(listen).transpose()?;
        let access = self.access()?;
        if let (Some(address), None, Some(text)) = (listen, &access, &self.listen)
            && !address.ip().is_loopback()
        {
            let help = "add token = { file = \"PATH\" }, or user and password, or listen on 127.0.0.1";
            return Err(Mistake::at(text, "the pages would be open to everybody who can reach this address", help));
        }
        let keep_bytes = self.keep_bytes.as_ref().map(kept_bytes).transpose()?;
        Ok(Agent {
            region: self.region.get_ref().clone(),
            state: self.state.clone().map_or_else(|| default_state(place), Ok)?,
            listen,
            access,
            public_url: self.public_url.as_ref().map(public_url).transpose()?,
            slots_max: slots(self.slots.as_ref(), SLOTS_DEFAULT)?,
            slots_per_target_max: slots(self.slots_per_target.as_ref(), SLOTS_PER_TARGET_DEFAULT)?,
            wait_max: time_or(self.wait.as_ref(), WAIT_DEFAULT, Duration::ZERO, HOUR)?,
            drain_max: time_or(self.drain.as_ref(), DRAIN_DEFAULT, SECOND, HOUR)?,
            retention: Retention {
                days: self.keep_days.as_ref().map_or(Ok(DAYS_DEFAULT), days)?,
                bytes: keep_bytes.unwrap_or(BYTES_DEFAULT),
            },
            heartbeat: self.heartbeat.as_ref().map(|own| own.heartbeat(known)).transpose()?,
            reference: self.reference.as_ref().map(reference).transpose()?,
            leaks_max: self.leaks.unwrap_or(LEAKS_DEFAULT),
        })
    }

    fn access(&self) -> Result<Option<Access>, Mistake> {
        match (&self.token, &self.user, &self.password) {
            (None, None, None) => Ok(None),
            (Some(token), None, None) => Ok(Some(Access::Bearer(token.get_ref().secret()))),
            (None, Some(user), Some(password)) if !user.get_ref().contains(':') && !user.get_ref().is_empty() => {
                Ok(Some(Access::Basic(user.get_ref().clone(), password.get_ref().secret())))
            }
            (None, Some(user), Some(_)) => {
                Err(Mistake::at(user, "the user is empty or has a colon", "RFC 7617 permits neither"))
            }
            (None, Some(user), None) => Err(Mistake::at(user, "there is a user without a password", "add password")),
            (None, None, Some(password)) => {
                Err(Mistake::at(password, "there is a password without a user", "add user"))
            }
            (Some(token), ..) => {
                Err(Mistake::at(token, "there is a token and a user or password", "callers show the one or the other"))
            }
        }
    }
}

impl HeartbeatConfig {
    fn heartbeat(&self, all: &Known<'_>) -> Result<Heartbeat, Mistake> {
        let receivers = self.receivers.iter().map(|own| holder(own, all)).collect::<Result<Vec<_>, _>>()?;
        if self.url.is_none() && receivers.is_empty() {
            return Err(Mistake::nowhere("the heartbeat goes nowhere", "add url or receivers to agent.heartbeat"));
        }
        Ok(Heartbeat {
            every: self.every.as_ref().map_or(Ok(Duration::from_mins(1)), |text| time(text, SECOND, HOUR))?,
            url: self.url.as_ref().map(|url| address(url, true)).transpose()?,
            receivers,
        })
    }
}

/// A receiver that holds alerts: any other would be told the same thing again and again.
fn holder(name: &Spanned<String>, all: &Known<'_>) -> Result<String, Mistake> {
    let receivers = &all.sections.receivers;
    let own = known(name, "receiver", receivers.keys().map(|name| name.get_ref().as_str()))?;
    let is_holder = |(other, receiver): (&Spanned<String>, &ReceiverConfig)| {
        *other.get_ref() == own && matches!(receiver, ReceiverConfig::Alertmanager(_))
    };
    if receivers.iter().any(is_holder) {
        return Ok(own);
    }
    let message = format!("the receiver {own:?} is no alertmanager, and a heartbeat is an alert that always fires");
    Err(Mistake::at(name, message, "name one of the kind alertmanager, or give the heartbeat a url"))
}

fn listen(text: &Spanned<String>) -> Result<SocketAddr, Mistake> {
    let help = "an address and a port: 127.0.0.1:9464, [::]:9464";
    text.get_ref().parse().map_err(|_| Mistake::at(text, format!("{:?} is no address", text.get_ref()), help))
}

fn reference(text: &Spanned<String>) -> Result<String, Mistake> {
    let port = text.get_ref().rsplit_once(':').filter(|(host, _)| !host.is_empty());
    if port.is_some_and(|(host, port)| port.parse::<u16>().is_ok_and(|port| port > 0) && !host.contains('/')) {
        return Ok(text.get_ref().clone());
    }
    Err(Mistake::at(text, format!("{:?} is no host and port", text.get_ref()), "write gateway.example.com:443"))
}

fn public_url(text: &Spanned<String>) -> Result<String, Mistake> {
    let as_address = Spanned::new(text.span(), TextConfig::Open(text.get_ref().clone()));
    address(&as_address, true)?;
    Ok(text.get_ref().trim_end_matches('/').to_owned())
}

fn slots(given: Option<&Spanned<usize>>, default: usize) -> Result<usize, Mistake> {
    let Some(given) = given else { return Ok(default) };
    if (1..=SLOTS_MAX).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    Err(Mistake::at(given, format!("{} slots at once", given.get_ref()), format!("between 1 and {SLOTS_MAX}")))
}

fn days(given: &Spanned<u32>) -> Result<u32, Mistake> {
    if (1..=DAYS_MAX).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    Err(Mistake::at(given, format!("{} days", given.get_ref()), format!("between 1 and {DAYS_MAX}")))
}

fn kept_bytes(given: &Spanned<Bytes>) -> Result<u64, Mistake> {
    let bytes = bytes(given)?;
    if bytes >= BYTES_MIN {
        return Ok(bytes);
    }
    Err(Mistake::at(given, "that is too little to keep a day", format!("at least {BYTES_MIN} bytes")))
}

/// `$XDG_STATE_HOME/plumb/canary`, or below `~/.local/state`.
fn default_state(place: &Spanned<AgentConfig>) -> Result<PathBuf, Mistake> {
    let named = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = named("XDG_STATE_HOME").or_else(|| named("HOME").map(|home| home.join(".local/state")));
    state
        .map(|state| state.join("plumb/canary"))
        .ok_or_else(|| Mistake::at(place, "it is not said where to keep the ledger", "add state = \"/var/lib/plumb\""))
}
