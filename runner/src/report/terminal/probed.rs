//! The table of `plumb probe`.

use anstyle::Style;

use super::canvas::{Canvas, Cell, DIM, PLAIN, RIGHT, UNCLEAR, WRONG, cell};
use crate::events::{Checked, Has};
use crate::report::outcome;
use crate::report::probed::Probed;
use crate::report::words::{cut, duration, number, safe};

/// The longest reason that is printed, in characters.
const WHY_CHARACTERS_MAX: usize = 300;

/// The report as text, with the escapes for colours or without any.
pub fn text(probed: &Probed, colours: bool) -> String {
    let mut canvas = Canvas::new(colours);
    let what =
        format!("plumb {} · {} ({}) at {}", env!("CARGO_PKG_VERSION"), probed.api, probed.flavour, probed.endpoint);
    canvas.wrapped(0, DIM, &safe(&what));
    canvas.blank();
    let titles = ["operation", "capability", "result", "answer"].map(|title| cell(DIM, title));
    let mut rows = vec![titles.into_iter().collect::<Vec<_>>()];
    let before = std::iter::once(None).chain(probed.checked.iter().map(Some));
    rows.extend(probed.checked.iter().zip(before).map(|(checked, before)| row(checked, before)));
    canvas.table(0, 0, &rows);
    canvas.blank();
    if let Some(early) = &probed.early {
        canvas.wrapped(0, UNCLEAR, &format!("Ended early: {}.", safe(early)));
    }
    if let Some(leftovers) = outcome::leftovers(&probed.resources_left) {
        canvas.wrapped(0, UNCLEAR, &leftovers);
    }
    let sums = [Has::Works, Has::NotImplemented, Has::Unclear, Has::NotProbed]
        .map(|has| format!("{} {}", number(probed.count(has)), has.words()));
    canvas.pieces(&[(PLAIN, &format!("{} · {}", sums.join(" · "), duration(probed.duration_ms)))]);
    canvas.into_text()
}

/// A line; a reason that the one before has too is not said again.
fn row(checked: &Checked, before: Option<&Checked>) -> Vec<Cell> {
    let long = checked.why.contains(' ') && before.is_some_and(|before| before.why == checked.why);
    let capability = match (&checked.capability, &checked.argument) {
        (Some(capability), Some(argument)) => format!("{capability}: {argument}"),
        (capability, _) => capability.clone().unwrap_or_default(),
    };
    vec![
        cell(PLAIN, cut(checked.operation.as_deref().unwrap_or("–"), 60)),
        cell(PLAIN, safe(&capability)),
        cell(style(checked.result), checked.result.words()),
        cell(DIM, if long { "as above".to_owned() } else { cut(&checked.why, WHY_CHARACTERS_MAX) }),
    ]
}

const fn style(has: Has) -> Style {
    match has {
        Has::Works => RIGHT,
        Has::NotImplemented => WRONG,
        Has::Unclear => UNCLEAR,
        Has::NotProbed => DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(operation: &str, of: Option<(&str, &str)>, result: Has, why: &str) -> Checked {
        Checked {
            operation: (!operation.is_empty()).then(|| operation.to_owned()),
            capability: of.map(|(capability, _)| capability.to_owned()),
            argument: of.map(|(_, argument)| argument.to_owned()).filter(|argument| !argument.is_empty()),
            result,
            why: why.to_owned(),
        }
    }

    #[test]
    fn a_probed_target_reads_like_this() {
        let writes = |argument| Some(("conditional writes", argument));
        let probed = Probed {
            api: "kv".into(),
            flavour: "standard".into(),
            target: "staging".into(),
            endpoint: "http://127.0.0.1:8080".into(),
            checked: vec![
                line("Put", None, Has::Works, "201"),
                line("Put", writes("if-match"), Has::NotImplemented, "501 \u{1b}[31mnot_here"),
                line("Get", None, Has::Unclear, "answered 500, expected 200"),
                line("Delete", None, Has::NotProbed, "the call deletes, and the target's safety level is read-only"),
                line("", Some(("signatures", "")), Has::Works, "Get wrong-secret: 403, Put wrong-secret: 403"),
            ],
            early: Some("interrupted".into()),
            resources_left: vec![("key".into(), "plumb-x-1".into())],
            duration_ms: 412,
        };
        insta::assert_snapshot!(text(&probed, false), @r"
        plumb 0.1.0 · kv (standard) at http://127.0.0.1:8080

        operation  capability                    result           answer
        Put                                      works            201
        Put        conditional writes: if-match  not implemented  501 \u{1b}[31mnot_here
        Get                                      unclear          answered 500, expected 200
        Delete                                   not probed       the call deletes, and the target's safety
                                                                  level is read-only
        –          signatures                    works            Get wrong-secret: 403, Put wrong-secret:
                                                                  403

        Ended early: interrupted.
        1 resource could not be removed (key plumb-x-1): `plumb sweep` removes what runs leave behind.
        2 works · 1 not implemented · 1 unclear · 1 not probed · 412 ms
        ");
    }
}
