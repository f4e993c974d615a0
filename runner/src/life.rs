//! Whether the target lives through a case, and who killed it where it does not.

use plumb_model::text::shown;
use plumb_validator::case_run::CaseRun;
use plumb_validator::session::Context;
use plumb_validator::verdict::{Unclear, Verdict};

use crate::engine::{Engine, is_alive};

/// The longest request that is told as the one that killed a target, in characters.
const REQUEST_CHARACTERS_MAX: usize = 300;

/// What became of the target while a case ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It lived on.
    GoesOn,
    /// It died and was brought back: whatever it remembered may be gone, and no answer of the case counts.
    BroughtBack,
    /// It died and stays dead, and why.
    Over(String),
}

impl Engine<'_> {
    /// How often the target has died so far, as far as anybody could bring it back.
    pub fn deaths(&self) -> u64 {
        self.restarter.map_or(0, crate::restart::Restarter::deaths)
    }

    /// What became of the target during a case that began after so many `deaths`. Where it died and can be brought
    /// back, it is.
    pub async fn life_after(&self, context: &Context<'_>, run: &CaseRun, deaths: u64) -> Life {
        if is_silent(run) { self.life(context, deaths).await } else { self.since(deaths) }
    }

    /// What becomes of the target when it is asked whether it lives, and has died so often before.
    pub async fn life(&self, context: &Context<'_>, deaths: u64) -> Life {
        // Whoever may not ask learns nothing, and least of all that the target is dead.
        if self.guard.bounds().keep_from_beginning().is_some() {
            return self.since(deaths);
        }
        if let Err(why) = is_alive(context).await {
            let Some(restarter) = self.restarter else { return Life::Over(why) };
            if let Err(why) = restarter.bring_back(context, self.stop).await {
                return Life::Over(why);
            }
        }
        self.since(deaths)
    }

    fn since(&self, deaths: u64) -> Life {
        if self.deaths() == deaths { Life::GoesOn } else { Life::BroughtBack }
    }
}

/// Whether the target owes an answer, so that it has to be asked whether it lives.
fn is_silent(run: &CaseRun) -> bool {
    matches!(&run.verdict, Verdict::Inconclusive(Unclear::NoAnswer(_) | Unclear::Unreachable(_)))
        || run.exchanges.iter().any(|exchange| exchange.answer.is_none())
}

/// The last request of a case that got no answer: where the target died in it, the one that killed it.
pub fn killer(run: &CaseRun) -> Option<String> {
    let request = &run.exchanges.iter().rfind(|exchange| exchange.answer.is_none())?.request;
    Some(shown(&[request.method.as_bytes(), b" ", &request.target].concat(), REQUEST_CHARACTERS_MAX))
}

/// A case during which the target died: nothing that was answered in it says anything.
pub fn died_under(run: CaseRun) -> CaseRun {
    let verdict = Verdict::Inconclusive(Unclear::Unreachable("the target died while the case ran".into()));
    CaseRun { verdict, divergences: Vec::new(), hang_ups: Vec::new(), ..run }
}
