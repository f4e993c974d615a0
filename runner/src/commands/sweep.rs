//! `plumb sweep`: removes what runs left behind, by their journals.

use std::time::Duration;

use plumb_model::text::shown;
use plumb_validator::brake::Deed;
use plumb_validator::case_run::clean_up;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::journal::{Journal, Leftovers, Made, Part, leftovers};
use plumb_validator::names::RunId;
use plumb_validator::plugin::Plugin;
use plumb_validator::pool::empty_part;

use crate::bounds::InForce;
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
        let due = Due::of(left, &mut budget);
        due.tell(&selected, arguments.yes)?;
        if arguments.yes {
            failed += sweep_run(plugin, &selected, &due)?;
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

/// Why the identity that made or owns something cannot be asked to remove it; none where that can be done.
fn no_maker(actor: Option<&str>, selected: &Selected) -> Option<String> {
    actor.and_then(|name| selected.target.no_actor(name))
}

/// What is to go of one run.
struct Due<'l> {
    left: &'l Leftovers,
    resources: &'l [Made],
    parts: &'l [Part],
}

impl<'l> Due<'l> {
    /// As much as the budget allows, which is so much smaller afterwards.
    fn of(left: &'l Leftovers, budget: &mut usize) -> Self {
        let resources = &left.resources[..left.resources.len().min(*budget)];
        *budget -= resources.len();
        let parts = &left.parts[..left.parts.len().min(*budget)];
        *budget -= parts.len();
        Self { left, resources, parts }
    }

    /// Whether nothing else is left of the run.
    fn is_all(&self) -> bool {
        self.resources.len() == self.left.resources.len() && self.parts.len() == self.left.parts.len()
    }

    fn tell(&self, selected: &Selected, is_done: bool) -> Result<(), Error> {
        let run = &self.left.header.run;
        for made in self.resources {
            let words = if is_done { "removing" } else { "would remove" };
            let words = if no_maker(made.actor.as_deref(), selected).is_some() { "cannot remove" } else { words };
            output::print(&format!("{words} {} of run {run}{}\n", named(made), maker(made)))?;
        }
        for part in self.parts {
            let words = if is_done { "emptying" } else { "would empty" };
            let words = if no_part(part, run, selected).is_some() { "cannot empty" } else { words };
            output::print(&format!("{words} {part} of run {run}\n"))?;
        }
        Ok(())
    }
}

/// Why a part cannot be emptied; none where it can. What a run lent starts with its marker, and where it does not,
/// somebody has changed the journal.
fn no_part(part: &Part, run: &str, selected: &Selected) -> Option<String> {
    let run = RunId::parse(run)?;
    if !part.is_of(&run) {
        return Some("the prefix is not the run's".to_owned());
    }
    no_maker(part.actor.as_deref(), selected)
}

fn is_due(left: &Leftovers, api: &str, selected: &Selected, min_age: Duration) -> bool {
    let age_s = SystemClock.unix_ms() / 1000 - left.header.started_s;
    let old = u64::try_from(age_s).is_ok_and(|age_s| age_s >= min_age.as_secs());
    left.header.api == api && left.header.endpoint == selected.endpoint.url() && old
}

/// Removes what is due; tells how much of it stayed.
fn sweep_run(plugin: &Plugin, selected: &Selected, due: &Due<'_>) -> Result<usize, Error> {
    let (api, left) = ((plugin.api)(), due.left);
    let Some(run) = RunId::parse(&left.header.run) else {
        return Err(Error::usage(format!("{} is no run id", left.header.run), "the journal was changed by hand"));
    };
    let in_force = InForce::at(selected)?;
    if let Some(held) = in_force.bounds.brake.holds_back(Deed::CleanUp) {
        return Err(Error::KeptBack(held.to_string()));
    }
    let journal = Journal::resume(&left.path)
        .map_err(|error| Error::usage(format!("failed to {error}"), "is another sweep at work?"))?;
    let connect = || run::connect(selected);
    // The engine's guard is that of the run swept: names without its marker stay untouched, whatever the journal says.
    let engine = Engine::new(&api, &selected.target, &run, &connect)
        .bound_by(&in_force.bounds)
        .only_cleaning_up()
        .noting_in(&journal);
    run::check_alive(&engine, selected)?;
    let resources = due.resources.to_vec();
    let stayed = engine.with_context(async |context| clean_up(context, resources).await).map_err(Error::Internal)?;
    for made in &stayed {
        let why = no_maker(made.actor.as_deref(), selected).map_or_else(String::new, |why| format!(": {why}"));
        eprintln!("could not remove {}{}{why}", named(made), maker(made));
    }
    let mut full = 0;
    for part in due.parts {
        let why = no_part(part, &left.header.run, selected);
        let is_empty = why.is_none()
            && engine.with_context(async |context| empty_part(context, part).await).map_err(Error::Internal)?;
        if !is_empty {
            eprintln!("could not empty {part}{}", why.map_or_else(String::new, |why| format!(": {why}")));
            full += 1;
        }
    }
    if stayed.is_empty() && full == 0 && due.is_all() {
        journal.finish_clean().map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(stayed.len() + full)
}
