//! The features that the documents show.

use std::path::Path;

use crate::support::Home;

/// The Gherkin in a document, each block as a whole feature.
fn features(path: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = std::fs::read_to_string(path).expect("a document");
    let blocks = text.split("```gherkin\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole = |block: &str| {
        if block.contains("Feature:") { block.to_owned() } else { format!("Feature: Documented\n{block}") }
    };
    blocks.map(whole).collect()
}

#[test]
fn every_feature_in_the_documents_passes_as_it_stands() {
    let mut count = 0;
    for path in ["README.md", "docs/writing-features.md"] {
        for feature in features(path) {
            let home = Home::new();
            home.write("first.feature", &feature);
            let api = if feature.contains("@api(kv)") { "kv" } else { "s3" };
            home.plumb(&["test", "first.feature", "--api", api, "--target", "model"]).exits(0);
            count += 1;
        }
    }
    assert!(count >= 3, "{count} features");
}
