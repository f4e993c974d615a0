//! `plumb sweep`: removes what runs left behind, by their journals.

use std::time::Duration;

use plumb_model::text::shown;
use plumb_validator::case_run::clean_up;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::journal::{Journal, Leftovers, Made, leftovers};
use plumb_validator::names::RunId;
use plumb_validator::plugin::Plugin;

use crate::cli::SweepArgs;
use crate::config::Config;
use crate::engine::Engine;
use crate::error::{Error, Exit};
use crate::output;
use crate::run;
use crate::select::{self, Selected};

/// Carries the command out. Exits 2 where something could not be removed.
pub(super) fn sweep(plugins: &[Plugin], arguments: &SweepArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.target.config.as_deref())?;
    let plugin = select::plugin(plugins, &select::api_name(&arguments.target, &config)?)?;
    let api = (plugin.api)();
    let selected = select::select(plugin, &api, &arguments.target, &config)?;
    let all = leftovers(&run::journal_folder()).map_err(|error| {
        Error::usage(format!("failed to {error}"), "move the file away if nothing in it is worth sweeping")
    })?;
    let due: Vec<Leftovers> =
        all.into_iter().filter(|left| is_due(left, api.name, &selected, arguments.min_age)).collect();
    let mut budget = arguments.max_count;
    let mut failed = 0;
    for left in &due {
        let take = left.resources.len().min(budget);
        budget -= take;
        let words = if arguments.yes { "removing" } else { "would remove" };
        for made in &left.resources[..take] {
            let words = if no_maker(made, &selected).is_some() { "cannot remove" } else { words };
            output::print(&format!("{words} {} of run {}{}\n", named(made), left.header.run, maker(made)))?;
        }
        if arguments.yes {
            failed += sweep_run(plugin, &selected, left, take)?;
        }
    }
    if due.is_empty() {
        output::print(&format!(
            "nothing to remove of runs that began at least {} ago (--min-age)\n",
            humantime::format_duration(arguments.min_age)
        ))?;
    } else if !arguments.yes {
        output::print("nothing was removed; add --yes to do it\n")?;
    }
    Ok(if failed == 0 { Exit::Conforms } else { Exit::Inconclusive })
}

fn named(made: &Made) -> String {
    format!("{} {}", made.kind, shown(&made.name, 80))
}

/// `, made by other`; nothing where it was the first identity.
fn maker(made: &Made) -> String {
    made.actor.as_ref().map_or_else(String::new, |actor| format!(", made by {}", shown(actor.as_bytes(), 80)))
}

/// Why who made it cannot be asked to remove it; none where that can be done.
fn no_maker(made: &Made, selected: &Selected) -> Option<String> {
    made.actor.as_deref().and_then(|name| selected.target.no_actor(name))
}

fn is_due(left: &Leftovers, api: &str, selected: &Selected, min_age: Duration) -> bool {
    let age_s = SystemClock.unix_ms() / 1000 - left.header.started_s;
    let old = u64::try_from(age_s).is_ok_and(|age_s| age_s >= min_age.as_secs());
    left.header.api == api && left.header.endpoint == selected.endpoint.url() && old
}

/// Removes the first `take` resources of a run; tells how many stayed.
fn sweep_run(plugin: &Plugin, selected: &Selected, left: &Leftovers, take: usize) -> Result<usize, Error> {
    let api = (plugin.api)();
    let Some(run) = RunId::parse(&left.header.run) else {
        return Err(Error::usage(format!("{} is no run id", left.header.run), "the journal was changed by hand"));
    };
    let journal = Journal::resume(&left.path)
        .map_err(|error| Error::usage(format!("failed to {error}"), "is another sweep at work?"))?;
    let connect = || run::connect(selected);
    // The engine's guard is that of the run swept: names without its marker stay untouched, whatever the journal says.
    let engine = Engine::new(&api, &selected.target, &run, &connect).noting_in(&journal);
    run::check_alive(&engine, selected)?;
    let due = left.resources[..take].to_vec();
    let stayed = engine.with_context(async |context| clean_up(context, due).await).map_err(Error::Internal)?;
    for made in &stayed {
        let why = no_maker(made, selected).map_or_else(String::new, |why| format!(": {why}"));
        eprintln!("could not remove {}{}{why}", named(made), maker(made));
    }
    if stayed.is_empty() && take == left.resources.len() {
        journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(stayed.len())
}
