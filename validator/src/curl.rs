//! A finding as shell commands, where curl can say it faithfully.

use plumb_model::call::Case;
use plumb_model::http::Request;
use plumb_model::wire::{CurlSigning, Wire};

use crate::session::Exchange;

/// The longest body that is written into a command, in bytes.
pub const CURL_BODY_BYTES_MAX: usize = 2_048;

/// The exchanges as commands for a POSIX shell; none where one of them cannot be said faithfully.
pub fn commands<'a>(
    wire: &dyn Wire,
    base_url: &str,
    region: &str,
    case: &Case,
    exchanges: impl IntoIterator<Item = &'a Exchange>,
) -> Option<String> {
    let each = exchanges.into_iter().map(|exchange| {
        let turn = case.calls.iter().find(|turn| turn.id == exchange.id);
        let signing =
            wire.curl_signing(turn.map(|turn| &turn.call), exchange.actor.as_deref(), &exchange.request, region)?;
        command(&signing, base_url, &exchange.request)
    });
    let lines: Option<Vec<String>> = each.collect();
    lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n"))
}

fn command(signing: &CurlSigning, base_url: &str, request: &Request) -> Option<String> {
    let target = std::str::from_utf8(&request.target).ok().filter(|text| text.chars().all(is_plain))?;
    if request.body.len() > CURL_BODY_BYTES_MAX {
        return None;
    }
    // curl waits for the body of an answer to `-X HEAD`, and sends no data with --head.
    let method = match request.method.as_ref() {
        "HEAD" if !request.body.is_empty() => return None,
        "HEAD" => "--head".to_owned(),
        other => format!("-X {other}"),
    };
    // --globoff and --path-as-is: what stands in the URL is sent as it stands there.
    let mut line = format!("curl -sS -i --globoff --path-as-is {method}");
    for option in &signing.options {
        line.push(' ');
        line.push_str(option);
    }
    for (name, value) in &request.headers {
        if ["host", "content-length"].contains(&name.as_ref()) || signing.headers_left_out.contains(&name.as_ref()) {
            continue;
        }
        let value = std::str::from_utf8(value).ok().filter(|text| text.chars().all(is_plain))?;
        // A name with a semicolon sends an empty value; with a colon curl would leave the field out.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        line.push_str(" -H ");
        line.push_str(&quoted(&field));
    }
    if !request.body.is_empty() {
        line = format!("printf '{}' | {line} --data-binary @-", octal(&request.body));
        // curl adds a content type of its own to data, and 7.88 signs one that was taken out all the same.
        if request.headers.get("content-type").is_none() {
            let unsigned = signing.options.is_empty();
            line.push_str(if unsigned { " -H 'content-type:'" } else { " -H 'content-type: binary/octet-stream'" });
        }
    } else if ["PUT", "POST"].contains(&request.method.as_ref()) {
        line.push_str(" -H 'content-length: 0'");
    }
    Some(format!("{line} {}", quoted(&format!("{base_url}{target}"))))
}

fn is_plain(character: char) -> bool {
    !character.is_control()
}

/// A word for a POSIX shell: nothing between single quotes has a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Every byte as an octal escape of POSIX printf.
fn octal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 4), |text, byte| text + &format!("\\{byte:03o}"))
}
