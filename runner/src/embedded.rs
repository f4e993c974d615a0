//! The features of the tutorial API, so that whoever has only the binary has them too.

/// Path and text of each file in `features/kv`.
pub(crate) const KV: &[(&str, &str)] = &[
    ("features/kv/conditions.feature", include_str!("../../features/kv/conditions.feature")),
    ("features/kv/entries.feature", include_str!("../../features/kv/entries.feature")),
    ("features/kv/errors.feature", include_str!("../../features/kv/errors.feature")),
    ("features/kv/listing.feature", include_str!("../../features/kv/listing.feature")),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_feature_of_the_folder_is_here() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../features/kv");
        let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = entries.map(|name| format!("features/kv/{}", name.display())).collect();
        names.sort();
        assert_eq!(super::KV.iter().map(|(path, _)| *path).collect::<Vec<_>>(), names);
    }
}
