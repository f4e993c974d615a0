//! One case from empty: borrow, call by call, clean up.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::belief::Belief;
use plumb_model::call::{Call, Case, Need};
use plumb_model::model::Lease;
use plumb_model::seen::Names as _;
use tracing::{debug, instrument};

use crate::names::CaseNames;
use crate::session::{Context, Exchange, Raw, Session};
use crate::verdict::{Divergence, Unclear, Verdict};

/// The most pages that are read while a resource is emptied.
pub const CLEAN_UP_PAGES_MAX: usize = 1_000;

/// What a case came to.
#[derive(Debug)]
pub struct CaseRun {
    /// The verdict on the case; where it diverges, with its first divergence.
    pub verdict: Verdict,
    /// Every divergence, in the order of the calls.
    pub divergences: Vec<Divergence>,
    /// What was sent and came back, borrowing and clean-up left out.
    pub exchanges: Vec<Exchange>,
    /// What was sent to make what the case borrowed; empty where somebody before it had made it.
    pub provisioned: Vec<Exchange>,
    /// Resources that could not be removed; the journal has them.
    pub left: Vec<(String, Bytes)>,
}

/// A resource that many cases of one worker share.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    resources: Vec<(String, Bytes)>,
}

/// Runs a case under the number `sequence`, by which its names differ from those of all other cases of the run.
#[instrument(level = "debug", skip_all, fields(run = context.run.as_str(), sequence, case = %case.id()))]
pub async fn run_case(context: &Context<'_>, shared: &mut Shared, case: &Case, sequence: u64) -> CaseRun {
    context.bodies.forget_given();
    let mut names = CaseNames::new(context.api, context.target, context.run.case_marker(sequence));
    let mut leases = Vec::new();
    let mut own = Vec::new();
    let mut provisioned = Vec::new();
    for need in &case.needs {
        match borrow(context, shared, &mut names, &mut provisioned, need, sequence).await {
            Ok(Borrowed { lease, own: is_own }) => {
                if is_own {
                    own.push((lease.kind.clone(), lease.name.clone()));
                }
                leases.push(lease);
            }
            Err(verdict) => {
                let left = clean_up(context, own).await;
                return CaseRun { verdict, divergences: Vec::new(), exchanges: Vec::new(), provisioned, left };
            }
        }
    }
    let belief = Belief::new(context.api.model.initial(&leases));
    let mut session = Session::new(context, names, belief);
    let (verdict, divergences) = run_calls(&mut session, case).await;
    own.extend(session.made().iter().map(|(kind, name)| ((*kind).to_owned(), name.clone())));
    let exchanges = session.into_exchanges();
    let left = clean_up(context, own).await;
    CaseRun { verdict, divergences, exchanges, provisioned, left }
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

struct Borrowed {
    lease: Lease,
    own: bool,
}

async fn borrow(
    context: &Context<'_>,
    shared: &mut Shared,
    names: &mut CaseNames<'_>,
    provisioned: &mut Vec<Exchange>,
    need: &Need,
    sequence: u64,
) -> Result<Borrowed, Verdict> {
    let owner = context.target.actors.first().map(|actor| actor.id.clone());
    let no_name = || Verdict::Unsupported(format!("the API has no resource of kind {:?}", need.kind));
    if need.own {
        let name = names.resource(&need.kind, &need.role).ok_or_else(no_name)?;
        provisioned.extend(provision(context, need, &name).await?);
        return Ok(Borrowed { lease: Lease { kind: need.kind.clone(), name, prefix: None, owner }, own: true });
    }
    let name = if let Some((_, name)) = shared.resources.iter().find(|(kind, _)| *kind == need.kind) {
        name.clone()
    } else {
        let marker = context.run.case_marker(sequence);
        let name = context.api.resources.name(&need.kind, "shared", &marker).ok_or_else(no_name)?;
        provisioned.extend(provision(context, need, &name).await?);
        shared.resources.push((need.kind.clone(), name.clone()));
        name
    };
    let prefix = format!("{sequence:06}/");
    names.lend(&need.kind, &need.role, name.clone(), &prefix);
    let lease = Lease { kind: need.kind.clone(), name, prefix: Some(prefix.into()), owner };
    Ok(Borrowed { lease, own: false })
}

async fn provision(context: &Context<'_>, need: &Need, name: &Bytes) -> Result<Vec<Exchange>, Verdict> {
    let mut exchanges = Vec::new();
    for call in context.api.resources.provision(need, name) {
        let (answer, sent) = errand(context, &call).await?;
        exchanges.extend(sent);
        if answer.status >= 300 {
            let why = format!("make {} for the case: {}", need.kind, answer.class());
            return Err(Verdict::Inconclusive(Unclear::NoResource(why)));
        }
    }
    Ok(exchanges)
}

/// Sends a call that belongs to no case: guarded and journalled, but not judged.
pub async fn errand(context: &Context<'_>, call: &Call) -> Result<(Answer, Vec<Exchange>), Verdict> {
    let names = CaseNames::new(context.api, context.target, context.run.marker());
    let mut session = Session::new(context, names, Belief::new(context.api.model.initial(&[])));
    match session.exchange("errand", call, context.target.actor(None)).await {
        Raw::Answer(answer, _) => Ok((*answer, session.into_exchanges())),
        Raw::NotSent(verdict) => Err(verdict),
        Raw::NoAnswer(unclear, _) => Err(Verdict::Inconclusive(unclear)),
    }
}

/// Removes resources, what is inside them first. Tells what could not be removed.
pub async fn clean_up(context: &Context<'_>, resources: Vec<(String, Bytes)>) -> Vec<(String, Bytes)> {
    let mut left = Vec::new();
    // Two names for one thing, lent and made, are removed once.
    let mut done: Vec<(String, Bytes)> = Vec::new();
    for resource in resources.into_iter().rev() {
        if done.contains(&resource) {
            continue;
        }
        if !remove(context, &resource.0, &resource.1).await {
            left.push(resource.clone());
        }
        done.push(resource);
    }
    left
}

/// Empties and removes one resource; tells whether it is gone.
pub async fn remove(context: &Context<'_>, kind: &str, name: &Bytes) -> bool {
    let resources = &context.api.resources;
    let mut page = resources.list(kind, name, None);
    for _ in 0..CLEAN_UP_PAGES_MAX {
        let Some(call) = page else { break };
        let Ok((listed, _)) = errand(context, &call).await else { break };
        for removal in resources.remove_listed(kind, name, &listed) {
            if let Err(verdict) = errand(context, &removal).await {
                debug!(verdict = verdict.word(), "could not remove what a {kind} holds");
            }
        }
        page = resources.list(kind, name, Some(&listed));
    }
    match errand(context, &resources.remove(kind, name)).await {
        Ok((answer, _)) if resources.is_absent(&answer) => {
            if let Some(journal) = context.journal {
                _ = journal.removed(kind, name);
            }
            true
        }
        Ok((answer, _)) => answer.status < 300,
        Err(_) => false,
    }
}

impl Shared {
    /// Removes what was shared, at the end of a worker's life.
    pub async fn give_back(self, context: &Context<'_>) -> Vec<(String, Bytes)> {
        clean_up(context, self.resources).await
    }
}
