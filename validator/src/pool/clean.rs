//! Empties a part of something: what lies under its prefix, and only that.

use plumb_model::space::Hazard;
use tracing::debug;

use crate::brake::is_for_brake;
use crate::case_run::{CLEAN_UP_PAGES_MAX, errand};
use crate::journal::Part;
use crate::session::Context;
use crate::verdict::Verdict;

/// Removes everything in a part as the owner of the whole, and notes that in the journal. Tells whether nothing is left.
///
/// Nothing else is touched, whatever a server lists: the guard permits the part alone. A part that another run lent is
/// none to be emptied here.
pub async fn empty_part(context: &Context<'_>, part: &Part) -> bool {
    if !part.is_of(context.run) {
        return false;
    }
    let guard = context.guard.within(&part.kind, part.name.clone(), part.prefix.clone());
    let is_empty = remove_below(&Context { guard: &guard, ..*context }, part).await;
    if let Some(journal) = context.journal.filter(|_| is_empty) {
        _ = journal.emptied(part);
    }
    is_empty
}

async fn remove_below(context: &Context<'_>, part: &Part) -> bool {
    let Part { kind, name, prefix, .. } = part;
    let (resources, actor) = (&context.api.resources, part.actor.as_deref());
    let Some(mut page) = resources.list_below(kind, name, prefix, None) else { return false };
    let mut all_gone = true;
    for _ in 0..CLEAN_UP_PAGES_MAX {
        let listed = match errand(context, &page, actor).await {
            Ok((listed, _)) if listed.is_success() => listed,
            Ok((refusal, _)) => {
                debug!(class = refusal.class(), "could not list a part of a {kind}");
                return false;
            }
            Err(verdict) => {
                debug!(verdict = verdict.word(), "could not list a part of a {kind}");
                return false;
            }
        };
        for removal in resources.remove_listed(kind, name, &listed) {
            all_gone &= match errand(context, &removal, actor).await {
                Ok((answer, _)) => answer.is_success() || resources.is_absent(&answer),
                // The server lists more than it was asked for, and what is not ours stays; or nothing may be removed.
                Err(Verdict::Inconclusive(_)) => return false,
                Err(Verdict::Skipped(why)) => context.target.safety.permits(Hazard::Deletes) && !is_for_brake(&why),
                Err(_) => false,
            };
        }
        match resources.list_below(kind, name, prefix, Some(&listed)) {
            Some(next) => page = next,
            None => return all_gone,
        }
    }
    false
}
