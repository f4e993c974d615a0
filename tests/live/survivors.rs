//! Spoilt answers that nobody noticed: what they have in common, and why that is right.

use plumb_model::answer::Answer;
use plumb_runner::engine::Done;
use plumb_test_proxy::Applied;
use plumb_validator::session::Exchange;

/// A kind of survivor with the reason why it is one.
pub(crate) struct Reason {
    /// Any of [`Applied::mutation`].
    mutations: &'static [&'static str],
    /// What its description, as in [`describe`], begins with: any of these.
    what: &'static [&'static str],
    /// What its description ends with: any of these.
    place: &'static [&'static str],
    /// Why it need not be noticed.
    pub(crate) why: &'static str,
}

type Words = &'static [&'static str];

const fn reason(mutations: Words, what: Words, place: Words, why: &'static str) -> Reason {
    Reason { mutations, what, place, why }
}

const MESSAGES: &str = "the words of an error are for people (AWS S3 API Reference, ErrorResponses: Message)";
const RETRIED: &str = "429 asks for patience (RFC 6585 section 4): such an answer accuses nobody";
const CODELESS: &str = "a HEAD tells no code, and which of two statuses a fault earns there is not always known";
/// What is said of a lost write that no later answer shows.
pub(crate) const UNSEEN: &str = "nothing shows it";

const EQUAL: &str = "every later answer of the case is the same with and without the write";
const INSTRUCTION: &str = "a processing instruction is for applications (XML 1.0 section 2.6), and without a \
                           declaration XML is UTF-8 (section 4.3.3)";
const SOFTWARE: &str = "it names the software (RFC 9110 section 10.2.4)";
const UNLISTED: &str = "S3 sends no such field here; who does not know one ignores it (RFC 9110 section 5.1)";
const UNTYPED: &str = "what has no body need not tell its type (RFC 9110 section 8.3)";
const RANGES: &str = "a server need not say that it knows ranges (RFC 9110 section 14.3)";
const SUPPORT: &str = "for support only (AWS S3 API Reference, ErrorResponses)";
const ADDED: &str = "the fields that a code adds are demanded in the flavour aws only: other servers leave them out";
const LOCATION: &str = "demanded in the flavour aws only: no client relies on it";
const REGION: &str = "the region of the bucket, which the model does not know (AWS S3 API Reference, HeadBucket)";
const LEFT_OUT: &str = "demanded in the flavour aws only: servers that know one class or account, or no checksum";
const TOKEN: &str = "obfuscated: any text at first sight, and the next page shows whether it leads there";
const CLOCK: &str = "the server's clock: any moment in which the object may have been stored";
const OTHERS: &str = "an account has buckets of others too, of which the case knows nothing";
const OWNER: &str = "the server chooses it, and the case asks once only";
const NAMESPACE: &str = "demanded in the flavour aws only: clients read the names without their namespace";
const UNORDERED: &str = "AWS S3 API Reference, ListBuckets and DeleteObjects: no order is documented";
const ECHOED: &str = "an empty parameter is echoed as an empty element or not at all";

const HEADERS: Words = &["drop-header", "alter-header", "duplicate-header"];
const ELEMENTS: Words = &["drop-xml-element", "alter-xml-element", "alter-body-byte"];
const ANYWHERE: Words = &[""];
const TEXTS: Words = &["alter-xml-element", "alter-body-byte"];
const ERROR: Words = &["in an error"];
const LISTINGS: Words = &["ListObjects 200", "ListObjectsV2 200", "ListBuckets 200"];
const ADDED_FIELDS: Words = &[
    "ActualObjectSize ",
    "ArgumentName ",
    "ArgumentValue ",
    "BucketName ",
    "Condition ",
    "Header ",
    "Key ",
    "Method ",
    "RangeRequested ",
    "Resource ",
    "ResourceType ",
];
const HEAD_ERROR: Words = &["HeadObject in an error", "HeadBucket in an error"];
const BODILESS: Words = &["PutObject 200", "CreateBucket 200", "DeleteObject 204", "DeleteBucket 204"];

/// Every reason there is. What survives and is not here is a hole.
const REASONS: &[Reason] = &[
    reason(&["lost-write"], &[UNSEEN], ANYWHERE, EQUAL),
    reason(&["lost-write"], &["shown by"], &["GetObject 416 InvalidRange"], ADDED),
    reason(&["change-code"], &["429 "], ANYWHERE, RETRIED),
    reason(&["change-code"], ANYWHERE, HEAD_ERROR, CODELESS),
    reason(&["stale-body"], ANYWHERE, ERROR, SUPPORT),
    reason(&["alter-body-byte"], &["the declaration is another processing instruction"], ANYWHERE, INSTRUCTION),
    reason(HEADERS, &["server "], ANYWHERE, SOFTWARE),
    reason(
        HEADERS,
        &["access-control-allow-origin ", "x-amzn-requestid ", "x-amz-content-sha256 "],
        ANYWHERE,
        UNLISTED,
    ),
    reason(HEADERS, &["content-type ", "last-modified "], BODILESS, UNLISTED),
    reason(&["swap-etag"], ANYWHERE, &["CopyObject 200"], UNLISTED),
    reason(HEADERS, &["etag "], &["CopyObject 200"], UNLISTED),
    reason(&["drop-header"], &["content-type "], HEAD_ERROR, UNTYPED),
    reason(&["drop-header"], &["accept-ranges "], &["GetObject 200", "HeadObject 200"], RANGES),
    reason(HEADERS, &["accept-ranges "], &["GetObject 304", "HeadObject 304"], UNLISTED),
    reason(HEADERS, &["x-amz-bucket-region "], &["HeadBucket 200"], REGION),
    reason(&["drop-header"], &["location "], &["CreateBucket 200"], LOCATION),
    reason(ELEMENTS, &["Message "], ERROR, MESSAGES),
    reason(ELEMENTS, &["RequestId ", "HostId "], ERROR, SUPPORT),
    reason(ELEMENTS, ADDED_FIELDS, ERROR, ADDED),
    reason(&["drop-xml-element"], &["empty "], LISTINGS, ECHOED),
    reason(&["drop-xml-element"], &["StorageClass ", "ChecksumAlgorithm ", "Owner "], LISTINGS, LEFT_OUT),
    reason(&["drop-xml-element"], &["Checksum"], &["CopyObject 200"], LEFT_OUT),
    reason(TEXTS, &["LastModified "], LISTINGS, CLOCK),
    reason(TEXTS, &["LastModified "], &["CopyObject 200"], CLOCK),
    reason(TEXTS, &["NextContinuationToken ", "ContinuationToken "], LISTINGS, TOKEN),
    reason(ELEMENTS, &["ID ", "DisplayName "], LISTINGS, OWNER),
    reason(ELEMENTS, &["Name ", "Bucket ", "CreationDate "], &["ListBuckets 200"], OTHERS),
    reason(ELEMENTS, &["BucketRegion ", "BucketArn "], &["ListBuckets 200"], REGION),
    reason(&["alter-body-byte"], &["in an attribute of"], ANYWHERE, NAMESPACE),
    reason(
        &["swap-xml-siblings"],
        &["Bucket ", "Deleted ", "Error "],
        &["ListBuckets 200", "DeleteObjects 200"],
        UNORDERED,
    ),
];

/// The reason for a survivor, if there is one.
pub(crate) fn reason_for(mutation: &str, what: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| {
        reason.mutations.contains(&mutation)
            && reason.what.iter().any(|begin| what.starts_with(begin))
            && reason.place.iter().any(|end| what.ends_with(end))
    })
}

/// What was done to the exchange at `place`, without what differs from case to case. `honest` is the same case
/// without a fault.
pub(crate) fn describe(honest: &Done, done: &Done, place: usize, applied: &Applied) -> String {
    let exchange = &done.run.exchanges[place];
    let what = match applied.mutation {
        "lost-write" => return lost(honest, done, place),
        "change-code" => changed_code(&applied.detail),
        "alter-body-byte" => around(applied, exchange),
        _ => without_place(&applied.detail),
    };
    let emptied = if is_empty_element(&honest.run.exchanges[place], applied) { "empty " } else { "" };
    format!("{emptied}{what}, {}", answered(exchange))
}

/// `404 became 429` the other way round.
fn changed_code(detail: &str) -> String {
    let (was, is) = detail.split_once(" became ").unwrap_or((detail, "another"));
    format!("{is} instead of {was}")
}

/// The operation and its answer; errors are all alike.
fn answered(exchange: &Exchange) -> String {
    let class = exchange.answer.as_ref().map_or(String::new(), |answer| match answer.status {
        400.. => "in an error".to_owned(),
        _ => answer.class(),
    });
    format!("{} {class}", exchange.operation)
}

/// What was done, without the byte at which it was done and without other numbers.
fn without_place(detail: &str) -> String {
    let (before, after) = detail.split_once(" at byte ").unwrap_or((detail, ""));
    let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
    let text = [before.strip_prefix("the text of ").unwrap_or(before), after].concat();
    let words = text.split(' ').map(|word| if word.bytes().all(|byte| byte.is_ascii_digit()) { "n" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether an element was cut out that had nothing in it. `honest` is the exchange without a fault.
fn is_empty_element(honest: &Exchange, applied: &Applied) -> bool {
    let Some((name, place)) = applied.detail.split_once(" at byte ") else { return false };
    let place = place.strip_suffix(" is missing").and_then(|place| place.parse::<usize>().ok());
    let body = honest.answer.as_ref().map(|answer| &answer.body);
    let from = body.zip(place).and_then(|(body, place)| body.get(place..)).unwrap_or_default();
    [format!("<{name}/>"), format!("<{name}></{name}>")].iter().any(|empty| from.starts_with(empty.as_bytes()))
}

/// Whether an answer after the lost write differs from that of the honest run.
fn lost(honest: &Done, done: &Done, place: usize) -> String {
    let pairs = honest.run.exchanges.iter().zip(&done.run.exchanges).skip(place + 1);
    let seen = pairs.into_iter().find(|(left, right)| view(honest, left) != view(done, right));
    seen.map_or(UNSEEN.to_owned(), |(_, exchange)| {
        let class = exchange.answer.as_ref().map(Answer::class).unwrap_or_default();
        format!("shown by {} {} {class}", exchange.id, exchange.operation)
    })
}

/// Elements with another text in every answer.
const OF_THE_MOMENT: [&str; 5] = ["LastModified", "RequestId", "HostId", "ContinuationToken", "NextContinuationToken"];

/// A document without the texts of the elements of this name.
fn without_element(text: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut pieces = text.split(&start);
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.filter_map(|piece| piece.split_once(&end)).map(|(_, rest)| rest);
    std::iter::once(first).chain(rest).collect()
}

/// What a client sees of an answer, without what differs from run to run: dates, the number of the case, and the
/// name of the bucket.
fn view(done: &Done, exchange: &Exchange) -> String {
    let Some(answer) = &exchange.answer else { return String::new() };
    let target = String::from_utf8_lossy(&exchange.request.target);
    let bucket = target.split(['/', '?']).nth(1).unwrap_or_default();
    let body = String::from_utf8_lossy(&answer.body).replace(bucket, "bucket");
    let body = body.replace(&format!("{:06}", done.sequence), "number");
    let text = OF_THE_MOMENT.iter().fold(body, |text, name| without_element(&text, name));
    format!("{} {:?} {text}", answer.class(), answer.headers.text("etag"))
}

/// Where in a document the byte is that became another.
fn around(applied: &Applied, exchange: &Exchange) -> String {
    let body = exchange.answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let place = applied.detail.split(' ').find_map(|word| word.parse::<usize>().ok()).unwrap_or_default();
    let start = body.get(..=place).and_then(|before| before.rfind('<')).unwrap_or_default();
    let piece = &body[start..];
    let name: String =
        piece.trim_start_matches(['<', '/', '?']).chars().take_while(char::is_ascii_alphanumeric).collect();
    let end = start + piece.find('>').unwrap_or_default();
    match place {
        _ if piece.starts_with("<?") && name != "xml" => "the declaration is another processing instruction".to_owned(),
        _ if piece.starts_with("<?") => format!("in the declaration, now {}", &body[start..=end]),
        _ if place > end => format!("{name} is another"),
        _ if place > start + name.len() + 1 => format!("in an attribute of {name}"),
        _ => format!("in the tag {name}"),
    }
}
