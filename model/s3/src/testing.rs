//! A bench for the model: calls go in, each with its preferred outcome, and the next one may be asked about.

use plumb_model::answer::Answer;
use plumb_model::bodies::{Bodies, BodySpec};
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Shape};
use plumb_model::judge;
use plumb_model::model::{Lease, Model, Outcome};
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Seen};
use plumb_model::time::Interval;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::model::S3;
use crate::state::State;

/// The bucket that exists.
pub(crate) const BUCKET: &str = "plumb-t-a";
/// Its owner, who also calls.
pub(crate) const OWNER: &str = "AKIAOWNER";
/// When everything happens, in milliseconds since 1970: Tue, 14 Nov 2023 22:13:20 GMT.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
/// The body of [`put`].
pub(crate) const BODY: BodySpec = BodySpec::random(1, 10);

pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) bindings: Bindings,
    pub(crate) bodies: Bodies,
    pub(crate) flavour: &'static str,
    pub(crate) region: &'static str,
    pub(crate) actor: Option<&'static str>,
    pub(crate) time: Interval,
    pub(crate) model: S3,
}

impl Bench {
    /// With one bucket; a part of it is ours where there is a prefix.
    pub(crate) fn new(prefix: Option<&'static str>) -> Self {
        let lease = Lease {
            kind: "bucket".into(),
            name: BUCKET.into(),
            prefix: prefix.map(Into::into),
            owner: Some(OWNER.into()),
        };
        let model = S3::default();
        Self {
            state: model.initial(&[lease]),
            bindings: Bindings::new(),
            bodies: Bodies::new(),
            flavour: "compatible",
            region: "us-east-1",
            actor: Some(OWNER),
            time: Interval::at_ms(NOW_MS),
            model,
        }
    }

    pub(crate) fn seen<'a>(&'a self, call_id: &'a str) -> Seen<'a> {
        Seen {
            call_id,
            actor: self.actor,
            bindings: &self.bindings,
            flavour: self.flavour,
            region: self.region,
            time: self.time,
            bodies: &self.bodies,
        }
    }

    pub(crate) fn outcomes(&self, id: &str, call: &Call) -> Vec<Outcome<State>> {
        self.model.step(&self.state, call, &self.seen(id))
    }

    /// The classes of a call's outcomes, the preferred one first.
    pub(crate) fn classes(&self, call: &Call) -> Vec<String> {
        self.outcomes("asked", call).iter().map(|outcome| outcome.expectation.class()).collect()
    }

    /// Makes the preferred answer, holds it against itself, and goes on from there.
    pub(crate) fn run(&mut self, id: &str, call: &Call) -> Answer {
        let outcome = self.outcomes(id, call).swap_remove(0);
        let number = id.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(257) + u64::from(byte));
        let mut realiser = Realiser::new(ChaCha8Rng::seed_from_u64(number), false);
        let seen = self.seen(id);
        let answer = realiser.answer(&outcome.expectation, &seen);
        let bound = judge::judge(&outcome.expectation, &answer, &seen);
        let bound = bound.unwrap_or_else(|mismatches| panic!("{id} {call:?}: {mismatches:?}"));
        self.bindings = judge::bind(&self.bindings, bound);
        if let Some(state) = outcome.state {
            self.state = state;
        }
        answer
    }

    /// The bench after these calls, under the ids `0`, `1` and so on.
    pub(crate) fn after(calls: &[Call]) -> Self {
        let mut bench = Self::new(None);
        for (index, call) in calls.iter().enumerate() {
            bench.run(&index.to_string(), call);
        }
        bench
    }
}

/// A call on the bucket.
pub(crate) fn on_bucket(operation: &'static str) -> Call {
    Call::new(operation).with("bucket", BUCKET)
}

/// A call on a key.
pub(crate) fn on_key(operation: &'static str, key: &str) -> Call {
    on_bucket(operation).with("key", key)
}

/// Stores [`BODY`].
pub(crate) fn put(key: &str) -> Call {
    on_key("PutObject", key).with("body", BODY)
}

/// The classes of `call` after `before`.
pub(crate) fn check(before: &[Call], call: &Call, expected: &[&str]) {
    assert_eq!(Bench::after(before).classes(call), expected, "{call:?}");
}

/// The text of `field` in each entry of `list`.
pub(crate) fn listed(answer: &Answer, list: &str, field: &str) -> Vec<String> {
    let entries = answer.document.as_ref().map(|document| document.list(list)).unwrap_or_default();
    entries.iter().filter_map(|entry| entry.text(field).map(str::to_owned)).collect()
}

/// The shapes that the outcomes of `call` ask of the field `name` of their document; none where it is not named.
pub(crate) fn shapes(bench: &Bench, call: &Call, name: &str) -> Vec<Option<Shape>> {
    let shape = |outcome: Outcome<State>| match outcome.expectation.body {
        BodyRule::Document(Shape::Fields(fields)) => {
            fields.into_iter().find(|(own, _)| own == name).map(|(_, shape)| shape)
        }
        _ => None,
    };
    bench.outcomes("asked", call).into_iter().map(shape).collect()
}
