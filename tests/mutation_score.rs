//! How much of what may go wrong with an answer is noticed: a proxy spoils the answers of real servers, and
//! each spoilt answer that changes nothing for the verdict is a survivor that needs a reason.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;
mod live;
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod servers;
#[path = "cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;
#[path = "live/survivors.rs"]
mod survivors;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;

use libtest_mimic::Arguments;
use live::Start;
use plumb_model::api::Api;
use plumb_runner::engine::Done;
use plumb_test_proxy::{Mutation, Plan, When};
use plumb_validator::plugin::DemoServer;

/// How many cases of each operation are tried.
const CASES_OF_EACH: usize = 80;
/// How many mutations are tried at a time.
const LANES: usize = 2;

/// What there must be of each mutation before one server: so many spoilt answers that can be seen, and so many of a
/// hundred that are noticed.
type Floors = [(&'static str, usize, usize); 14];

/// Before `s3s-fs`, which sends little that it need not: the type of an error that HEAD leaves out. Its account has two
/// buckets that no case made: what is spoilt in their entries is for nobody to notice, and buckets that change places
/// are most of the swaps.
const S3S_FS: Floors = [
    ("stale-body", 8, 100),
    ("drop-header", 50, 80),
    ("alter-header", 50, 100),
    ("off-by-one-range", 4, 100),
    ("swap-etag", 40, 100),
    ("lost-write", 15, 100),
    ("change-code", 50, 95),
    ("alter-body-byte", 40, 90),
    ("truncate-body", 40, 100),
    ("duplicate-header", 50, 100),
    ("empty-body", 40, 100),
    ("alter-xml-element", 40, 70),
    ("drop-xml-element", 40, 75),
    ("swap-xml-siblings", 4, 15),
];

/// Before `moto`, which sends fields that S3 does not know and errors with more in them than clients need.
const MOTO: Floors = [
    ("stale-body", 8, 50),
    ("drop-header", 30, 20),
    ("alter-header", 30, 30),
    ("off-by-one-range", 4, 100),
    ("swap-etag", 30, 90),
    ("lost-write", 15, 90),
    ("change-code", 30, 95),
    ("alter-body-byte", 20, 75),
    ("truncate-body", 20, 100),
    ("duplicate-header", 30, 20),
    ("empty-body", 20, 100),
    ("alter-xml-element", 20, 40),
    ("drop-xml-element", 20, 40),
    ("swap-xml-siblings", 4, 60),
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

fn score(api: &Api, start: Start, mutation: &Mutation, honest: &[Done]) -> Score {
    let (every, step) = density(mutation);
    let honest: Vec<&Done> = honest.iter().filter(|done| fits(mutation, done)).step_by(step).collect();
    let when = When::every(every);
    let plan = Plan::Mutate { mutation: mutation.clone(), when, seed: live::SEED };
    let run = live::run(api, start, plan, honest.iter().map(|done| done.case.clone()));
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
fn sample(api: &Api, start: Start, kept_of_each: usize) -> Vec<Done> {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut honest = live::conforming(api, start, live::cases(api, CASES_OF_EACH));
    honest.retain(|done| !is_refused_early(done));
    honest.retain(|done| {
        let count = kept.entry(done.case.origin.operation.clone()).or_default();
        *count += 1;
        *count <= kept_of_each
    });
    println!("{} cases conform without a fault and are kept", honest.len());
    honest
}

/// Every score, in the order of the mutations.
fn scores(api: &Api, start: Start, honest: &[Done]) -> Vec<Score> {
    let mutations = mutations();
    let (next, scores) = (Mutex::new(mutations.iter().enumerate()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let Some((index, mutation)) = next.lock().expect("the next").next() else { break };
                    let score = score(api, start, mutation, honest);
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

/// Demands that what was spoilt before a server was noticed, or survived for a reason. So many cases of each operation
/// are kept.
fn check(start: Start, kept_of_each: usize, floors: &Floors) {
    let api = plumb_s3::api();
    let scores = scores(&api, start, &sample(&api, start, kept_of_each));
    print(&scores);
    for (score, (mutation, seen_min, percent_min)) in scores.iter().zip(floors) {
        assert_eq!(score.mutation, *mutation, "the floors are in the order of the mutations");
        let seen = score.applied - score.unseen;
        assert!(seen >= *seen_min, "{mutation}: only {seen} answers were spoilt");
        let enough = score.killed * 100 >= percent_min * seen;
        assert!(enough, "{mutation}: only {} of {seen} were noticed", score.killed);
        let holes = score.survivors.keys().filter(|what| survivors::reason_for(mutation, what).is_none());
        assert_eq!(holes.collect::<Vec<_>>(), Vec::<&String>::new(), "{mutation}: these should have been noticed");
    }
    assert_eq!(scores.len(), floors.len());
}

fn moto() -> Box<dyn DemoServer> {
    Box::new(servers::moto().expect("what it needs is there"))
}

fn main() -> ExitCode {
    let rule = "is_noticed_or_survives_for_a_reason";
    let trials = vec![
        servers::trial(
            format!("what_is_spoilt_before_s3s_fs_{rule}"),
            || Ok(()),
            |()| check(live::s3s_fs, 36, &S3S_FS),
        ),
        servers::trial(format!("what_is_spoilt_before_moto_{rule}"), servers::python, |_| check(moto, 18, &MOTO)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
