//! How much of what may go wrong with an answer is noticed: a proxy spoils the answers of a real server, and
//! each spoilt answer that changes nothing for the verdict is a survivor that needs a reason.

mod lab;
mod live;

use std::collections::BTreeMap;

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_runner::engine::Done;
use plumb_test_proxy::{Applied, Mutation, Plan, When};

/// How many cases of each operation are tried; those that conform without a fault are kept.
const CASES_OF_EACH: usize = 90;

/// What became of one mutation.
struct Score {
    mutation: &'static str,
    applied: usize,
    killed: usize,
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

/// One answer of so many is spoilt; those that are rare are spoilt wherever they come.
fn every(mutation: &Mutation) -> u32 {
    match mutation {
        Mutation::OffByOneRange | Mutation::StaleBody | Mutation::SwapXmlSiblings => 1,
        Mutation::SwapEtag | Mutation::LostWrite(_) | Mutation::AlterXmlElement | Mutation::DropXmlElement => 2,
        _ => 3,
    }
}

/// Whether the mutation can be done to an answer of the case at all.
fn fits(mutation: &Mutation, done: &Done) -> bool {
    let mut answers = done.run.exchanges.iter().filter_map(|exchange| exchange.answer.as_ref());
    match mutation {
        Mutation::StaleBody => done.case.origin.suite == live::workflows::WORKFLOW,
        Mutation::OffByOneRange => answers.any(|answer| answer.status == 206),
        Mutation::SwapEtag => answers.any(|answer| answer.headers.get("etag").is_some()),
        Mutation::LostWrite(_) => done.run.exchanges.iter().any(|exchange| exchange.operation == "PutObject"),
        Mutation::AlterXmlElement | Mutation::DropXmlElement => answers.any(|answer| answer.document.is_some()),
        Mutation::SwapXmlSiblings => done.run.exchanges.iter().any(|exchange| exchange.operation == "ListObjectsV2"),
        Mutation::AlterBodyByte | Mutation::TruncateBody | Mutation::EmptyBody => {
            answers.any(|answer| !answer.body.is_empty())
        }
        _ => true,
    }
}

fn score(api: &Api, mutation: &Mutation, cases: Vec<Case>) -> Score {
    let when = When::every(every(mutation));
    let run = live::run(api, Plan::Mutate { mutation: mutation.clone(), when, seed: live::SEED }, cases);
    let mut score = Score { mutation: mutation.name(), applied: 0, killed: 0, survivors: BTreeMap::new() };
    for (done, spoilt) in run.done.iter().zip(run.spoilt()) {
        // Later ones in the same case may be noticed because of the first, so only that counts.
        let Some((place, applied)) = spoilt.first() else {
            assert!(done.run.divergences.is_empty(), "an honest answer diverges: {:?}", done.run.verdict);
            continue;
        };
        score.applied += 1;
        if done.run.divergences.is_empty() {
            let survivor = survivor(done, *place, applied);
            *score.survivors.entry(survivor).or_default() += 1;
        } else {
            score.killed += 1;
        }
    }
    score
}

/// What was spoilt without being noticed, without what differs from case to case.
fn survivor(done: &Done, place: usize, applied: &Applied) -> String {
    let operation = &done.run.exchanges[place].operation;
    let status = applied.status.unwrap_or_default();
    let detail = applied.detail.split(" at byte").next().unwrap_or_default();
    let detail = if applied.mutation == "change-code" { detail.to_owned() } else { without_numbers(detail) };
    let later = &done.run.exchanges[place + 1..];
    let own = &done.run.exchanges[place].request;
    let later = if applied.mutation == "lost-write" {
        let g = later.iter().take_while(|e| !(e.request.method == "PUT" && e.request.target == own.target)).filter(|e| e.request.method == "GET").map(|e| format!("{} {:?} {}", e.operation, e.request.target == own.target, e.answer.as_ref().map(|a| a.class()).unwrap_or_default())).collect::<Vec<_>>();
        format!("{g:?} {:?}", done.case.origin)
    } else { if done.run.verdict.word() == "conforms" { String::new() } else { format!("{:?}", done.run.verdict) } };
    format!("{operation} {status}: {detail} {later}")
}

fn without_numbers(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.bytes().all(|byte| byte.is_ascii_digit()) { "n" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn spoilt_answers_are_noticed() {
    let api = plumb_s3::api();
    let t = std::time::Instant::now();
    let honest = live::conforming(&api, live::cases(&api, CASES_OF_EACH));
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for d in &honest {
        *by.entry(&d.case.origin.operation).or_default() += 1;
    }
    println!("{by:?} {:?}", t.elapsed());
    for mutation in mutations() {
        let t = std::time::Instant::now();
        let cases =
            honest.iter().filter(|done| fits(&mutation, done)).map(|done| done.case.clone()).collect::<Vec<_>>();
        let n = cases.len();
        let score = score(&api, &mutation, cases);
        println!(
            "{:<20} {n} {:>5} {:>5} {:#?} {:?}",
            score.mutation,
            score.applied,
            score.killed,
            score.survivors,
            t.elapsed()
        );
    }
}
