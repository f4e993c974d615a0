//! Where each operation's arguments stand in a request: one row for each operation.

use plumb_model::call::Call;

use crate::operations::get_object::OVERRIDES;
use crate::operations::put_object::{METADATA_PREFIX, STORED_HEADERS};
use crate::signature;

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Bucket,
    Object,
}

/// What stands in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    /// The argument `body`.
    Object,
    /// The configuration of a new bucket.
    Configuration,
}

/// How an operation stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) subject: Subject,
    /// A parameter that says which operation it is.
    pub(crate) mark: Option<(&'static str, &'static str)>,
    /// The arguments that are headers of the same name.
    headers: &'static [&'static str],
    /// Whether the headers that are stored with an object, and user metadata, are arguments.
    stores: bool,
    /// The arguments that are query parameters of the same name.
    query: &'static [&'static str],
    /// Whether the parameters that replace headers of the answer are arguments.
    overrides: bool,
    pub(crate) content: Content,
}

const OWNER: &str = "x-amz-expected-bucket-owner";

const PLAIN: Route = Route {
    operation: "",
    method: "",
    subject: Subject::Bucket,
    mark: None,
    headers: &[OWNER],
    stores: false,
    query: &[],
    overrides: false,
    content: Content::Nothing,
};

/// The routes. Source: AWS S3 API Reference, "Request Syntax" of each operation.
pub(crate) const ROUTES: [Route; 6] = [
    Route { operation: "CreateBucket", method: "PUT", headers: &[], content: Content::Configuration, ..PLAIN },
    Route { operation: "DeleteBucket", method: "DELETE", ..PLAIN },
    Route {
        operation: "ListObjectsV2",
        method: "GET",
        mark: Some(("list-type", "2")),
        query: &["continuation-token", "delimiter", "encoding-type", "max-keys", "prefix", "start-after"],
        ..PLAIN
    },
    Route {
        operation: "PutObject",
        method: "PUT",
        subject: Subject::Object,
        headers: &[
            "content-md5",
            "if-match",
            "if-none-match",
            "x-amz-checksum-crc32",
            "x-amz-checksum-sha256",
            "x-amz-storage-class",
            OWNER,
        ],
        stores: true,
        content: Content::Object,
        ..PLAIN
    },
    Route {
        operation: "GetObject",
        method: "GET",
        subject: Subject::Object,
        headers: &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range", OWNER],
        overrides: true,
        ..PLAIN
    },
    Route {
        operation: "DeleteObject",
        method: "DELETE",
        subject: Subject::Object,
        headers: &["if-match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size", OWNER],
        ..PLAIN
    },
];

impl Route {
    /// The route of a call's operation.
    pub(crate) fn of(call: &Call) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.operation == call.operation)
    }

    /// Whether an argument is a header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        let stored =
            STORED_HEADERS.contains(&name) || name.strip_prefix(METADATA_PREFIX).is_some_and(|own| !own.is_empty());
        self.headers.contains(&name) || (self.stores && stored)
    }

    /// Whether an argument is a query parameter.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.query.contains(&name) || (self.overrides && OVERRIDES.iter().any(|(own, _)| *own == name))
    }

    /// Whether an argument has a place of its own: in the path, in the body, or in the way of signing.
    pub(crate) fn has_place(&self, name: &str) -> bool {
        match name {
            "bucket" | signature::ARGUMENT => true,
            "key" => self.subject == Subject::Object,
            "body" => self.content == Content::Object,
            super::configuration::LOCATION | super::configuration::WHOLE => self.content == Content::Configuration,
            _ => false,
        }
    }
}
