//! A case by itself, run again: what each call is answered, and what it comes to.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use plumb_model::call::Case;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::recorded;
use plumb_validator::plugin::Plugin;
use plumb_validator::verdict::Verdict;
use serde_json::json;

use crate::cli::{Format, ReplayArgs};
use crate::config::Config;
use crate::engine::in_words;
use crate::error::{Error, Exit};
use crate::output;
use crate::select;
use crate::short_run::short_run;

/// Runs a case that no finding stands around: it conforms, diverges, or nothing can be said.
pub(super) fn replay(plugins: &[Plugin], case: &Case, arguments: &ReplayArgs) -> Result<Exit, Error> {
    let plugin = select::plugin(plugins, &case.api)?;
    let api = (plugin.api)();
    let config = Config::load(arguments.target.config.as_deref())?;
    let selected = select::select(plugin, &api, &arguments.target, &config)?;
    let run = short_run(&api, &selected, &AtomicBool::new(false), |engine| {
        let run = engine.worker().map_err(Error::Internal)?.run_alone(case, 0);
        let left = run.left.clone();
        Ok((run, left))
    })?;
    print(&arguments.file, case, &run, arguments.format)?;
    Ok(match run.verdict {
        Verdict::Conforms { .. } => Exit::Conforms,
        Verdict::Diverges(_) => Exit::Diverges,
        _ => Exit::Inconclusive,
    })
}

fn print(path: &Path, case: &Case, run: &CaseRun, format: Format) -> Result<(), Error> {
    let (word, why, calls) = (run.verdict.word(), in_words(&run.verdict), recorded(run));
    if format != Format::Terminal {
        let json = json!({"schema": "plumb.replay/1", "answer": word.to_uppercase(), "why": why, "case": case.id(), "calls": calls});
        return output::print(&format!("{json}\n"));
    }
    let mut text = format!("{}: {}\n", word.to_uppercase(), path.display());
    if !why.is_empty() {
        _ = writeln!(text, "  because {why}");
    }
    for (id, class) in calls {
        _ = writeln!(text, "  {id}: {class}");
    }
    output::print(&text)
}
