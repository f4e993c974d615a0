//! What can be said of a request that the model does not know, without telling whose it was.

use plumb_model::traffic::Record;

/// The longest name of an operation or of a parameter that is shown.
const NAME_BYTES_MAX: usize = 40;
/// The most parameters that are shown.
const PARAMETERS_MAX: usize = 4;

/// The operation in the words of the log; or the method with how deep the path is and which parameters the query has.
/// Values are never shown, and of names only those that an API may have given: small letters and hyphens.
pub(super) fn label(record: &Record) -> String {
    let is_name = |name: &str| name.len() <= NAME_BYTES_MAX && name.split('.').all(is_word);
    if let Some(operation) = record.operation.as_deref().filter(|name| is_name(name)) {
        return operation.to_owned();
    }
    let target = &record.request.target;
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (&target[..], &b""[..]),
    };
    let depth = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).count();
    let path = match depth {
        0 => "/",
        1 => "/…",
        _ => "/…/…",
    };
    let names = query.split(|byte| *byte == b'&').filter_map(|part| {
        let name = part.split(|byte| *byte == b'=').next().and_then(|name| std::str::from_utf8(name).ok())?;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        (is_plain && !name.is_empty() && name.len() <= NAME_BYTES_MAX).then_some(name)
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.truncate(PARAMETERS_MAX);
    let method = if is_word(&record.request.method) { &record.request.method } else { "?" };
    let mark = if names.is_empty() { "" } else { "?" };
    format!("{method} {path}{mark}{}", names.join("&"))
}

/// Whether a part of an operation's name is one: capitals, figures and underscores.
fn is_word(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_request_is_told_but_its_form() {
        let check = |method, target, expected: &str| assert_eq!(label(&Record::new(method, target, 200)), expected);
        check("GET", "/secret/secret?acl", "GET /…/…?acl");
        check("PUT", "/secret?uploads=secret&Secret=1&z1=2", "PUT /…?uploads");
        check("GET", "/", "GET /");
        check("secret", "/a", "? /…");
        let named = Record { operation: Some("REST.GET.ACL".into()), ..Record::new("GET", "/secret?acl", 200) };
        assert_eq!(label(&named), "REST.GET.ACL");
        let odd = Record { operation: Some("secret".into()), ..named };
        assert_eq!(label(&odd), "GET /…?acl");
    }
}
