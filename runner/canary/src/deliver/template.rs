//! The body of a webhook: text with `{{fields}}`, whose values can never be taken for anything but text.

use url::form_urlencoded::byte_serialize;

use crate::alert::{Alert, blank, moment};

/// The most bytes of a template.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;

/// A field: its name, whether it is a number or JSON that stands alone, and its value.
type Field = (&'static str, Shape, fn(&Alert) -> String);

/// Where a value may stand in a body of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Within quotes only.
    Text,
    /// Anywhere.
    Number,
    /// Outside of quotes only; in other bodies as it is.
    Json,
}

/// How values are made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    Json,
    Form,
    Markup,
    Line,
}

/// Why a template is none, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// The byte of the template at which it is wrong.
    pub offset: usize,
    /// What is wrong, and what would not be.
    pub message: String,
}

/// A body with places for the values of an alert.
#[derive(Debug, Clone)]
pub struct Template {
    escape: Escape,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Field(&'static Field),
}

static TABLE: [Field; 26] = [
    ("id", Shape::Text, |own| own.id.clone()),
    ("state", Shape::Text, |own| own.state.word().to_owned()),
    ("severity", Shape::Text, |own| own.severity.clone()),
    ("region", Shape::Text, |own| own.region.clone()),
    ("target", Shape::Text, |own| own.target.clone()),
    ("rules", Shape::Text, |own| own.rules.join(", ")),
    ("watches", Shape::Text, |own| names(&own.watches)),
    ("inhibited", Shape::Text, |own| names(&own.inhibited)),
    ("axis", Shape::Text, |own| own.axis.map_or("", crate::slot::Axis::word).to_owned()),
    ("summary", Shape::Text, |own| own.summary.clone()),
    ("sums", Shape::Text, |own| own.sums.join("; ")),
    ("place", Shape::Text, |own| own.place.clone().unwrap_or_default()),
    ("since", Shape::Text, |own| moment(own.since_ms)),
    ("first_seen", Shape::Text, |own| moment(own.first_ms)),
    ("last_seen", Shape::Text, |own| moment(own.last_ms)),
    ("since_ms", Shape::Number, |own| own.since_ms.to_string()),
    ("at_ms", Shape::Number, |own| own.at_ms.to_string()),
    ("request_ids", Shape::Text, |own| own.request_ids.join(", ")),
    ("traceparent", Shape::Text, |own| own.traceparent.clone().unwrap_or_default()),
    ("findings", Shape::Text, |own| own.findings.join(", ")),
    ("version", Shape::Text, |own| own.version.clone().unwrap_or_default()),
    ("owners", Shape::Text, |own| own.owners.join(", ")),
    ("runbooks", Shape::Text, |own| own.runbooks.join(" ")),
    ("replay", Shape::Text, |own| own.replay.clone().unwrap_or_default()),
    ("links", Shape::Text, |own| own.links.join(" ")),
    ("alert", Shape::Json, |own| serde_json::to_string(own).unwrap_or_default()),
];

/// The names of all fields.
pub fn fields() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, ..)| *name)
}

impl Template {
    /// Reads a template for a body of this type. Values are escaped as it demands: within strings of JSON, as a form,
    /// as XML or HTML, or else as one line of text.
    pub fn parse(text: &str, content_type: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("a template has at most {TEMPLATE_BYTES_MAX} bytes, and this one has {}", text.len());
            return Err(TemplateError { offset: TEMPLATE_BYTES_MAX, message });
        }
        let escape = Escape::of(content_type);
        let (mut parts, mut at, mut quoted) = (Vec::new(), 0, Quoted::default());
        while let Some(open) = text[at..].find("{{").map(|found| at + found) {
            quoted.read(&text[at..open]);
            parts.push(Part::Text(text[at..open].to_owned()));
            let Some(close) = text[open..].find("}}").map(|found| open + found) else {
                return Err(TemplateError { offset: open, message: "this field has no end: }}".to_owned() });
            };
            let field = field(text[open + 2..close].trim(), open)?;
            if escape == Escape::Json {
                stands_well(field, quoted.inside, open)?;
            }
            parts.push(Part::Field(field));
            at = close + 2;
        }
        parts.push(Part::Text(text[at..].to_owned()));
        let own = Self { escape, parts };
        if escape == Escape::Json { own.checked(text) } else { Ok(own) }
    }

    /// The body for an alert.
    pub fn fill(&self, alert: &Alert) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field((_, Shape::Json, value)) if self.escape == Escape::Json => value(alert),
            Part::Field((_, _, value)) => self.escape.apply(&value(alert)),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether it is JSON once it is filled in.
    fn checked(self, text: &str) -> Result<Self, TemplateError> {
        match serde_json::from_str::<serde::de::IgnoredAny>(&self.fill(&sample())) {
            Ok(_) => Ok(self),
            Err(error) => {
                let message = format!("this is no JSON once its fields are filled in: {error}");
                Err(TemplateError { offset: text.len().saturating_sub(1).min(self.offset_of(&error)), message })
            }
        }
    }

    /// Where in the template an error is that was found in the body.
    fn offset_of(&self, error: &serde_json::Error) -> usize {
        let body = self.fill(&sample());
        let line: usize = body.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let (mut wanted, mut offset) = (line + error.column().saturating_sub(1), 0);
        for part in &self.parts {
            let (own, filled) = match part {
                Part::Text(text) => (text.len(), text.len()),
                Part::Field(field) => {
                    let one = Self { escape: self.escape, parts: vec![Part::Field(field)] };
                    (field.0.len() + "{{}}".len(), one.fill(&sample()).len())
                }
            };
            if wanted < filled {
                return offset + wanted.min(own);
            }
            wanted -= filled;
            offset += own;
        }
        offset
    }
}

impl Escape {
    fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            own if own.ends_with("json") => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            own if own.ends_with("xml") || own.ends_with("html") => Self::Markup,
            _ => Self::Line,
        }
    }

    fn apply(self, value: &str) -> String {
        match self {
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Form => byte_serialize(value.as_bytes()).collect(),
            Self::Markup => value.chars().map(markup).collect(),
            Self::Line => value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect(),
        }
    }
}

fn markup(letter: char) -> String {
    match letter {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    }
}

/// An alert that says nothing: whether a template is JSON does not depend on what is filled in.
fn sample() -> Alert {
    blank("", String::new(), "", "", 0)
}

/// Whether a reader of JSON is within a string.
#[derive(Default)]
struct Quoted {
    inside: bool,
    escaped: bool,
}

impl Quoted {
    fn read(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                _ if self.escaped => self.escaped = false,
                '\\' if self.inside => self.escaped = true,
                '"' => self.inside = !self.inside,
                _ => {}
            }
        }
    }
}

fn field(name: &str, offset: usize) -> Result<&'static Field, TemplateError> {
    TABLE.iter().find(|(own, ..)| *own == name).ok_or_else(|| {
        let message = format!("there is no field {name:?}: the fields are {}", fields().collect::<Vec<_>>().join(", "));
        TemplateError { offset, message }
    })
}

fn stands_well(field: &Field, inside: bool, offset: usize) -> Result<(), TemplateError> {
    let message = match (field.1, inside) {
        (Shape::Text, false) => format!("{} is text, and stands within quotes: \"{{{{{0}}}}}\"", field.0),
        (Shape::Json, true) => format!("{} is JSON of its own, and stands outside of quotes", field.0),
        _ => return Ok(()),
    };
    Err(TemplateError { offset, message })
}

fn names(watches: &[crate::slot::Watch]) -> String {
    watches.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
