//! `plumb replay`: REPRODUCED, FIXED or INCONCLUSIVE.

mod bare;
mod cycle;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use plumb_steps::calls::scenario_of;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::{HANG_UPS, REPLAY_VERSION, Replay, recorded};
use plumb_validator::plugin::Plugin;
use plumb_validator::verdict::{NO_ANSWER, Verdict};
use serde_json::json;

use crate::cli::{Form, Format, ReplayArgs};
use crate::commands::demo::{self, DEMO_TARGET};
use crate::config::Config;
use crate::engine::{self, Engine};
use crate::error::{Error, Exit};
use crate::hang_up::{Once, once};
use crate::input::read_text;
use crate::output;
use crate::seeds;
use crate::select;
use crate::short_run::short_run;

/// The longest replay file, in bytes.
const REPLAY_BYTES_MAX: u64 = 16 << 20;

/// What a replay came to.
enum Answer {
    Reproduced,
    Fixed,
    Inconclusive(String),
}

impl Answer {
    const fn exit(&self) -> Exit {
        match self {
            Self::Reproduced => Exit::Diverges,
            Self::Fixed => Exit::Conforms,
            Self::Inconclusive(_) => Exit::Inconclusive,
        }
    }
}

/// Carries the command out.
pub(super) fn replay(plugins: &[Plugin], arguments: &ReplayArgs) -> Result<Exit, Error> {
    if let Some(Form::Feature) = arguments.written_as {
        return print_feature(&arguments.file);
    }
    if is_bare(&arguments.file)? {
        return bare::replay(plugins, &seeds::read(&arguments.file)?, arguments);
    }
    let replay = read(&arguments.file)?;
    let plugin = select::plugin(plugins, &replay.api)?;
    if arguments.target.api.as_ref().is_some_and(|api| *api != replay.api) {
        let message = format!("the file is of the API {:?}", replay.api);
        return Err(Error::usage(message, "leave --api out, or name another file"));
    }
    let api = (plugin.api)();
    let named = arguments.target.endpoint_url.is_some() || arguments.target.target.is_some();
    // The file itself never chooses where to go; only the built-in demo needs no word from the user.
    let (_server, mut selected) = if !named && replay.target == DEMO_TARGET {
        let (server, selected) = demo::start(plugin, &api)?;
        (Some(server), selected)
    } else {
        let config = Config::load(arguments.target.config.as_deref())?;
        (None, select::select(plugin, &api, &arguments.target, &config)?)
    };
    if arguments.target.flavour.is_none() {
        selected.target.flavour = select::flavour(&api, Some(&replay.flavour))?;
    }
    if let Some(cycle) = &replay.finding.cycle {
        return self::cycle::replay(&api, &selected, &replay, cycle, arguments.format);
    }
    let ran = short_run(&api, &selected, &AtomicBool::new(false), |engine| {
        let ran = run_again(engine, &replay)?;
        let left = ran.run.left.clone();
        Ok((ran, left))
    })?;
    let answer = answer(&replay, &ran);
    print(&replay, &answer, &recorded(&ran.run), arguments.format)?;
    Ok(answer.exit())
}

/// Whether the file is a case by itself, with no finding around it.
fn is_bare(path: &Path) -> Result<bool, Error> {
    let help = "name a file that a run wrote: findings/ID.json, or a recorded case";
    let text = read_text(path, REPLAY_BYTES_MAX).map_err(|error| Error::file("read", path, error, help))?;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(json.get("plumb_replay").is_none() && json.get("calls").is_some())
}

/// Prints the case as a feature: it fails as long as the finding is true, and passes once that is mended.
fn print_feature(path: &Path) -> Result<Exit, Error> {
    let (case, name, comments) = if is_bare(path)? {
        let case = seeds::read(path)?;
        let name = format!("The recorded case {}", case.id());
        (case, name, Vec::new())
    } else {
        let finding = read(path)?.finding;
        if finding.cycle.is_some() {
            let help = "replay it as it is: plumb replay FILE";
            return Err(Error::usage("a precedence cycle takes more than one case to show, so no scenario can", help));
        }
        let comments =
            vec![format!("Finding {}: {}", finding.id, finding.signature), format!("seen {}", finding.reproduced)];
        (finding.case, finding.summary, comments)
    };
    let text = scenario_of(&case, &name, &comments)
        .map_err(|error| Error::usage(format!("failed to {error}"), "replay it as it is: plumb replay FILE"))?;
    output::print(&text)?;
    Ok(Exit::Conforms)
}

/// Reads and checks a replay file.
pub(super) fn read(path: &Path) -> Result<Replay, Error> {
    let refused = |error| Error::file("read", path, error, "name a file that a run wrote: findings/ID.json");
    let wrong = |message: String| {
        Error::usage(
            format!("failed to read {}: {message}", path.display()),
            "name a file that a run of this version wrote",
        )
    };
    let text = read_text(path, REPLAY_BYTES_MAX).map_err(refused)?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(format!("no JSON: {error}")))?;
    match json.get("plumb_replay").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(REPLAY_VERSION) => {}
        Some(version) => return Err(wrong(format!("its version is {version}, this build reads {REPLAY_VERSION}"))),
        None => return Err(wrong("it is no replay file".into())),
    }
    let replay: Replay = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    replay.finding.case.check().map_err(|error| wrong(error.to_string()))?;
    if replay.finding.case.api != replay.api {
        return Err(wrong(format!("its case is of the API {:?}", replay.finding.case.api)));
    }
    if let Some(cycle) = &replay.finding.cycle {
        cycle.check(&replay.api).map_err(wrong)?;
    }
    Ok(replay)
}

/// What running the case again came to.
struct Ran {
    /// The last time it ran.
    run: CaseRun,
    /// How often the server hung up where it did.
    hung_up: u32,
    /// Whether it did so every time, or died of it.
    always: bool,
}

/// Once is enough for an answer; of a hang-up it takes as many times as for the finding, or the target's death.
fn run_again(engine: &Engine<'_>, replay: &Replay) -> Result<Ran, Error> {
    let (worker, case) = (engine.worker().map_err(Error::Internal)?, &replay.finding.case);
    if replay.finding.observed.class != NO_ANSWER {
        return Ok(Ran { run: worker.run_alone(case, 0), hung_up: 0, always: false });
    }
    let (mut hung_up, mut sequence) = (0, 0);
    loop {
        let Once { run, hang_up, died } = once(engine, &worker, case, &mut sequence);
        hung_up += u32::from(hang_up.is_some());
        let always = hang_up.is_some() && (died || hung_up == HANG_UPS);
        if always || hang_up.is_none() {
            return Ok(Ran { run, hung_up, always });
        }
    }
}

fn answer(replay: &Replay, ran: &Ran) -> Answer {
    if ran.always {
        return Answer::Reproduced;
    }
    if ran.hung_up > 0 {
        return Answer::Inconclusive(format!("the server hung up in {} of {} runs", ran.hung_up, ran.hung_up + 1));
    }
    let ran = &ran.run;
    match &ran.verdict {
        _ if ran.divergences.iter().any(|own| own.signature() == replay.diverges) => Answer::Reproduced,
        Verdict::Diverges(divergence) => {
            Answer::Inconclusive(format!("it diverges in another way: {}", divergence.signature()))
        }
        Verdict::Conforms { .. } => same_way_there(replay, ran),
        other => Answer::Inconclusive(engine::in_words(other)),
    }
}

/// Fixed only if every call before the diverging one answered as recorded: otherwise another question was asked.
fn same_way_there(replay: &Replay, ran: &CaseRun) -> Answer {
    let now = recorded(ran);
    let before = replay.finding.recorded.len().saturating_sub(1);
    let changed = replay.finding.recorded[..before]
        .iter()
        .find(|(id, class)| now.iter().find(|(own, _)| own == id).is_none_or(|(_, own)| own != class));
    match changed {
        None => Answer::Fixed,
        Some((id, class)) => {
            Answer::Inconclusive(format!("the call {id:?} no longer answers {class}, as it did before"))
        }
    }
}

/// Prints what it came to, and what each call was answered: its id and the class.
fn print(replay: &Replay, answer: &Answer, calls: &[(String, String)], format: Format) -> Result<(), Error> {
    let (word, why) = match answer {
        Answer::Reproduced => ("REPRODUCED", None),
        Answer::Fixed => ("FIXED", None),
        Answer::Inconclusive(why) => ("INCONCLUSIVE", Some(why)),
    };
    if format != Format::Terminal {
        let json = json!({"schema": "plumb.replay/1", "answer": word, "why": why, "finding": replay.finding.id, "calls": calls});
        return output::print(&format!("{json}\n"));
    }
    let mut text = format!("{word}: {}\n", replay.finding.summary);
    if let Some(why) = why {
        text = format!("{text}  because {why}\n");
    }
    for (id, class) in calls {
        text = format!("{text}  {id}: {class}\n");
    }
    output::print(&text)
}
