//! The models that are published for comparing generators: each is read as its first line says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plumb_generator::pict::Model;

use crate::model;

/// How many published models there are.
const MODELS: usize = 47;

/// The folder with them, beside the project or above it.
fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().expect("the root of the project");
    root.ancestors().skip(1).map(|above| above.join("shared/combinatorial")).find(|folder| folder.is_dir())
}

fn models(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let paths = entries.filter(|path| path.extension().is_some_and(|own| own == "pict"));
    let named = |path: PathBuf| (path.display().to_string(), std::fs::read_to_string(&path).expect("a model"));
    let mut models: Vec<_> = paths.map(named).collect();
    models.sort();
    models
}

/// How many parameters have how many values, as `MCA 2^13 4^5; 13 constraint clauses` says it, and how many clauses.
fn announced(text: &str) -> Option<(BTreeMap<usize, usize>, Option<usize>)> {
    let (_, rest) = text.lines().next()?.split_once("MCA ")?;
    let (sizes, rest) = rest.split_once("; ")?;
    let number = |text: &str| text.parse().expect("a number");
    let sizes =
        sizes.split(' ').filter_map(|own| own.split_once('^')).map(|(size, count)| (number(size), number(count)));
    Some((sizes.collect(), rest.split_once(" constraint clauses").map(|(clauses, _)| number(clauses))))
}

fn sizes(model: &Model) -> BTreeMap<usize, usize> {
    let mut sizes = BTreeMap::new();
    model.space().sizes().iter().for_each(|size| *sizes.entry(*size).or_default() += 1);
    sizes
}

#[test]
fn every_published_model_is_read_as_it_says() {
    let Some(folder) = folder() else {
        eprintln!("skipped: there is no folder shared/combinatorial beside the project");
        return;
    };
    let found = models(&folder.join("models"));
    assert_eq!(found.len(), MODELS);
    for (path, text) in found.into_iter().chain(models(&folder)) {
        let model = model(&text);
        assert_eq!(model.warnings(), [], "{path}");
        if let Some((announced, clauses)) = announced(&text) {
            assert_eq!(sizes(&model), announced, "{path}");
            assert!(clauses.is_none_or(|clauses| model.constraints().len() == clauses), "{path}");
        }
        assert_eq!(model.space().clauses().is_empty(), model.constraints().is_empty(), "{path}");
    }
}
