//! Decisions to show.

use jiff::Timestamp;
use jiff::civil::date;
use plumb_gate::decision::{Check, Decision, Found, GATE_SCHEMA, Looked, Override, Skipped, Standing};
use plumb_gate::verdict::{Said, Verdict};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn check(name: &str, target: &str, said: Said, why: &str) -> Check {
    Check { name: name.to_owned(), target: target.to_owned(), said, why: why.to_owned() }
}

pub(crate) fn found(id: &str, standing: Standing, text: &str) -> Found {
    Found {
        id: id.to_owned(),
        target: "staging".to_owned(),
        operation: "GetItem".to_owned(),
        summary: text.to_owned(),
        standing,
        count: 3,
        replay: format!("plumb replay runs/7/findings/{id}.json"),
        request_ids: vec!["req-1".to_owned(), "req-2".to_owned()],
        place: Some(("features/items/reading.feature".to_owned(), 14)),
    }
}

pub(crate) fn overriding() -> Override {
    Override {
        who: "Ada Lovelace".to_owned(),
        why: "the fix must go out tonight".to_owned(),
        until: at("2026-11-22T11:00:00Z"),
        made: at("2026-11-22T02:12:00Z"),
    }
}

/// One that fails, with something of everything.
pub(crate) fn failing() -> Decision {
    let accepted = Standing::Accepted { owner: "storage team".to_owned(), expires: date(2026, 12, 24) };
    let due = |is_due| Standing::Expired {
        owner: "web team".to_owned(),
        expired: date(2026, 11, 20),
        blocks: date(2026, 11, 23),
        is_due,
    };
    let decision = Decision {
        schema: GATE_SCHEMA.to_owned(),
        gate: "release".to_owned(),
        run: "01JD0".to_owned(),
        verdict: Verdict::Pass,
        without_override: None,
        overridden: None,
        summary: "2 findings that block at staging".to_owned(),
        began: at("2026-11-22T03:00:00Z"),
        decided: at("2026-11-22T03:04:10Z"),
        version: "0.1.0".to_owned(),
        api: "items".to_owned(),
        model: "4f2a91".to_owned(),
        seed: Some(7),
        targets: vec![Looked {
            target: "staging".to_owned(),
            endpoint: "https://items.example".to_owned(),
            connected_to: Some("10.0.0.7:443".to_owned()),
            versions: vec!["2.14.1".to_owned()],
            executed: 412,
            exchanges: 5230,
        }],
        checks: vec![
            check("minimum", "", Said::Pass, "412 cases judged, 100 asked for"),
            check("features", "staging", Said::Fail, "2 of 40 scenarios diverge"),
            check("coverage", "staging", Said::Inconclusive, "71 % of the choices met, the floor cannot be told"),
        ],
        findings: vec![
            found("a1", Standing::New, "an item that was written is not found"),
            found("b2", due(true), "a listing has an item twice"),
            found("c3", Standing::Known { run: "01JC9".to_owned() }, "a date has no zone"),
            found("d4", accepted, "a header is missing"),
            found("e5", due(false), "an error has no code"),
        ],
        skipped: vec![Skipped {
            target: "staging".to_owned(),
            verdict: "unsupported".to_owned(),
            why: "the target has no versions of items".to_owned(),
            count: 12,
        }],
        notices: vec!["what the storage team accepts is over in 5 days".to_owned()],
        comparison: None,
        folder: Some("runs/7".to_owned()),
    };
    decision.decided(None)
}

/// The same, overridden.
pub(crate) fn overridden() -> Decision {
    failing().decided(Some(overriding()))
}

/// One that passes.
pub(crate) fn passing() -> Decision {
    let mut decision = failing();
    decision.checks.retain(|check| check.said == Said::Pass);
    decision.findings.retain(|found| !found.standing.blocks());
    "every check passes".clone_into(&mut decision.summary);
    decision.decided(None)
}

/// One that could tell nothing.
pub(crate) fn empty() -> Decision {
    let mut decision = failing();
    "nothing was checked".clone_into(&mut decision.summary);
    (decision.checks, decision.findings, decision.targets) = (Vec::new(), Vec::new(), Vec::new());
    (decision.skipped, decision.notices) = (Vec::new(), Vec::new());
    decision.decided(None)
}

/// With as many findings and checks as that.
pub(crate) fn huge(many: usize) -> Decision {
    let mut decision = failing();
    let words = "the answer is not what it should be, and this goes on for a while: ".repeat(8);
    decision.findings = (0..many).map(|id| found(&format!("f{id}"), Standing::New, &words)).collect();
    decision.checks = (0..many).map(|id| check("features", &format!("t{id}"), Said::Fail, &words)).collect();
    decision.notices = vec![words; many];
    decision.decided(None)
}

/// With `text` in every field that may hold one.
pub(crate) fn with_text(text: &str, overridden: bool) -> Decision {
    let own = || text.to_owned();
    let mut decision = failing();
    (decision.gate, decision.run, decision.summary, decision.version) = (own(), own(), own(), own());
    (decision.api, decision.model, decision.folder) = (own(), own(), Some(own()));
    for target in &mut decision.targets {
        (target.target, target.endpoint, target.connected_to) = (own(), own(), Some(own()));
        target.versions = vec![own(), own()];
    }
    for check in &mut decision.checks {
        (check.name, check.why) = (own(), own());
        if !check.target.is_empty() {
            check.target = own();
        }
    }
    for found in &mut decision.findings {
        (found.id, found.target, found.operation, found.summary, found.replay) = (own(), own(), own(), own(), own());
        (found.request_ids, found.place) = (vec![own(), own()], Some((own(), 3)));
        match &mut found.standing {
            Standing::New => {}
            Standing::Known { run } => *run = own(),
            Standing::Accepted { owner, .. } | Standing::Expired { owner, .. } => *owner = own(),
        }
    }
    for skipped in &mut decision.skipped {
        (skipped.target, skipped.verdict, skipped.why) = (own(), own(), own());
    }
    decision.notices = vec![own()];
    let own = overridden.then(|| Override { who: own(), why: own(), ..overriding() });
    decision.decided(own)
}
