//! What a target may lack as a whole, so that what needs it is counted instead of being found fault with.

use crate::call::Call;
use crate::space::Operation;

/// Something beyond the operations themselves that a target may lack as a whole.
///
/// Each operation is a capability already. An API declares what its clients can do without; what every client
/// takes for granted is none, and a target that answers "not implemented" to it has a finding.
#[derive(Debug, Clone, Copy)]
pub struct Capability {
    /// Its name: `checksums`.
    pub name: &'static str,
    /// What it gives to a client, in one line.
    pub about: &'static str,
    /// Where it is written that a target may lack it, or since when it is there.
    pub source: &'static str,
    /// The arguments of a call that need it.
    pub arguments: &'static [&'static str],
    /// Whether it is what tells identities apart, so that every case of a second one needs it.
    pub identities: bool,
    /// The operations in which they do.
    pub within: fn(&Operation) -> bool,
    /// What shows whether a target has it.
    pub shown: Shown,
}

/// What shows whether a target has a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The valid choices that give one of its arguments: an operation that answers "not implemented" to each of
    /// them lacks that argument.
    ByUse,
    /// The choices with these names, each of which must be refused: a target that accepts all of them lacks the
    /// capability, and one finding says so for every case that needs it.
    ByRefusal(&'static [&'static str]),
}

impl Capability {
    /// The arguments of `call`, a call of `operation`, that need it.
    pub fn needed_by<'c>(&'c self, operation: &Operation, call: &'c Call) -> impl Iterator<Item = &'static str> + 'c {
        let within = (self.within)(operation);
        self.arguments.iter().copied().filter(move |name| within && call.argument(name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Hazard, Space};

    #[test]
    fn a_call_needs_what_its_arguments_need_where_they_do() {
        let capability = Capability {
            name: "conditional writes",
            about: "",
            source: "",
            arguments: &["if-match", "if-none-match"],
            identities: false,
            within: |operation| operation.hazard != Hazard::Reads,
            shown: Shown::ByUse,
        };
        let operation =
            |hazard| Operation { name: "Put", about: "", source: "", hazard, space: Space::default(), probes: vec![] };
        let call = Call::new("Put").with("key", "k").with("if-match", "*");
        let needed = |hazard, call: &Call| capability.needed_by(&operation(hazard), call).collect::<Vec<_>>();
        assert_eq!(needed(Hazard::Writes, &call), ["if-match"]);
        assert!(needed(Hazard::Reads, &call).is_empty());
        assert!(needed(Hazard::Writes, &Call::new("Put").with("key", "k")).is_empty());
    }
}
