//! The names of everything that is counted. `docs/metrics.md` has the same table, and a test holds the two together.

/// Of what kind a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often which size was seen.
    Histogram,
    /// Its labels tell something, its value is one.
    Info,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The name without prefix, unit and suffix.
    pub(super) stem: &'static str,
    /// Of what kind.
    pub kind: Kind,
    /// The base unit; empty for plain numbers.
    pub unit: &'static str,
    /// The labels beside `region`, which all have.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

impl Family {
    /// The name that a query uses: `plumb_slots_total`.
    pub fn name(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("_{}", self.unit) };
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        format!("{PREFIX}_{}{unit}{suffix}", self.stem)
    }

    /// The kind in one word.
    pub const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Info => "info",
        }
    }
}

/// What every name begins with.
pub(super) const PREFIX: &str = "plumb";

/// Makes a constant of each family and a list of them all, so that none can be left out of it.
macro_rules! families {
    ($($constant:ident = $kind:ident $stem:literal $unit:literal [$($label:literal)*] $help:literal;)*) => {
        $(pub(super) const $constant: Family = Family {
            stem: $stem,
            kind: Kind::$kind,
            unit: $unit,
            labels: &[$($label),*],
            help: $help,
        };)*
        /// Every metric, in the order of the documentation.
        pub const FAMILIES: &[Family] = &[$($constant),*];
    };
}

families! {
    BUILD = Info "build" "" [] "What runs: the version of the binary and the hashes of its models, each a label";
    START = Gauge "start_timestamp" "seconds" [] "When the agent started";
    HEARTBEAT = Gauge "last_heartbeat_timestamp" "seconds" [] "When the sign of life last went out";
    RELOAD_OK = Gauge "config_last_reload_successful" "" [] "Whether the configuration that was last read was taken";
    RELOAD = Gauge "config_last_reload_timestamp" "seconds" [] "When the configuration was last read";
    KILL_SWITCH = Gauge "kill_switch" "" ["state"] "One at the state that the kill switch is in";
    SLOTS = Counter "slots" "" ["canary" "target" "outcome" "kind"] "Slots that ended, by outcome";
    SLI = Counter "sli_slots" "" ["canary" "target" "axis" "mark"] "Scheduled slots that say something on an axis";
    OBJECTIVE = Gauge "slo_objective" "ratio" ["canary" "target" "axis"] "The share of good slots that is promised";
    WINDOW = Gauge "slo_window" "seconds" ["canary" "target"] "The time over which it is promised";
    BUDGET = Gauge "error_budget_left" "ratio" ["canary" "target" "axis"]
        "The share of the error budget that is left; below zero where it is overspent";
    INTERVAL = Gauge "slot_interval" "seconds" ["canary" "target"] "The time between two slots; none for cron lines";
    LAST_SLOT = Gauge "last_slot_timestamp" "seconds" ["canary" "target"] "When a slot last ended that had started";
    LAST_PASS = Gauge "last_pass_timestamp" "seconds" ["canary" "target"] "When a slot last passed";
    TROUBLES = Counter "slot_troubles" "" ["target" "place" "phase"]
        "Slots that did not pass, by where it lies; the phase is of the way there";
    LATENESS = Histogram "slot_lateness" "seconds" [] "How long after its due time a slot started";
    SLOT_DURATION = Histogram "slot_duration" "seconds" ["target"] "How long a slot took that started";
    EXCHANGE_DURATION = Histogram "exchange_duration" "seconds" ["target"]
        "From the start of the send to the last byte of the answer";
    PHASE_DURATION = Histogram "exchange_phase_duration" "seconds" ["target" "phase"] "The parts of an exchange";
    EXCHANGES = Counter "exchanges" "" ["target"] "Requests sent";
    BYTES = Counter "exchange" "bytes" ["target"] "Bytes of bodies sent and received";
    LEAKS = Counter "leaks" "" ["target"] "Things that slots made and could not remove";
    VERSION = Gauge "target_version" "" ["target" "version"] "One at the version that the target last named";
    REQUESTS_LEFT = Gauge "request_budget_left" "" ["target"] "Requests that the target may still be sent today";
    BYTES_LEFT = Gauge "byte_budget_left" "bytes" ["target"] "Bytes that may still go to and from the target today";
    UNDER_WAY = Gauge "slots_under_way" "" [] "Slots that have started and not ended";
    LEASES = Gauge "leases" "" [] "Leases that are held";
    LEAKS_LEFT = Gauge "leak_budget_left" "" [] "Things that may still be left behind before somebody is told";
    ROWS_LOST = Counter "store_rows_lost" "" [] "Rows of the store that could not be written";
    WAITING = Gauge "deliveries_waiting" "" ["receiver"] "Alerts that wait for their receiver";
    DELIVERIES = Counter "deliveries" "" ["receiver" "result"] "Attempts to deliver an alert: sent, failed, dropped";
    ALERTS = Gauge "alerts_firing" "" ["severity"] "Alerts that fire";
}
