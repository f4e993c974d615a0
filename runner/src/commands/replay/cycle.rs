//! A precedence cycle, replayed: every fault alone, and every two that follow each other.

use std::sync::atomic::AtomicBool;

use plumb_model::api::Api;
use plumb_validator::finding::Replay;
use plumb_validator::precedence::{Cycle, conforming_class};

use super::{Answer, print};
use crate::cli::Format;
use crate::engine::{Engine, in_words};
use crate::error::{Error, Exit};
use crate::select::Selected;
use crate::short_run::short_run;

/// A case of the cycle that was run again.
struct Ran {
    /// Its faults.
    with: String,
    /// The class it was answered when it was recorded.
    before: String,
    /// The class that it is answered now; or why that cannot be said.
    now: Result<String, String>,
    /// Whether it has one fault only.
    is_alone: bool,
}

/// Runs every case of the cycle once.
pub(super) fn replay(
    api: &Api,
    selected: &Selected,
    replay: &Replay,
    cycle: &Cycle,
    format: Format,
) -> Result<Exit, Error> {
    let ran = short_run(api, selected, &AtomicBool::new(false), |engine| run_again(engine, cycle))?;
    let answer = answer(&ran);
    let class = |own: &Ran| own.now.clone().unwrap_or_else(|why| why);
    let calls: Vec<(String, String)> = ran.iter().map(|own| (own.with.clone(), class(own))).collect();
    print(replay, &answer, &calls, format)?;
    Ok(answer.exit())
}

fn run_again(engine: &Engine<'_>, cycle: &Cycle) -> Result<(Vec<Ran>, Vec<plumb_validator::journal::Made>), Error> {
    let worker = engine.worker().map_err(Error::Internal)?;
    let mut all = Vec::new();
    for (sequence, (case, class)) in (0..).zip(cycle.cases()) {
        let run = worker.run_alone(case, sequence);
        all.push(Ran {
            with: case.origin.choices.join(" and "),
            before: class.to_owned(),
            now: conforming_class(&run).ok_or_else(|| in_words(&run.verdict)),
            is_alone: all.len() < cycle.steps.len(),
        });
    }
    Ok((all, worker.into_left()))
}

/// Fixed where two faults have another winner now, each alone earning the error that it earned before.
fn answer(ran: &[Ran]) -> Answer {
    if let Some((own, why)) = ran.iter().find_map(|own| Some((own, own.now.as_ref().err()?))) {
        return Answer::Inconclusive(format!("with {}: {why}", own.with));
    }
    let changed = |own: &&Ran| own.now.as_ref().is_ok_and(|now| *now != own.before);
    match (ran.iter().filter(|own| own.is_alone).find(changed), ran.iter().any(|own| changed(&own))) {
        (Some(own), _) => Answer::Inconclusive(format!(
            "with {} alone it no longer answers {}, as it did before",
            own.with, own.before
        )),
        (None, true) => Answer::Fixed,
        (None, false) => Answer::Reproduced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(now: [Result<&str, &str>; 2], word: &str) {
        let ran = |with: &str, now: Result<&str, &str>, is_alone| Ran {
            with: with.into(),
            before: "400 a".into(),
            now: now.map(str::to_owned).map_err(str::to_owned),
            is_alone,
        };
        let answer = match answer(&[ran("a", now[0], true), ran("a and b", now[1], false)]) {
            Answer::Reproduced => "reproduced".to_owned(),
            Answer::Fixed => "fixed".to_owned(),
            Answer::Inconclusive(why) => why,
        };
        assert_eq!(answer, word);
    }

    #[test]
    fn another_winner_is_a_fix_and_another_error_alone_is_another_question() {
        check([Ok("400 a"), Ok("400 a")], "reproduced");
        check([Ok("400 a"), Ok("404 b")], "fixed");
        check([Ok("404 b"), Ok("404 b")], "with a alone it no longer answers 400 a, as it did before");
        check([Ok("400 a"), Err("no answer")], "with a and b: no answer");
    }
}
