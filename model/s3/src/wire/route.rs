//! Where each operation's arguments stand in a request, and what its answer holds: one row for each operation.

use plumb_model::call::Call;

use crate::checksums::{MODE, SDK_ALGORITHM, is_checksum};
use crate::operations::copy_object::COPY_SOURCE;
use crate::operations::reading::OVERRIDES;
use crate::operations::storing::{METADATA_PREFIX, STORED_HEADERS};
use crate::signature;

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The account: the path is a slash.
    Service,
    Bucket,
    Object,
}

/// What tells an operation from the others of the same method and subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// None of the other marks is there.
    Plain,
    /// A query parameter without a value.
    Flag(&'static str),
    /// A query parameter with this value.
    Parameter(&'static str, &'static str),
    /// A header, which is an argument.
    Header(&'static str),
}

impl Mark {
    /// The name and the value of the query parameter, where it is one.
    pub(crate) fn parameter(self) -> Option<(&'static str, Option<&'static str>)> {
        match self {
            Self::Flag(name) => Some((name, None)),
            Self::Parameter(name, value) => Some((name, Some(value))),
            Self::Plain | Self::Header(_) => None,
        }
    }
}

/// What the body of an answer of success holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    /// Nothing that means anything.
    Nothing,
    /// What is stored, byte for byte.
    Stored,
    /// A document under this root.
    Document(&'static str),
}

/// What stands in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Nothing,
    /// The argument `body`.
    Object,
    /// The configuration of a new bucket.
    Configuration,
    /// The objects to delete.
    Deletion,
}

/// How an operation stands on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) subject: Subject,
    /// What says which operation it is.
    pub(crate) mark: Mark,
    /// The arguments that are headers of the same name.
    headers: &'static [&'static str],
    /// Whether the checksums of the body are arguments.
    sums: bool,
    /// Whether the headers that are stored with an object, and user metadata, are arguments.
    stores: bool,
    /// The arguments that are query parameters of the same name.
    query: &'static [&'static str],
    /// Whether the parameters that replace headers of the answer are arguments.
    overrides: bool,
    pub(crate) content: Content,
    pub(crate) success: Success,
}

const OWNER: &str = "x-amz-expected-bucket-owner";

const PLAIN: Route = Route {
    operation: "",
    method: "",
    subject: Subject::Bucket,
    mark: Mark::Plain,
    headers: &[OWNER],
    sums: false,
    stores: false,
    query: &[],
    overrides: false,
    content: Content::Nothing,
    success: Success::Nothing,
};

/// The routes. Source: AWS S3 API Reference, "Request Syntax" of each operation.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        operation: "ListBuckets",
        method: "GET",
        subject: Subject::Service,
        headers: &[],
        query: &["bucket-region", "continuation-token", "max-buckets", "prefix"],
        success: Success::Document("ListAllMyBucketsResult"),
        ..PLAIN
    },
    Route { operation: "CreateBucket", method: "PUT", headers: &[], content: Content::Configuration, ..PLAIN },
    Route { operation: "DeleteBucket", method: "DELETE", ..PLAIN },
    Route {
        operation: "GetBucketLocation",
        method: "GET",
        mark: Mark::Flag("location"),
        success: Success::Document("LocationConstraint"),
        ..PLAIN
    },
    Route {
        operation: "ListObjects",
        method: "GET",
        query: &["delimiter", "encoding-type", "marker", "max-keys", "prefix"],
        success: Success::Document("ListBucketResult"),
        ..PLAIN
    },
    Route {
        operation: "DeleteObjects",
        method: "POST",
        headers: &[SDK_ALGORITHM, OWNER],
        mark: Mark::Flag("delete"),
        content: Content::Deletion,
        success: Success::Document("DeleteResult"),
        ..PLAIN
    },
    Route {
        operation: "ListObjectsV2",
        method: "GET",
        mark: Mark::Parameter("list-type", "2"),
        query: &[
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "max-keys",
            "prefix",
            "start-after",
        ],
        success: Success::Document("ListBucketResult"),
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
            "x-amz-checksum-algorithm",
            SDK_ALGORITHM,
            "x-amz-storage-class",
            OWNER,
        ],
        sums: true,
        stores: true,
        content: Content::Object,
        ..PLAIN
    },
    Route {
        operation: "CopyObject",
        method: "PUT",
        subject: Subject::Object,
        mark: Mark::Header(COPY_SOURCE),
        headers: &[
            "if-match",
            "if-none-match",
            "x-amz-checksum-algorithm",
            COPY_SOURCE,
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-modified-since",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-unmodified-since",
            OWNER,
            "x-amz-metadata-directive",
            "x-amz-server-side-encryption",
            "x-amz-source-expected-bucket-owner",
            "x-amz-storage-class",
            "x-amz-tagging-directive",
        ],
        stores: true,
        success: Success::Document("CopyObjectResult"),
        ..PLAIN
    },
    Route {
        operation: "GetObject",
        method: "GET",
        subject: Subject::Object,
        headers: &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range", MODE, OWNER],
        query: &["partNumber", "versionId"],
        overrides: true,
        success: Success::Stored,
        ..PLAIN
    },
    Route { operation: "HeadBucket", method: "HEAD", ..PLAIN },
    Route {
        operation: "HeadObject",
        method: "HEAD",
        subject: Subject::Object,
        headers: &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range", MODE, OWNER],
        query: &["partNumber", "versionId"],
        overrides: true,
        ..PLAIN
    },
    Route {
        operation: "DeleteObject",
        method: "DELETE",
        subject: Subject::Object,
        headers: &["if-match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size", OWNER],
        query: &["versionId"],
        ..PLAIN
    },
];

impl Route {
    /// The route of a call's operation.
    pub(crate) fn of(call: &Call) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.operation == call.operation)
    }

    /// The argument that makes a request one of this operation, where the call does not have it.
    pub(crate) fn missing_mark(&self, call: &Call) -> Option<&'static str> {
        match self.mark {
            Mark::Header(name) => Some(name).filter(|name| call.argument(name).is_none()),
            Mark::Plain | Mark::Flag(_) | Mark::Parameter(..) => None,
        }
    }

    /// Whether its answers are read by method alone: those to HEAD have no body (RFC 9110 section 9.3.2).
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether an argument is a header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        let stored =
            STORED_HEADERS.contains(&name) || name.strip_prefix(METADATA_PREFIX).is_some_and(|own| !own.is_empty());
        self.headers.contains(&name) || (self.sums && is_checksum(name)) || (self.stores && stored)
    }

    /// Whether an argument is a query parameter.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.query.contains(&name) || (self.overrides && OVERRIDES.iter().any(|(own, _)| *own == name))
    }

    /// Whether an argument has a place of its own: in the path, in the body, or in the way of signing.
    pub(crate) fn has_place(&self, name: &str) -> bool {
        match name {
            signature::ARGUMENT => true,
            "bucket" => self.subject != Subject::Service,
            "key" => self.subject == Subject::Object,
            "body" => self.content == Content::Object,
            super::configuration::LOCATION | super::configuration::WHOLE => self.content == Content::Configuration,
            super::digests::ARGUMENT => self.content == Content::Deletion,
            name => self.content == Content::Deletion && super::deletion::is_argument(name),
        }
    }
}
