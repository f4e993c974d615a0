//! Arrays of a few published models: never larger than PICT's and ACTS's, and whole.

#[path = "../benches/published/mod.rs"]
mod published;

use plumb_generator::covering::{EFFORT, compact, coverage};
use plumb_generator::pict::{Dialect, Model};

use published::Published;

/// Small enough for a build that is not optimised.
const MODELS: [&str; 5] = ["syn_03", "syn_07", "syn_23", "bugzilla", "u_3p13"];
const STRENGTH: usize = 2;
const SEED: u64 = 1;

fn check(published: &Published, name: &str) {
    assert!(published.path("models").is_dir() && !published.numbers.is_empty(), "a folder with models and sizes");
    let model = Model::parse(&published.text(name), &Dialect::default()).expect("a model");
    let demand = model.demand(Some(STRENGTH)).expect("a strength of the model");
    let array = compact(model.space(), &demand, &[], SEED, EFFORT).expect("rows");
    let coverage = coverage(model.space(), &array.rows, &demand);
    assert!(coverage.is_whole(), "{name}: {coverage:?}");
    assert_eq!(coverage.looked_at, coverage.sets, "{name}");
    let theirs = ["pict_size", "acts"].map(|column| published.number(STRENGTH, name, column));
    let theirs: Vec<f64> = theirs.into_iter().flatten().collect();
    assert!(!theirs.is_empty(), "{name} has no published size");
    let ours = f64::from(u32::try_from(array.rows.len()).expect("few rows"));
    assert!(theirs.iter().all(|size| ours <= *size), "{name}: {ours} rows, others {theirs:?}");
}

#[test]
fn arrays_are_never_larger_than_those_of_others() {
    let Some(published) = Published::find() else {
        eprintln!("skipped: there is no folder shared/combinatorial beside the project");
        return;
    };
    for name in MODELS {
        check(&published, name);
    }
}
