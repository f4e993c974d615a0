//! One case from empty: borrow, call by call, clean up.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::belief::Belief;
use plumb_model::call::{Call, Case, Need};
use plumb_model::seen::Bindings;
use tracing::{debug, instrument};

use crate::journal::Made;
use crate::names::CaseNames;
use crate::open_case::{OpenCase, no_such_kind};
use crate::session::{Context, Exchange, Raw, Session};
use crate::verdict::{Divergence, HangUp, Unclear, Verdict};

/// The most pages that are read while a resource is emptied.
pub const CLEAN_UP_PAGES_MAX: usize = 1_000;

/// What a case came to.
#[derive(Debug)]
pub struct CaseRun {
    /// The verdict on the case; where it diverges, with its first divergence.
    pub verdict: Verdict,
    /// Every divergence, in the order of the calls.
    pub divergences: Vec<Divergence>,
    /// The calls on which the server hung up; no verdict is due to them.
    pub hang_ups: Vec<HangUp>,
    /// What was sent and came back, borrowing and clean-up left out.
    pub exchanges: Vec<Exchange>,
    /// What was sent to make what the case borrowed; empty where somebody before it had made it.
    pub provisioned: Vec<Exchange>,
    /// Resources that could not be removed; the journal has them.
    pub left: Vec<Made>,
    /// The values that the server chose, as far as its answers told them.
    pub bindings: Bindings,
}

impl CaseRun {
    /// A case that ended with `verdict` before its first call.
    pub fn ended(verdict: Verdict) -> Self {
        let (divergences, hang_ups, exchanges, bindings) = (Vec::new(), Vec::new(), Vec::new(), Bindings::new());
        Self { verdict, divergences, hang_ups, exchanges, provisioned: Vec::new(), left: Vec::new(), bindings }
    }
}

/// A resource that many cases of one worker share.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    resources: Vec<Made>,
    /// What nobody is lent, because nobody knows whether it was made.
    half_made: Vec<Made>,
}

/// Runs a case under the number `sequence`, by which its names differ from those of all other cases of the run.
#[instrument(level = "debug", skip_all, fields(run = context.run.as_str(), sequence, case = %case.id()))]
pub async fn run_case(context: &Context<'_>, shared: &mut Shared, case: &Case, sequence: u64) -> CaseRun {
    if let Some(why) = context.target.lacks_actor_of(case) {
        return CaseRun::ended(Verdict::Unsupported(why));
    }
    context.bodies.forget_given();
    let mut open = OpenCase::new(context, sequence);
    for need in &case.needs {
        let borrowed = if need.own { open.make(need).await } else { shared.lend(&mut open, need).await };
        if let Err(verdict) = borrowed {
            return open.close().await.into_run(verdict, Vec::new());
        }
    }
    let (verdict, divergences) = run_calls(open.session(), case).await;
    open.close().await.into_run(verdict, divergences)
}

async fn run_calls(session: &mut Session<'_, '_>, case: &Case) -> (Verdict, Vec<Divergence>) {
    let mut divergences: Vec<Divergence> = Vec::new();
    let mut all_preferred = true;
    let mut unclear = None;
    let mut ended = None;
    for turn in &case.calls {
        match session.call(turn).await {
            Verdict::Conforms { preferred } => all_preferred &= preferred,
            Verdict::Diverges(divergence) => {
                divergences.push(*divergence);
                if session.is_lost() {
                    break;
                }
            }
            // A lost answer does not end a case: what comes after it may still diverge.
            Verdict::Inconclusive(reason @ (Unclear::NoAnswer(_) | Unclear::Throttled(_))) => {
                unclear.get_or_insert(reason);
            }
            other => {
                ended = Some(other);
                break;
            }
        }
    }
    let verdict = match divergences.first() {
        Some(first) => Verdict::Diverges(Box::new(first.clone())),
        None => match (unclear, ended) {
            (Some(reason), None | Some(Verdict::Inconclusive(_))) => Verdict::Inconclusive(reason),
            (_, Some(ended)) => ended,
            (None, None) => Verdict::Conforms { preferred: all_preferred },
        },
    };
    (verdict, divergences)
}

/// What the owner of a need makes for it.
pub(crate) fn made_for(context: &Context<'_>, need: &Need, name: &Bytes) -> Made {
    let owner = context.target.actor(need.actor.as_deref());
    Made { kind: need.kind.clone(), name: name.clone(), actor: context.target.name_beside_first(owner) }
}

pub(crate) async fn provision(context: &Context<'_>, need: &Need, name: &Bytes) -> Result<Vec<Exchange>, Verdict> {
    let resources = &context.api.resources;
    if let Some(nature) = need.nature.as_deref().filter(|nature| !resources.makes_nature(&need.kind, nature)) {
        return Err(Verdict::Unsupported(format!("nobody here can make a {} that is {nature}", need.kind)));
    }
    let mut exchanges = Vec::new();
    for call in resources.provision(need, name, context.target.site()) {
        let (answer, sent) = match errand(context, &call, need.actor.as_deref()).await {
            Ok(told) => told,
            Err(verdict) => return Err(half_made(context, need, name, verdict, !exchanges.is_empty()).await),
        };
        exchanges.extend(sent);
        if !answer.is_success() {
            let why = format!("make {} for the case: {}", need.kind, answer.class());
            return Err(Verdict::Inconclusive(Unclear::NoResource(why)));
        }
    }
    Ok(exchanges)
}

/// The verdict where a call is refused that would have made something. Where others before it were sent, what they made
/// is removed at once; what stays nobody takes for not made.
async fn half_made(context: &Context<'_>, need: &Need, name: &Bytes, verdict: Verdict, any_sent: bool) -> Verdict {
    if !any_sent || !verdict.is_unsent() {
        return verdict;
    }
    if clean_up(context, vec![made_for(context, need, name)]).await.is_empty() {
        return verdict;
    }
    Verdict::Inconclusive(Unclear::NoResource(format!("a {} was left half made", need.kind)))
}

tokio::task_local! {
    /// There while an errand is under way in a task.
    static ERRAND: ();
}

/// Whether what the current task sends belongs to no case: it provides, cleans up or asks for life. Whoever plants wrong
/// answers leaves those of errands alone, so that nothing stays behind because of them.
pub fn is_errand() -> bool {
    ERRAND.try_with(|()| ()).is_ok()
}

/// Sends a call that belongs to no case, as `actor` or as the target's first identity: guarded and journalled, but
/// not judged.
pub async fn errand(
    context: &Context<'_>,
    call: &Call,
    actor: Option<&str>,
) -> Result<(Answer, Vec<Exchange>), Verdict> {
    if let Some(why) = actor.and_then(|name| context.target.no_actor(name)) {
        return Err(Verdict::Unsupported(why));
    }
    let names = CaseNames::new(context.api, context.target, context.run.marker());
    let mut session = Session::new(context, names, Belief::new(context.api.model.initial(&[])));
    match ERRAND.scope((), session.exchange("errand", call, context.target.actor(actor))).await {
        Raw::Answer(answer, _) => Ok((*answer, session.into_exchanges())),
        Raw::NotSent(verdict) => Err(verdict),
        Raw::NoAnswer(unclear, ..) => Err(Verdict::Inconclusive(unclear)),
    }
}

/// Removes resources, what is inside them first, each as who made it. Tells what could not be removed.
pub async fn clean_up(context: &Context<'_>, resources: Vec<Made>) -> Vec<Made> {
    let guard = context.guard.cleaning_up();
    let context = &Context { guard: &guard, ..*context };
    let mut left: Vec<Made> = Vec::new();
    let mut gone: Vec<Made> = Vec::new();
    for made in resources.into_iter().rev() {
        // One thing, lent and made, is removed once; where two may have made it, the second tries what the first
        // was not let do.
        if left.contains(&made) || gone.iter().any(|own| own.is_same_thing(&made)) {
            continue;
        }
        if remove(context, &made).await {
            left.retain(|own| !own.is_same_thing(&made));
            gone.push(made);
        } else {
            left.push(made);
        }
    }
    left
}

/// Empties and removes one resource as who made it; tells whether it is gone.
async fn remove(context: &Context<'_>, made: &Made) -> bool {
    let (kind, name, actor) = (made.kind.as_str(), &made.name, made.actor.as_deref());
    let resources = &context.api.resources;
    let mut page = resources.list(kind, name, None);
    for _ in 0..CLEAN_UP_PAGES_MAX {
        let Some(call) = page else { break };
        let Ok((listed, _)) = errand(context, &call, actor).await else { break };
        for removal in resources.remove_listed(kind, name, &listed) {
            if let Err(verdict) = errand(context, &removal, actor).await {
                debug!(verdict = verdict.word(), "could not remove what a {kind} holds");
            }
        }
        page = resources.list(kind, name, Some(&listed));
    }
    match errand(context, &resources.remove(kind, name), actor).await {
        Ok((answer, _)) if resources.is_absent(&answer) => {
            if let Some(journal) = context.journal {
                _ = journal.removed(kind, name);
            }
            true
        }
        Ok((answer, _)) => answer.is_success(),
        Err(_) => false,
    }
}

impl Shared {
    /// Lends a part of what is shared, which is made where there is none yet.
    async fn lend(&mut self, open: &mut OpenCase<'_, '_>, need: &Need) -> Result<(), Verdict> {
        let (context, sequence) = (open.context(), open.sequence());
        let sender = made_for(context, need, &Bytes::new()).actor;
        let is_it = |made: &&Made| made.kind == need.kind && made.actor == sender;
        let prefix = format!("{sequence:06}/");
        if let Some(made) = self.resources.iter().find(is_it) {
            return open.share(need, made.name.clone(), &prefix, Vec::new());
        }
        let marker = context.run.case_marker(sequence);
        // Two identities share nothing, and what they make for one case must not bear one name.
        let role = sender.as_ref().map_or_else(|| "shared".to_owned(), |actor| format!("shared-{actor}"));
        let name = context.api.resources.name(&need.kind, &role, &marker).ok_or_else(|| no_such_kind(need))?;
        let made = made_for(context, need, &name);
        match provision(context, need, &name).await {
            Ok(provisioned) => {
                self.resources.push(made);
                open.share(need, name, &prefix, provisioned)
            }
            Err(verdict) => {
                // A creation without an answer may have happened.
                if !verdict.is_unsent() {
                    self.half_made.push(made);
                }
                Err(verdict)
            }
        }
    }

    /// Removes what was shared, at the end of a worker's life.
    pub async fn give_back(self, context: &Context<'_>) -> Vec<Made> {
        clean_up(context, [self.half_made, self.resources].concat()).await
    }
}
