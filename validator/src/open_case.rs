//! A case under way: what it borrowed, what was said so far, and what has to be removed after it.

use bytes::Bytes;
use plumb_model::belief::Belief;
use plumb_model::call::{Need, Turn};
use plumb_model::model::Lease;
use plumb_model::seen::{Bindings, Names as _};

use crate::case_run::{CaseRun, clean_up, made_for, provision};
use crate::journal::Made;
use crate::names::CaseNames;
use crate::session::{Context, Exchange, Session};
use crate::verdict::{Divergence, HangUp, Unclear, Verdict};

/// A case under way. It borrows first and calls then: the first call fixes what exists at its start.
pub struct OpenCase<'c, 'a> {
    context: &'c Context<'a>,
    sequence: u64,
    leases: Vec<Lease>,
    own: Vec<Made>,
    provisioned: Vec<Exchange>,
    session: Session<'c, 'a>,
    has_begun: bool,
}

/// What is left of a case that is over.
pub struct Closed {
    /// What was sent and came back, borrowing and clean-up left out.
    pub exchanges: Vec<Exchange>,
    /// What was sent to make what the case borrowed.
    pub provisioned: Vec<Exchange>,
    /// The calls on which the server hung up.
    pub hang_ups: Vec<HangUp>,
    /// The values that the server chose, as far as its answers told them.
    pub bindings: Bindings,
    /// Resources that could not be removed; the journal has them.
    pub left: Vec<Made>,
}

impl Closed {
    /// The case as a whole, which came to `verdict`.
    pub fn into_run(self, verdict: Verdict, divergences: Vec<Divergence>) -> CaseRun {
        let Self { exchanges, provisioned, hang_ups, bindings, left } = self;
        CaseRun { verdict, divergences, hang_ups, exchanges, provisioned, left, bindings }
    }
}

impl<'c, 'a> OpenCase<'c, 'a> {
    /// A case under the number `sequence`, by which its names differ from those of all other cases of the run.
    pub fn new(context: &'c Context<'a>, sequence: u64) -> Self {
        let names = CaseNames::new(context.api, context.target, context.run.case_marker(sequence));
        let session = Session::new(context, names, Belief::new(context.api.model.initial(&[])));
        let (leases, own, provisioned) = (Vec::new(), Vec::new(), Vec::new());
        Self { context, sequence, leases, own, provisioned, session, has_begun: false }
    }

    /// The number of the case.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What all cases of the run share.
    pub const fn context(&self) -> &'c Context<'a> {
        self.context
    }

    /// Whether a call was made, so that nothing may be borrowed any more.
    pub const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Makes what the case shall have for itself.
    ///
    /// # Errors
    /// The verdict on a case that cannot have it.
    pub async fn make(&mut self, need: &Need) -> Result<(), Verdict> {
        if self.has_begun {
            return Err(begun());
        }
        let Some(name) = self.resource(&need.kind, &need.role) else { return Err(no_such_kind(need)) };
        // A creation without an answer may have happened: it is ours to remove from before it is asked for.
        self.own.push(made_for(self.context, need, &name));
        let provisioned = provision(self.context, need, &name).await;
        if provisioned.as_ref().is_err_and(Verdict::is_unsent) {
            self.own.pop();
        }
        self.provisioned.extend(provisioned?);
        self.leases.push(Lease { kind: need.kind.clone(), name, prefix: None, owner: self.owner_of(need) });
        Ok(())
    }

    /// Takes a part of something that others use too: everything inside whose name starts with `prefix`. What was
    /// sent to make it belongs to the case that needed it first.
    ///
    /// # Errors
    /// The verdict on a case that has begun to call.
    pub fn share(&mut self, need: &Need, name: Bytes, prefix: &str, provisioned: Vec<Exchange>) -> Result<(), Verdict> {
        if self.has_begun {
            return Err(begun());
        }
        self.session.names_mut().lend(&need.kind, &need.role, name.clone(), prefix);
        self.note_lent(need, name, Some(Bytes::copy_from_slice(prefix.as_bytes())), provisioned);
        Ok(())
    }

    /// Takes something as a whole that somebody else makes and removes.
    pub(crate) fn take_whole(&mut self, need: &Need, name: Bytes, provisioned: Vec<Exchange>) {
        self.session.names_mut().lend_whole(&need.kind, &need.role, name.clone());
        self.note_lent(need, name, None, provisioned);
    }

    fn note_lent(&mut self, need: &Need, name: Bytes, prefix: Option<Bytes>, provisioned: Vec<Exchange>) {
        self.provisioned.extend(provisioned);
        let owner = self.owner_of(need);
        self.leases.push(Lease { kind: need.kind.clone(), name, prefix, owner });
    }

    /// What everything inside of what the case shares is named below; none where it shares nothing.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.session.names().prefix()
    }

    /// The name of a resource in a role.
    pub fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
        self.session.names().resource(kind, role)
    }

    /// One turn: sends the call and judges the answer.
    pub async fn call(&mut self, turn: &Turn) -> Verdict {
        self.session().call(turn).await
    }

    /// The session as it is, for whoever looks and calls nothing.
    pub const fn peek(&self) -> &Session<'c, 'a> {
        &self.session
    }

    /// The session, which begins with the first call.
    pub fn session(&mut self) -> &mut Session<'c, 'a> {
        if !self.has_begun {
            self.has_begun = true;
            self.session.believe(Belief::new(self.context.api.model.initial(&self.leases)));
        }
        &mut self.session
    }

    /// Removes what was made, and tells what was said.
    pub async fn close(self) -> Closed {
        let (mut session, mut own) = (self.session, self.own);
        own.extend(session.made().iter().cloned());
        let (hang_ups, bindings) = (session.take_hang_ups(), session.bindings());
        let exchanges = session.into_exchanges();
        let left = clean_up(self.context, own).await;
        Closed { exchanges, provisioned: self.provisioned, hang_ups, bindings, left }
    }

    fn owner_of(&self, need: &Need) -> Option<String> {
        self.context.target.actor(need.actor.as_deref()).map(|actor| actor.id.clone())
    }
}

/// The verdict on a case that borrows after its first call: the model was told by then what exists.
fn begun() -> Verdict {
    Verdict::Inconclusive(Unclear::NoResource("borrowed after the first call".into()))
}

/// The verdict on a case that needs what the API does not have.
pub(crate) fn no_such_kind(need: &Need) -> Verdict {
    Verdict::Unsupported(format!("the API has no resource of kind {:?}", need.kind))
}
