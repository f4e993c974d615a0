//! The kill switch: what several sources say, watched as long as a command sends anything.
//!
//! A file is looked at many times a second, an address is asked every few seconds, and a signal is heard at once. What
//! they say goes to the [`Brake`] that the guard asks before every call. A source that cannot be read is never taken
//! for one that lets everything pass: see `source`. docs/kill-switch.md is for whoever holds the switch.

mod address;
mod file;
mod settings;
mod source;

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plumb_validator::brake::{Brake, BrakeState, Hold};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::time::MissedTickBehavior;

use crate::error::Error;
use crate::kill_switch::address::Poller;
use crate::kill_switch::file::FileReader;
use crate::kill_switch::source::{Reading, Source};

pub use crate::kill_switch::file::set;
pub use crate::kill_switch::settings::{Address, KillSwitchConfig, Settings, default_file};
pub use crate::kill_switch::source::{Said, parse};

/// How often files are looked at.
pub const FILE_EVERY: Duration = Duration::from_millis(100);
/// The longest that starting waits for what all sources say.
const START_MAX: Duration = Duration::from_secs(10);

/// The sources, watched by a thread until this is dropped.
#[derive(Debug)]
pub struct KillSwitch {
    brake: Arc<Brake>,
    alarms: Arc<Mutex<Vec<String>>>,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl KillSwitch {
    /// Watches the sources. Each has been asked once when this returns, so that nothing is sent before anybody knows.
    ///
    /// # Errors
    /// Where the watching cannot begin.
    pub fn watch(settings: &Settings) -> Result<Self, Error> {
        let (brake, alarms, stop) = (Arc::<Brake>::default(), Arc::default(), Arc::new(Notify::new()));
        let (ready, is_ready) = sync_channel(1);
        let mut watcher = Watcher::new(settings, &brake, &alarms)?;
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("kill-switch".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let signals = [SignalKind::user_defined1(), SignalKind::user_defined2()].map(signal);
                let [Ok(sets), Ok(releases)] = signals else { return };
                watcher.look(Instant::now()).await;
                watcher.ask_first().await;
                _ = ready.send(());
                watcher.go_on(sets, releases, &stopped).await;
            });
            // A file system that hangs keeps its thread for as long as it likes.
            runtime.shutdown_background();
        });
        let thread = thread.map_err(|error| Error::Internal(format!("watch the kill switch: {error}")))?;
        is_ready
            .recv_timeout(START_MAX)
            .map_err(|_| Error::Internal("find out what the kill switch says".to_owned()))?;
        Ok(Self { brake, alarms, stop, thread: Some(thread) })
    }

    /// The brake that does what the sources say.
    pub const fn brake(&self) -> &Arc<Brake> {
        &self.brake
    }

    /// What is wrong with the sources, each in a sentence: while there is anything, somebody has to be told.
    pub fn alarms(&self) -> Vec<String> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for KillSwitch {
    fn drop(&mut self) {
        self.stop.notify_one();
        _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What each source says at one moment, in words: `the file /…: halt (alice: …)`.
pub fn shown(settings: &Settings) -> Result<(Vec<String>, bool), Error> {
    let mut all = Vec::new();
    let mut is_known = true;
    let mut add = |name: &str, reading: Reading| {
        is_known &= reading.is_ok();
        all.push(format!("{name}: {}", source::in_words(&reading)));
    };
    for path in &settings.files {
        add(&file_name(path), file::read(path));
    }
    if let Some(address) = &settings.address {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
        let reading = runtime.block_on(async { Poller::new(address)?.ask().await });
        add(&address.name(), reading);
    }
    Ok((all, is_known))
}

fn file_name(path: &Path) -> String {
    format!("the file {}", path.display())
}

/// The thread's own: every source, and what came of it last.
struct Watcher {
    files: Vec<(FileReader, Source)>,
    address: Option<(Poller, Duration, Source)>,
    by_signal: bool,
    unreadable_after: Duration,
    brake: Arc<Brake>,
    alarms: Arc<Mutex<Vec<String>>>,
    told: BrakeState,
}

impl Watcher {
    fn new(settings: &Settings, brake: &Arc<Brake>, alarms: &Arc<Mutex<Vec<String>>>) -> Result<Self, Error> {
        let file = |path: &std::path::PathBuf| {
            let remedy = format!("`plumb kill release` lifts it, or remove {}", path.display());
            (FileReader::new(path), Source::new(file_name(path), remedy))
        };
        let address = settings.address.as_ref().map(|own| {
            let poller = Poller::new(own).map_err(Error::Internal)?;
            let remedy = format!("it ends when {} says `runs`", own.name());
            Ok((poller, own.every, Source::new(own.name(), remedy)))
        });
        Ok(Self {
            files: settings.files.iter().map(file).collect(),
            address: address.transpose()?,
            by_signal: false,
            unreadable_after: settings.unreadable_after,
            brake: Arc::clone(brake),
            alarms: Arc::clone(alarms),
            told: BrakeState::Runs,
        })
    }

    /// Looks at the files.
    async fn look(&mut self, now: Instant) {
        for (reader, source) in &mut self.files {
            source.take(reader.read().await, now);
        }
        self.publish(now);
    }

    /// Asks the address once, before anything is sent.
    async fn ask_first(&mut self) {
        let Some((poller, _, source)) = &mut self.address else { return };
        let answer = poller.ask().await;
        source.take(answer, Instant::now());
        self.publish(Instant::now());
    }

    async fn go_on(&mut self, mut sets: Signal, mut releases: Signal, stop: &Notify) {
        let mut ticks = tokio::time::interval(FILE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (sender, mut answers) = mpsc::channel(1);
        if let Some((poller, every, _)) = &self.address {
            tokio::spawn(poll(poller.clone(), *every, sender));
        }
        loop {
            tokio::select! {
                () = stop.notified() => return,
                _ = ticks.tick() => self.look(Instant::now()).await,
                Some(answer) = answers.recv() => {
                    if let Some((_, _, source)) = &mut self.address {
                        source.take(answer, Instant::now());
                    }
                    self.publish(Instant::now());
                }
                true = heard(&mut sets) => self.signalled(true),
                true = heard(&mut releases) => self.signalled(false),
            }
        }
    }

    fn signalled(&mut self, sets: bool) {
        self.by_signal = sets;
        self.publish(Instant::now());
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.files.iter().map(|(_, source)| source).chain(self.address.iter().map(|(_, _, source)| source))
    }

    fn publish(&mut self, now: Instant) {
        let after = self.unreadable_after;
        let mut holds: Vec<Hold> = self.sources().flat_map(|source| source.holds(now, after)).collect();
        holds.extend(self.by_signal.then(by_signal));
        let alarms: Vec<String> = self.sources().filter_map(|source| source.alarm(now, after)).collect();
        self.brake.set(holds);
        self.tell(alarms);
    }

    /// Says what has changed, once.
    fn tell(&mut self, alarms: Vec<String>) {
        let mut known = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        for alarm in alarms.iter().filter(|alarm| !known.contains(alarm)) {
            eprintln!("{alarm}");
        }
        *known = alarms;
        let state = self.brake.state();
        if state != std::mem::replace(&mut self.told, state) {
            match self.brake.strictest() {
                Some(Hold { state, source, note, .. }) => {
                    eprintln!("the kill switch says {state}, by {source} ({note})");
                }
                None => eprintln!("the kill switch is released"),
            }
        }
    }
}

impl Drop for Watcher {
    /// Whatever ends the watching, a brake that nobody moves any more lets nothing be changed.
    fn drop(&mut self) {
        self.brake.set(vec![Hold {
            state: BrakeState::ReadOnly,
            source: "this process".to_owned(),
            note: "nobody watches the kill switch any more".to_owned(),
            remedy: "start the process again".to_owned(),
        }]);
    }
}

fn by_signal() -> Hold {
    Hold {
        state: BrakeState::ReadOnly,
        source: "the signal SIGUSR1".to_owned(),
        note: "sent to this process".to_owned(),
        remedy: format!("`kill -USR2 {}` lifts it", std::process::id()),
    }
}

async fn heard(signal: &mut Signal) -> bool {
    signal.recv().await.is_some()
}

/// Asks an address again and again.
async fn poll(poller: Poller, every: Duration, answers: mpsc::Sender<Reading>) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if answers.send(poller.ask().await).await.is_err() {
            return;
        }
    }
}
