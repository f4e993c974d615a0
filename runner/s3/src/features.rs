//! The features of S3, so that a canary's host, which has no checkout, has them too.

/// Path and text of each file in `features/s3`.
pub(crate) const FEATURES: &[(&str, &str)] = &[
    ("features/s3/access.feature", include_str!("../../../features/s3/access.feature")),
    ("features/s3/accounts.feature", include_str!("../../../features/s3/accounts.feature")),
    ("features/s3/batch-delete.feature", include_str!("../../../features/s3/batch-delete.feature")),
    ("features/s3/buckets.feature", include_str!("../../../features/s3/buckets.feature")),
    ("features/s3/checksums.feature", include_str!("../../../features/s3/checksums.feature")),
    ("features/s3/conditional-reads.feature", include_str!("../../../features/s3/conditional-reads.feature")),
    ("features/s3/conditional-writes.feature", include_str!("../../../features/s3/conditional-writes.feature")),
    ("features/s3/consistency.feature", include_str!("../../../features/s3/consistency.feature")),
    ("features/s3/copying.feature", include_str!("../../../features/s3/copying.feature")),
    ("features/s3/downloads.feature", include_str!("../../../features/s3/downloads.feature")),
    ("features/s3/errors.feature", include_str!("../../../features/s3/errors.feature")),
    ("features/s3/folders.feature", include_str!("../../../features/s3/folders.feature")),
    ("features/s3/listing.feature", include_str!("../../../features/s3/listing.feature")),
    ("features/s3/metadata.feature", include_str!("../../../features/s3/metadata.feature")),
    ("features/s3/names.feature", include_str!("../../../features/s3/names.feature")),
    ("features/s3/paging.feature", include_str!("../../../features/s3/paging.feature")),
    ("features/s3/ranges.feature", include_str!("../../../features/s3/ranges.feature")),
    ("features/s3/uploads.feature", include_str!("../../../features/s3/uploads.feature")),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_feature_of_the_folder_is_here() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../features/s3");
        let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = entries.map(|name| format!("features/s3/{}", name.display())).collect();
        names.sort();
        assert_eq!(super::FEATURES.iter().map(|(path, _)| *path).collect::<Vec<_>>(), names);
    }
}
