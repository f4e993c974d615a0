//! The buckets of an account, as a list of them must show them.

use bytes::Bytes;
use plumb_model::expectation::{Form, Keyed, Label, Matcher, Shape};
use plumb_model::fault::Basis;
use plumb_model::model::Outcome;
use plumb_model::value::{Symbol, Value};

use crate::conditions::Truth;
use crate::errors::text;
use crate::locations::EU;
use crate::request::Request;
use crate::state::{Bucket, State, Token};

pub(crate) const SOURCE: &str = "AWS S3 API Reference, ListBuckets; LocalStack TestS3ListBuckets (recorded on AWS)";
pub(crate) const LATE: &str = "S3 User Guide, data consistency model: a bucket that was deleted might still be listed";

/// What the names must start with.
pub(crate) fn prefix(request: &Request<'_>) -> Bytes {
    request.argument("prefix").cloned().unwrap_or_default()
}

/// What a listing must, may, and must not hold.
#[derive(Clone)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<(Value, Shape)>,
    absent: Vec<Value>,
    pub(crate) others: Option<Label>,
    source: &'static str,
}

impl Listing {
    /// The buckets that are known, as far as their names start with the prefix.
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let prefix = prefix(request);
        let (mut entries, mut absent) = (Vec::new(), Vec::new());
        for (name, bucket) in request.state.buckets.iter().filter(|(name, _)| name.starts_with(&prefix)) {
            let key = Value::Literal(name.clone());
            let shape = line(request, Some(bucket));
            match (is_callers(request, bucket), is_in_region(request, bucket)) {
                (Truth::No, _) | (_, Truth::No) => absent.push(key),
                (Truth::Yes, Truth::Yes) => entries.push((key, shape)),
                _ => entries.push((key, shape.maybe())),
            }
        }
        let deleted = request.state.deleted.iter().filter(|name| name.starts_with(&prefix));
        absent.extend(deleted.map(|name| Value::Literal(name.clone())));
        let others = "the account holds buckets of others, which are not known here";
        let others = (!request.state.knows_buckets(&prefix)).then(|| others.into());
        Self { entries, absent, others, source: SOURCE }
    }

    /// How many entries there must be.
    pub(crate) fn required(&self) -> usize {
        self.entries.iter().filter(|(_, shape)| !matches!(shape, Shape::Maybe(_))).count()
    }

    /// The same, but any entry may be missing.
    pub(crate) fn loose(mut self) -> Self {
        for (_, shape) in &mut self.entries {
            if !matches!(shape, Shape::Maybe(_)) {
                *shape = std::mem::replace(shape, Shape::absent()).maybe();
            }
        }
        self
    }

    /// The same on AWS, where a bucket that was deleted may be listed for a while; none where there is none.
    pub(crate) fn late(mut self, request: &Request<'_>) -> Option<Self> {
        let is_deleted = |name: &Value| name.as_literal().is_some_and(|name| request.state.deleted.contains(name));
        let (late, absent): (Vec<_>, Vec<_>) = self.absent.into_iter().partition(is_deleted);
        if late.is_empty() || !request.aws {
            return None;
        }
        self.entries.extend(late.into_iter().map(|name| (name, line(request, None).maybe())));
        Some(Self { absent, source: LATE, ..self })
    }

    /// The answer with these entries, with a token where there is more to come.
    pub(crate) fn page(self, request: &Request<'_>, most: Option<usize>, more: bool) -> Outcome<State> {
        let keyed = Keyed { absent: self.absent, most, others: self.others, ..Keyed::new("Name", self.entries) };
        let buckets = Shape::Fields(vec![("Bucket".into(), Shape::Keyed(keyed))]);
        let mut fields = vec![("Owner".into(), owner(request, request.seen.actor)), ("Buckets".into(), buckets)];
        fields.push(("Prefix".into(), echo(request)));
        let symbol = request.seen.symbol("token");
        if !more {
            fields.push(("ContinuationToken".into(), Shape::absent()));
            return Outcome::new(request.document(fields), Basis::Documented, self.source);
        }
        let next = Matcher::Chosen { symbol: symbol.clone(), form: Form::Token };
        fields.push(("ContinuationToken".into(), Shape::Text(next)));
        let token =
            Token { bucket: Bytes::new(), prefix: prefix(request), delimiter: Bytes::new(), after: Bytes::new() };
        let state = request.state.with_token(symbol, token);
        Outcome::new(request.document(fields), Basis::Documented, self.source).leaving(state)
    }
}

/// An account, as every answer tells it: the service chooses its id. Source: AWS S3 API Reference, `Owner`; the
/// display name is not given any more.
pub(crate) fn owner(request: &Request<'_>, account: Option<&str>) -> Shape {
    let id = account.map_or(Matcher::Like(Form::Token), |account| Matcher::Chosen {
        symbol: Symbol::new("account", account),
        form: Form::Token,
    });
    let owner = Shape::Fields(vec![("ID".into(), Shape::Text(id))]);
    if request.aws { owner } else { owner.maybe() }
}

/// The prefix, where there is one.
fn echo(request: &Request<'_>) -> Shape {
    match request.argument("prefix").filter(|prefix| !prefix.is_empty()) {
        None => Shape::is("").maybe(),
        Some(prefix) if request.aws => text(prefix),
        Some(prefix) => text(prefix).maybe(),
    }
}

/// Whether a bucket is the caller's; one whose owner is not known may be.
fn is_callers(request: &Request<'_>, bucket: &Bucket) -> Truth {
    match bucket.owner.as_deref() {
        None => Truth::Unknown,
        owner => Truth::of(owner == request.seen.actor),
    }
}

/// Where a bucket is: where it was asked to be, or where the call went.
///
/// Source: `LocalStack` `test_create_bucket_with_eu_location_constraint` (recorded on AWS): EU is `eu-west-1`.
fn region(request: &Request<'_>, bucket: &Bucket) -> Bytes {
    match bucket.location.as_deref() {
        None | Some(b"") => Bytes::copy_from_slice(request.seen.region.as_bytes()),
        Some(location) if location == EU.as_bytes() => Bytes::from_static(b"eu-west-1"),
        Some(location) => Bytes::copy_from_slice(location),
    }
}

/// Whether a bucket is in the region that is asked for. What other servers do with the parameter is not known, nor
/// what AWS does with a region that is not that of the endpoint.
fn is_in_region(request: &Request<'_>, bucket: &Bucket) -> Truth {
    let Some(asked) = request.argument("bucket-region") else { return Truth::Yes };
    if !request.aws || asked != request.seen.region {
        return Truth::Unknown;
    }
    Truth::of(region(request, bucket) == asked)
}

/// A bucket in the listing; none is one of which no more than its name is known. On AWS the region is told where a
/// parameter was given (AWS S3 API Reference, `Bucket`), and with it the name of the resource (recorded).
fn line(request: &Request<'_>, bucket: Option<&Bucket>) -> Shape {
    let date = match bucket {
        None => Matcher::Like(Form::IsoDate(None)),
        Some(bucket) => Matcher::Chosen { symbol: bucket.creation_date.clone(), form: Form::IsoDate(bucket.created) },
    };
    let token = Matcher::Like(Form::Token);
    let place = match bucket {
        Some(bucket) if request.aws => Matcher::is(region(request, bucket)),
        _ => token.clone(),
    };
    let asked = ["prefix", "max-buckets", "continuation-token", "bucket-region"];
    let told = request.aws && asked.iter().any(|name| request.argument(name).is_some_and(|own| !own.is_empty()));
    let place = Shape::Text(place);
    Shape::Fields(vec![
        ("CreationDate".into(), Shape::Text(date)),
        ("BucketRegion".into(), if told { place } else { place.maybe() }),
        ("BucketArn".into(), Shape::Text(token).maybe()),
    ])
}
