//! How much of what may go wrong with an answer is noticed: a proxy spoils the answers of a real server, and
//! each spoilt answer that changes nothing for the verdict is a survivor that needs a reason.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;
mod live;
#[path = "live/survivors.rs"]
mod survivors;

use std::collections::BTreeMap;
use std::sync::Mutex;

use plumb_model::api::Api;
use plumb_runner::engine::Done;
use plumb_test_proxy::{Mutation, Plan, When};

/// How many cases of each operation are tried.
const CASES_OF_EACH: usize = 80;
/// How many of those that conform without a fault are kept.
const KEPT_OF_EACH: usize = 36;
/// How many mutations are tried at a time.
const LANES: usize = 2;

/// How many spoilt answers that can be seen there must be, and how many of a hundred must be noticed.
const FLOORS: [(&str, usize, usize); 14] = [
    ("stale-body", 8, 100),
    ("drop-header", 50, 100),
    ("alter-header", 50, 100),
    ("off-by-one-range", 4, 100),
    ("swap-etag", 40, 100),
    ("lost-write", 15, 100),
    ("change-code", 50, 95),
    ("alter-body-byte", 40, 90),
    ("truncate-body", 40, 100),
    ("duplicate-header", 50, 100),
    ("empty-body", 40, 100),
    ("alter-xml-element", 40, 90),
    ("drop-xml-element", 40, 90),
    ("swap-xml-siblings", 4, 100),
];

/// What became of one mutation.
struct Score {
    mutation: &'static str,
    applied: usize,
    killed: usize,
    /// Those that no client could notice in this case: a lost write that nobody looks for.
    unseen: usize,
    survivors: BTreeMap<String, usize>,
}

fn mutations() -> Vec<Mutation> {
    let all = Mutation::all().into_iter();
    all.map(|mutation| match mutation {
        Mutation::LostWrite(_) => Mutation::LostWrite(live::fake_put_object()),
        other => other,
    })
    .collect()
}

/// One answer of so many is spoilt, in every so-manieth case: what seldom can be done is done wherever it can.
fn density(mutation: &Mutation) -> (u32, usize) {
    match mutation {
        Mutation::OffByOneRange | Mutation::StaleBody | Mutation::SwapXmlSiblings => (1, 1),
        Mutation::SwapEtag | Mutation::LostWrite(_) => (2, 1),
        _ => (2, 2),
    }
}

/// Whether the mutation can be done to an answer of the case at all.
fn fits(mutation: &Mutation, done: &Done) -> bool {
    let mut answers = done.run.exchanges.iter().filter_map(|exchange| exchange.answer.as_ref());
    let mut operations = done.run.exchanges.iter().map(|exchange| exchange.operation.as_str());
    match mutation {
        Mutation::StaleBody => done.case.origin.suite == live::workflows::WORKFLOW,
        Mutation::OffByOneRange => answers.any(|answer| answer.status == 206),
        Mutation::SwapEtag => answers.any(|answer| answer.headers.get("etag").is_some()),
        Mutation::LostWrite(_) => operations.any(|operation| operation == "PutObject") && done.case.calls.len() > 2,
        Mutation::SwapXmlSiblings => operations.any(|operation| operation.starts_with("ListObjects")),
        Mutation::AlterXmlElement | Mutation::DropXmlElement => answers.any(|answer| answer.document.is_some()),
        Mutation::AlterBodyByte | Mutation::TruncateBody | Mutation::EmptyBody => {
            answers.any(|answer| !answer.body.is_empty())
        }
        _ => true,
    }
}

fn score(api: &Api, mutation: &Mutation, honest: &[Done]) -> Score {
    let (every, step) = density(mutation);
    let honest: Vec<&Done> = honest.iter().filter(|done| fits(mutation, done)).step_by(step).collect();
    let when = When::every(every);
    let plan = Plan::Mutate { mutation: mutation.clone(), when, seed: live::SEED };
    let run = live::run(api, plan, honest.iter().map(|done| done.case.clone()));
    assert_eq!(run.done.len(), honest.len(), "every case was run");
    let mut score = Score { mutation: mutation.name(), applied: 0, killed: 0, unseen: 0, survivors: BTreeMap::new() };
    for ((honest, done), spoilt) in honest.iter().zip(&run.done).zip(run.spoilt()) {
        // Later ones in the same case may be noticed because of the first, so only that counts.
        let first = spoilt.first();
        assert!(
            first.map_or(usize::MAX, |(place, _)| *place) <= diverges_at(done),
            "an honest answer diverges: {:?}",
            done.run.verdict
        );
        let Some((place, applied)) = first else { continue };
        score.applied += 1;
        if done.run.divergences.is_empty() {
            let what = survivors::describe(honest, done, *place, applied);
            score.unseen += usize::from(what == survivors::UNSEEN);
            *score.survivors.entry(what).or_default() += 1;
        } else {
            score.killed += 1;
        }
    }
    score
}

/// The place of the first exchange that diverges; beyond the last where none does.
fn diverges_at(done: &Done) -> usize {
    let Some(first) = done.run.divergences.first() else { return usize::MAX };
    done.run.exchanges.iter().position(|exchange| exchange.id == first.call).expect("the call was sent")
}

/// Whether an object was refused. The server answers before it has read the body, and whether the connection
/// survives that is a question of luck: then two runs are not alike.
fn is_refused_early(done: &Done) -> bool {
    let mut puts = done.run.exchanges.iter().filter(|exchange| exchange.operation == "PutObject");
    puts.any(|exchange| exchange.answer.as_ref().is_none_or(|answer| answer.status >= 400))
}

/// The cases that conform honestly, so many of each operation.
fn sample(api: &Api) -> Vec<Done> {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut honest = live::conforming(api, live::cases(api, CASES_OF_EACH));
    honest.retain(|done| !is_refused_early(done));
    honest.retain(|done| {
        let count = kept.entry(done.case.origin.operation.clone()).or_default();
        *count += 1;
        *count <= KEPT_OF_EACH
    });
    println!("{} cases conform without a fault and are kept", honest.len());
    honest
}

/// Every score, in the order of the mutations.
fn scores(api: &Api, honest: &[Done]) -> Vec<Score> {
    let mutations = mutations();
    let (next, scores) = (Mutex::new(mutations.iter().enumerate()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let Some((index, mutation)) = next.lock().expect("the next").next() else { break };
                    let score = score(api, mutation, honest);
                    scores.lock().expect("the scores").insert(index, score);
                }
            });
        }
    });
    scores.into_inner().expect("the scores").into_values().collect()
}

fn print(scores: &[Score]) {
    println!("{:<18} {:>7} {:>6} {:>6} {:>8} {:>5}", "mutation", "applied", "unseen", "killed", "survived", "score");
    for Score { mutation, applied, killed, unseen, .. } in scores {
        let seen = applied - unseen;
        let percent = killed * 100 / seen.max(1);
        println!("{mutation:<18} {applied:>7} {unseen:>6} {killed:>6} {:>8} {percent:>4}%", seen - killed);
    }
    for Score { mutation, survivors, .. } in scores {
        for (what, count) in survivors {
            let why = survivors::reason_for(mutation, what).map_or("NO REASON: a hole", |reason| reason.why);
            println!("{count:>3} of {mutation}, {what}: {why}");
        }
    }
}

#[test]
fn spoilt_answers_are_noticed_or_survive_for_a_reason() {
    let api = plumb_s3::api();
    let scores = scores(&api, &sample(&api));
    print(&scores);
    for (score, (mutation, seen_min, percent_min)) in scores.iter().zip(FLOORS) {
        assert_eq!(score.mutation, mutation, "the floors are in the order of the mutations");
        let seen = score.applied - score.unseen;
        assert!(seen >= seen_min, "{mutation}: only {seen} answers were spoilt");
        let enough = score.killed * 100 >= percent_min * seen;
        assert!(enough, "{mutation}: only {} of {seen} were noticed", score.killed);
        let holes = score.survivors.keys().filter(|what| survivors::reason_for(mutation, what).is_none());
        assert_eq!(holes.collect::<Vec<_>>(), Vec::<&String>::new(), "{mutation}: these should have been noticed");
    }
    assert_eq!(scores.len(), FLOORS.len());
}
