//! What an S3-compatible service may lack as a whole: AWS added it late, or its documentation makes it optional.

use plumb_model::capability::{Capability, Shown};
use plumb_model::space::Hazard;

use crate::signature::ARGUMENT;

/// The headers of checksums beside `content-md5`.
const CHECKSUMS: &[&str] = &[
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-md5",
    "x-amz-checksum-mode",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-sha512",
    "x-amz-checksum-type",
    "x-amz-checksum-xxhash128",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash64",
    "x-amz-sdk-checksum-algorithm",
];

/// Every capability beside the operations.
///
/// Conditional reads and ranges are none of them: RFC 9110 has both, and clients have always relied on them.
pub(crate) fn all() -> Vec<Capability> {
    vec![
        Capability {
            name: "signatures",
            about: "who sends a call is told by its signature",
            source: "AWS Signature Version 4; local fakes take any caller",
            arguments: &[ARGUMENT],
            identities: true,
            within: |_| true,
            // Servers that check no signature may know their users all the same, or refuse nobody's calls here and there.
            shown: Shown::ByRefusal(&["wrong-secret"]),
        },
        Capability {
            name: "checksums",
            about: "a body is checked by CRC, SHA or XXHash, and the checksum told",
            source: "S3 User Guide, checking-object-integrity: additional checksums, since February 2022",
            arguments: CHECKSUMS,
            identities: false,
            within: |_| true,
            shown: Shown::ByUse,
        },
        Capability {
            name: "conditional writes",
            about: "a write or a delete that depends on what is stored",
            source: "S3 User Guide, conditional-requests: writes since August 2024, deletes later still",
            arguments: &["if-match", "if-none-match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size"],
            identities: false,
            within: |operation| operation.hazard != Hazard::Reads,
            shown: Shown::ByUse,
        },
        Capability {
            name: "storage classes",
            about: "an object names the class it is stored in",
            source: "AWS S3 API Reference, PutObject: amongst others Outposts and directory buckets have one class",
            arguments: &["x-amz-storage-class"],
            identities: false,
            within: |_| true,
            shown: Shown::ByUse,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::space::Choice;

    /// A capability that nothing shows would hide nothing, and mislead whoever reads the list.
    #[test]
    fn each_is_shown_by_an_operation() {
        let operations = crate::operations::all();
        for capability in all() {
            let gives = |choice: &&Choice| choice.arguments.iter().any(|(name, _)| capability.arguments.contains(name));
            let within = operations.iter().filter(|operation| (capability.within)(operation));
            let choices = within.flat_map(|operation| &operation.space.dimensions).flat_map(|own| &own.choices);
            let giving: Vec<&Choice> = choices.filter(gives).collect();
            let shown = match capability.shown {
                Shown::ByUse => giving.iter().any(|choice| !choice.fault),
                Shown::ByRefusal(names) => {
                    names.iter().all(|name| giving.iter().any(|choice| choice.fault && choice.name == *name))
                }
            };
            assert!(shown, "{}", capability.name);
        }
    }
}
