//! Each bug that is planted into the server fails the scenarios that are about it.

use crate::parse::scenarios;
use crate::stage::{AWS, Stage};
use plumb_steps::played::Outcome;

#[test]
fn probe() {
    let all = scenarios();
    for plant in plumb_s3::api().plants {
        for judged in [true, false] {
            let performance = Stage { plant: Some(plant.name), judged, ..AWS }.perform(&all);
            let failed: Vec<String> = performance
                .played
                .iter()
                .filter(|own| own.outcome != Outcome::Passed)
                .map(|own| format!("{}{}", own.id, if own.outcome == Outcome::Failed { "" } else { "?" }))
                .collect();
            eprintln!("PLANT {} {judged} {} {:?}", plant.name, failed.len(), failed);
        }
    }
}
