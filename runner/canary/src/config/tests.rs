use super::*;
use crate::plan::{Access, During, When};
use crate::schedule::Cadence;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agent: Option<Spanned<AgentConfig>>,
    #[serde(default)]
    canaries: BTreeMap<Spanned<String>, CanaryConfig>,
    #[serde(default)]
    alerts: BTreeMap<Spanned<String>, RuleConfig>,
    #[serde(default)]
    receivers: BTreeMap<Spanned<String>, ReceiverConfig>,
    #[serde(default)]
    maintenance: Vec<MaintenanceConfig>,
}

const AGENT: &str = "[agent]\nregion = \"eu\"\nstate = \"/var/lib/plumb\"\n";
const CANARY: &str = "[canaries.a]\ntargets = [\"t\"]\nembedded = true\nowner = \"team\"\nevery = \"1m\"\n";

fn plan(text: &str) -> Result<Plan, Mistake> {
    let File { agent, canaries, alerts, receivers, maintenance } =
        toml::from_str(text).expect("TOML of the right form");
    Sections { agent, canaries, alerts, receivers, maintenance }.plan(&["t", "u"], 0)
}

/// The mistake of a text, and the words of the text at its place.
fn mistake(text: &str) -> (String, String) {
    let mistake = plan(text).expect_err("a mistake");
    assert!(!mistake.help.is_empty(), "{mistake:?}");
    (mistake.message, mistake.place.map(|place| text[place].to_owned()).unwrap_or_default())
}

#[test]
fn a_plan_has_everything_that_the_file_says() {
    let text = format!(
        "{AGENT}listen = \"0.0.0.0:9464\"\ntoken = {{ file = \"/etc/token\" }}\nkeep_bytes = \"2GB\"\n\
         heartbeat = {{ url = {{ env = \"BEAT\" }} }}\n\
         {CANARY}alerts = [\"page\"]\nslo = {{ availability = 0.9, latency = {{ share = 0.99, within = \"800ms\" }} }}\n\
         [alerts.page]\nslots = {{ axis = \"availability\", bad = 3, of = 5 }}\nseverity = \"page\"\nreceivers = [\"r\"]\n\
         [receivers.r]\nwebhook = {{ url = \"https://example.com/hook\" }}\n\
         [[maintenance]]\nreason = \"move\"\nfrom = \"2026-12-24T18:00:00+01:00\"\nuntil = \"2026-12-25T18:00:00+01:00\"\n"
    );
    let plan = plan(&text).expect("a plan");
    assert_eq!(plan.agent.access, Some(Access::Bearer(Secret::File("/etc/token".into()))));
    assert_eq!(plan.agent.retention.bytes, 2_000_000_000);
    assert_eq!(plan.canaries["a"].cadence, Cadence::every(std::time::Duration::from_mins(1)).expect("a cadence"));
    assert_eq!(plan.alerts["page"].when, When::Slots { axis: crate::slot::Axis::Availability, bad: 3, of: 5 });
    assert!(
        matches!(plan.maintenance[0].during, During::Once { from_ms, until_ms } if until_ms - from_ms == 86_400_000)
    );
    assert_eq!(plan.watches().map(|(watch, _)| watch.to_string()).collect::<Vec<_>>(), ["a@t"]);
}

#[test]
fn a_mistake_is_shown_where_it_stands() {
    for (text, says, at) in [
        (CANARY.to_owned(), "no [agent]", ""),
        (format!("{AGENT}listen = \"0.0.0.0:1\"\n"), "open to everybody", "\"0.0.0.0:1\""),
        (format!("{AGENT}user = \"a\"\n"), "without a password", "\"a\""),
        (format!("{AGENT}keep_bytes = \"2 cows\"\n"), "no number of bytes", "\"2 cows\""),
        (format!("{AGENT}heartbeat = {{ receivers = [\"x\"] }}\n"), "no receiver \"x\"", "\"x\""),
        (
            format!("{AGENT}heartbeat = {{ receivers = [\"r\"] }}\n[receivers.r]\ncommand = [\"/bin/page\"]\n"),
            "no alertmanager",
            "\"r\"",
        ),
        (
            format!(
                "{AGENT}[alerts.p]\nall_missed = \"1h\"\nresolve_after = 0\nseverity = \"page\"\nreceivers = [\"r\"]\n[receivers.r]\ncommand = [\"/bin/page\"]\n"
            ),
            "0 good slots",
            "0",
        ),
        (format!("{AGENT}{CANARY}time_zone = \"UTC\"\n"), "time zone says nothing", "\"UTC\""),
        (format!("{AGENT}{CANARY}alerts = [\"x\"]\n"), "no alert \"x\"", "\"x\""),
        (format!("{AGENT}{CANARY}depends_on = [\"a\"]\n"), "depends on itself", "\"a\""),
        (format!("{AGENT}{CANARY}slo = {{ availability = 99.9 }}\n"), "9990", "99.9"),
        (format!("{AGENT}{CANARY}slo = {{ availability = 1.0 }}\n"), "cannot be kept or missed", "1.0"),
        (format!("{AGENT}{CANARY}timeout = \"soon\"\n"), "", "\"soon\""),
        (format!("{AGENT}[receivers.r]\ncommand = []\n"), "no name", "[]"),
        (
            format!("{AGENT}[[maintenance]]\nreason = \"x\"\nfrom = \"2026-01-01T00:00:00Z\"\n"),
            "not clear when",
            "\"x\"",
        ),
    ] {
        let (message, place) = mistake(&text);
        assert!(message.contains(says), "{text}: {message}");
        assert_eq!(place, at, "{text}: {message}");
    }
}

#[test]
fn what_a_canary_cannot_be_is_refused() {
    let canary = |lines: &str| format!("{AGENT}[canaries.a]\nowner = \"team\"\n{lines}");
    for (lines, says) in [
        ("targets = [\"t\"]\nevery = \"1m\"\n", "does nothing"),
        ("targets = []\nembedded = true\nevery = \"1m\"\n", "has no target"),
        ("targets = [\"x\"]\nembedded = true\nevery = \"1m\"\n", "no target \"x\""),
        ("targets = [\"t\", \"t\"]\nembedded = true\nevery = \"1m\"\n", "named twice"),
        ("targets = [\"t\"]\nembedded = true\n", "not said when"),
        ("targets = [\"t\"]\nembedded = true\nevery = \"1m\"\ncron = \"* * * * *\"\n", "both every and cron"),
        ("targets = [\"t\"]\nembedded = true\ncron = \"* * * * *\"\n", "needs a time zone"),
        ("targets = [\"t\"]\nembedded = true\ncron = \"0 0 31 2 *\"\ntime_zone = \"UTC\"\n", "no month has such a day"),
        ("targets = [\"t\"]\nembedded = true\ncron = \"0 0 * * *\"\ntime_zone = \"Mars/North\"\n", "time zone"),
    ] {
        let (message, _) = mistake(&canary(lines));
        assert!(message.contains(says), "{lines}: {message}");
    }
}

#[test]
fn a_secret_in_an_address_is_refused_and_never_shown() {
    for url in [
        "https://user:hunter2@example.com/",
        "https://example.com/hook?token=hunter2",
        "https://example.com/?X-Auth=hunter2",
    ] {
        let text = format!("{AGENT}[receivers.r]\nwebhook = {{ url = \"{url}\" }}\n");
        let (message, _) = mistake(&text);
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_name_that_cannot_be_a_label_is_refused() {
    let text = format!("{AGENT}{}", CANARY.replace("[canaries.a]", "[canaries.\"a b\"]"));
    assert!(mistake(&text).0.contains("cannot be used"));
}

#[test]
fn what_the_slots_cannot_tell_is_refused_with_the_sum() {
    let rule = |rule: &str| {
        format!(
            "alerts = [\"p\"]\n[alerts.p]\n{rule}\nseverity = \"page\"\nreceivers = [\"r\"]\n[receivers.r]\ncommand = [\"/bin/page\"]\n"
        )
    };
    let burns = "burn_rate = { axis = \"availability\", factor = 14.4, long = \"1h\", short = \"5m\" }";
    for (lines, says, at) in [
        ("slo = { availability = 0.99999, window = \"1h\" }\n".to_owned(), "60", "{ availability"),
        (format!("slo = {{ availability = 0.999 }}\n{}", rule(burns)), "14.4", "\"p\""),
        (rule(burns), "promise", "\"p\""),
    ] {
        let (message, place) = mistake(&format!("{AGENT}{CANARY}{lines}"));
        assert!(message.contains(says), "{lines}: {message}");
        assert!(place.starts_with(at), "{lines}: {place}");
    }
}
