//! How much the model leaves open: how many outcomes a call may have.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::CALL_UNDER_TEST;

use crate::walk::{Met, Place};

/// How many outcomes the calls of all suites may have.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    /// The calls, set-up and probes among them.
    pub(crate) calls: u32,
    /// The permitted outcomes of all of them.
    pub(crate) outcomes: u32,
    /// The calls under test that hold exactly one fault.
    pub(crate) single_faults: u32,
    /// Those of them that may be answered in one class only.
    pub(crate) certain: u32,
}

impl Sizes {
    /// The sizes over every suite.
    pub(crate) fn of(place: &Place<'_>) -> Self {
        let mut sizes = Self::default();
        place.walk(None, &mut |case, met| sizes.add(place, case, met));
        sizes
    }

    fn add(&mut self, place: &Place<'_>, case: &Case, met: &Met) {
        let permitted = met.belief.permitted(&*place.api.model, &met.sent(place)).expect("few worlds");
        self.calls += 1;
        self.outcomes += u32::try_from(permitted.len()).expect("few outcomes");
        if met.id() == CALL_UNDER_TEST && faults(place.api, case) == 1 {
            let classes: BTreeSet<String> = permitted.iter().map(|outcome| outcome.expectation.class()).collect();
            self.single_faults += 1;
            self.certain += u32::from(classes.len() == 1);
        }
    }

    /// Outcomes for each call.
    pub(crate) fn mean(&self) -> f64 {
        f64::from(self.outcomes) / f64::from(self.calls)
    }

    /// The share of calls with a single fault that may be answered in one class only.
    pub(crate) fn certain_share(&self) -> f64 {
        f64::from(self.certain) / f64::from(self.single_faults)
    }
}

impl AddAssign for Sizes {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.outcomes += other.outcomes;
        self.single_faults += other.single_faults;
        self.certain += other.certain;
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, outcomes, single_faults, certain } = self;
        write!(
            formatter,
            "{outcomes} outcomes of {calls} calls ({:.4} each); {certain} of {single_faults} calls with a single \
             fault have one class ({:.4})",
            self.mean(),
            self.certain_share()
        )
    }
}

/// How many choices of a case hold a fault.
fn faults(api: &Api, case: &Case) -> usize {
    let operation = api.operation(&case.origin.operation).expect("an operation it has");
    let is_fault = |label: &&String| {
        operation.space.dimensions.iter().any(|dimension| {
            let mut choices = dimension.choices.iter().filter(|choice| choice.fault);
            choices.any(|choice| **label == format!("{}={}", dimension.name, choice.name))
        })
    };
    case.origin.choices.iter().filter(is_fault).count()
}
