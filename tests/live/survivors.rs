//! Spoilt answers that nobody noticed: what they have in common, and why that is right.

use plumb_runner::engine::Done;
use plumb_test_proxy::Applied;
use plumb_validator::session::Exchange;

/// A kind of survivor with the reason why it is one.
pub(crate) struct Reason {
    /// [`Applied::mutation`].
    pub(crate) mutation: &'static str,
    /// What its description, as in [`describe`], holds.
    pub(crate) what: &'static str,
    /// Why it need not be noticed.
    pub(crate) why: &'static str,
}

const fn reason(mutation: &'static str, what: &'static str, why: &'static str) -> Reason {
    Reason { mutation, what, why }
}

const MESSAGES: &str = "the words of an error are for people (AWS S3 API Reference, ErrorResponses: Message)";
const RETRIED: &str = "429 asks for patience (RFC 6585 section 4): the call was sent again, and answered rightly";
/// What is said of a lost write that no later answer shows.
pub(crate) const UNSEEN: &str = "nothing shows it";

const EQUAL: &str = "every later answer of the case is the same with and without the write";
const INSTRUCTION: &str = "a processing instruction is for applications (XML 1.0 section 2.6), and without a \
                           declaration XML is UTF-8 (section 4.3.3)";

/// Every reason there is. What survives and is not here is a hole.
pub(crate) const REASONS: &[Reason] = &[
    reason("lost-write", UNSEEN, EQUAL),
    reason("change-code", "became 429", RETRIED),
    reason("alter-xml-element", "the text of Message", MESSAGES),
    reason("drop-xml-element", "Message", MESSAGES),
    reason("alter-body-byte", "in the text of Message", MESSAGES),
    reason("alter-body-byte", "the declaration is another processing instruction", INSTRUCTION),
];

/// The reason for a survivor, if there is one.
pub(crate) fn reason_for(mutation: &str, what: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.mutation == mutation && what.contains(reason.what))
}

/// What was done to the exchange at `place`, without what differs from case to case. `honest` is the same case
/// without a fault.
pub(crate) fn describe(honest: &Done, done: &Done, place: usize, applied: &Applied) -> String {
    let detail = applied.detail.split(" at byte").next().unwrap_or_default();
    match applied.mutation {
        "lost-write" => lost(honest, done, place),
        "alter-body-byte" => around(applied, &done.run.exchanges[place]),
        "change-code" => detail.to_owned(),
        _ => without_numbers(detail),
    }
}

fn without_numbers(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.bytes().all(|byte| byte.is_ascii_digit()) { "n" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether an answer after the lost write differs from that of the honest run.
fn lost(honest: &Done, done: &Done, place: usize) -> String {
    let pairs = honest.run.exchanges.iter().zip(&done.run.exchanges).skip(place + 1);
    let seen = pairs.into_iter().find(|(left, right)| view(honest, left) != view(done, right));
    seen.map_or(UNSEEN.to_owned(), |(_, exchange)| format!("shown by {} {}", exchange.id, exchange.operation))
}

/// What a client sees of an answer, without what differs from run to run: dates, the number of the case, and the
/// name of the bucket.
fn view(done: &Done, exchange: &Exchange) -> String {
    let Some(answer) = &exchange.answer else { return String::new() };
    let target = String::from_utf8_lossy(&exchange.request.target);
    let bucket = target.split(['/', '?']).nth(1).unwrap_or_default();
    let body = String::from_utf8_lossy(&answer.body).replace(bucket, "bucket");
    let body = body.replace(&format!("{:06}", done.sequence), "number");
    let mut pieces = body.split("<LastModified>");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.filter_map(|piece| piece.split_once("</LastModified>")).map(|(_, rest)| rest);
    let text = std::iter::once(first.as_str()).chain(rest).collect::<String>();
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
        _ if place > end => format!("in the text of {name}"),
        _ if place > start + name.len() + 1 => format!("in an attribute of {name}"),
        _ => format!("in the tag {name}"),
    }
}
