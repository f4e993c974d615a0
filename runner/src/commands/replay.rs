//! `plumb replay`: REPRODUCED, FIXED or INCONCLUSIVE.

use std::path::Path;

use plumb_model::api::Api;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::{REPLAY_VERSION, Replay, recorded};
use plumb_validator::journal::Journal;
use plumb_validator::plugin::Plugin;
use plumb_validator::verdict::Verdict;
use serde_json::json;

use crate::cli::{Format, ReplayArgs};
use crate::commands::demo::{self, DEMO_TARGET};
use crate::config::Config;
use crate::engine::{self, Engine};
use crate::error::{Error, Exit};
use crate::input::read_text;
use crate::output;
use crate::run;
use crate::select::{self, Selected};

/// The longest replay file, in bytes.
const REPLAY_BYTES_MAX: u64 = 16 << 20;

/// What a replay came to.
enum Answer {
    Reproduced,
    Fixed,
    Inconclusive(String),
}

/// Carries the command out.
pub(super) fn replay(plugins: &[Plugin], arguments: &ReplayArgs) -> Result<Exit, Error> {
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
    let ran = run_once(&api, &selected, &replay)?;
    let answer = answer(&replay, &ran);
    print(&replay, &answer, &ran, arguments.format)?;
    Ok(match answer {
        Answer::Reproduced => Exit::Diverges,
        Answer::Fixed => Exit::Conforms,
        Answer::Inconclusive(_) => Exit::Inconclusive,
    })
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
    Ok(replay)
}

fn run_once(api: &Api, selected: &Selected, replay: &Replay) -> Result<CaseRun, Error> {
    let run = run::new_run_id();
    let journal =
        Journal::begin(&run::journal_folder(), &run::journal_header(api, selected, &run)).map_err(|error| {
            Error::usage(format!("failed to {error}"), "set XDG_STATE_HOME to a folder that can be written")
        })?;
    let connect = || run::connect(selected);
    let engine = Engine::new(api, &selected.target, &run, &connect).noting_in(&journal);
    if let Err(error) = run::check_alive(&engine, selected) {
        _ = journal.finish_clean();
        return Err(error);
    }
    let ran = engine.worker().map_err(Error::Internal)?.run_alone(&replay.finding.case, 0);
    if ran.left.is_empty() {
        journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(ran)
}

fn answer(replay: &Replay, ran: &CaseRun) -> Answer {
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

fn print(replay: &Replay, answer: &Answer, ran: &CaseRun, format: Format) -> Result<(), Error> {
    let (word, why) = match answer {
        Answer::Reproduced => ("REPRODUCED", None),
        Answer::Fixed => ("FIXED", None),
        Answer::Inconclusive(why) => ("INCONCLUSIVE", Some(why)),
    };
    if format != Format::Terminal {
        let calls = recorded(ran);
        let json = json!({"schema": "plumb.replay/1", "answer": word, "why": why, "finding": replay.finding.id, "calls": calls});
        return output::print(&format!("{json}\n"));
    }
    let mut text = format!("{word}: {}\n", replay.finding.summary);
    if let Some(why) = why {
        text = format!("{text}  because {why}\n");
    }
    for (id, class) in recorded(ran) {
        text = format!("{text}  {id}: {class}\n");
    }
    output::print(&text)
}
