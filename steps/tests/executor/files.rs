//! The scenarios of the tutorial API, against the model and against servers with planted bugs.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use plumb_steps::feature::Scenario;
use plumb_steps::played::{Outcome, Played};
use plumb_validator::verdict::Verdict;

use crate::reading::scenarios;
use crate::stage::{on_stage, play_over, registry, replayed, server, told};

fn all() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../features/kv");
    let entries = std::fs::read_dir(folder).expect("features").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|own| own == "feature")).collect();
    paths.sort();
    let read = |path: PathBuf| scenarios(&path.display().to_string(), &std::fs::read_to_string(&path).expect("a text"));
    paths.into_iter().flat_map(read).collect()
}

fn played_at(plant: Option<&str>) -> Vec<Played> {
    let (api, registry) = (plumb_kv::api(), registry());
    on_stage(async {
        let mut played = Vec::new();
        for (sequence, scenario) in (0..).zip(all()) {
            played.push(play_over(&api, &server(&api, plant), &registry, scenario, sequence).await);
        }
        played
    })
}

#[test]
fn features_and_model_agree() {
    let played = played_at(None);
    assert!(played.len() >= 20, "{} scenarios", played.len());
    for own in &played {
        assert_eq!(own.outcome, Outcome::Passed, "{}", told(own));
        assert!(own.judged > 0 && own.unmodelled == 0, "{}", told(own));
    }
}

#[test]
fn scenarios_have_three_to_seven_steps_of_their_own() {
    for scenario in all() {
        assert!((2..=9).contains(&scenario.steps.len()), "{}: {}", scenario.name, scenario.steps.len());
    }
}

#[test]
fn a_planted_bug_fails_the_scenarios_that_speak_of_it() {
    let plants = ["lost-overwrite", "condition-ignored", "page-skips", "delete-forgets"];
    let failed = plants.map(|plant| {
        let failed = played_at(Some(plant)).into_iter().filter(|own| own.outcome == Outcome::Failed);
        let names: Vec<String> = failed.map(|own| format!("  {}: {}", own.feature, own.name)).collect();
        format!("{plant}\n{}", names.join("\n"))
    });
    assert_snapshot!(failed.join("\n"));
}

#[test]
fn what_a_scenario_leaves_is_a_case_that_runs_without_it() {
    let api = plumb_kv::api();
    let mut whole = 0;
    for played in played_at(None) {
        let case = played.case.expect("a case");
        case.check().expect("a case that can be run");
        let verdict = on_stage(replayed(&api, &server(&api, None), &case));
        assert!(matches!(verdict, Verdict::Conforms { .. }), "{}: {verdict:?}", played.name);
        whole += usize::from(played.case_lacks.is_none());
    }
    assert!(whole >= 12, "{whole} cases say all of their scenario");
}
