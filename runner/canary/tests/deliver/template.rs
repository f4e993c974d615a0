//! Templates: what is wrong with them is said with its place, and no value gets out of its place.

use plumb_canary::alert::{Alert, AlertState};
use plumb_canary::deliver::{TEMPLATE_BYTES_MAX, Template, fields};
use proptest::prelude::*;

use crate::scene::{HOSTILE, alert};

const JSON: &str = "application/json";

fn refused(text: &str, content_type: &str, offset: usize, wanted: &str) {
    let error = Template::parse(text, content_type).expect_err("a refusal");
    assert!(error.offset == offset && error.message.contains(wanted), "{text}: {error:?}");
}

#[test]
fn a_template_that_is_none_is_refused_with_its_place() {
    refused(r#"{"a": "{{sumary}}"}"#, JSON, 7, "there is no field \"sumary\": the fields are id, state, severity,");
    refused(r#"{"a": "{{}}"}"#, JSON, 7, "there is no field \"\"");
    refused(r#"{"a": "{{id"}"#, JSON, 7, "no end");
    refused(r#"{"a": {{summary}}}"#, JSON, 6, "summary is text, and stands within quotes: \"{{summary}}\"");
    refused(r#"{"a": "\"{{id}}", "b": {{id}}}"#, JSON, 23, "within quotes");
    refused(r#"{"a": "{{alert}}"}"#, JSON, 7, "outside of quotes");
    refused(r#"{"a": "{{id}}" "b": 1}"#, JSON, 15, "no JSON");
    refused(r#"{"a": "{{id}}","#, JSON, 14, "no JSON");
    refused("plain {{nothing}}", "text/plain", 6, "there is no field");
    refused(&" ".repeat(TEMPLATE_BYTES_MAX + 1), "text/plain", TEMPLATE_BYTES_MAX, "at most");
}

#[test]
fn each_field_can_be_filled_in() {
    let own = alert("a1", AlertState::Firing, &[]);
    for field in fields() {
        let text = Template::parse(&format!("<{{{{ {field} }}}}>"), "text/plain").expect("a template").fill(&own);
        assert!(text.len() > 2, "{field}: {text}");
    }
}

#[test]
fn values_are_escaped_as_the_body_demands() {
    let own = Alert { summary: "<a> & \"b\"\n=c".to_owned(), ..alert("a1", AlertState::Resolved, &[]) };
    let check = |content_type: &str, text: &str, wanted: &str| {
        assert_eq!(Template::parse(text, content_type).expect("a template").fill(&own), wanted, "{content_type}");
    };
    check(JSON, r#"["{{summary}}"]"#, r#"["<a> & \"b\"\n=c"]"#);
    check("application/vnd.api+json", r#"["{{state}}"]"#, r#"["resolved"]"#);
    check("application/x-www-form-urlencoded", "text={{summary}}&id={{id}}", "text=%3Ca%3E+%26+%22b%22%0A%3Dc&id=a1");
    check("text/html", "<p>{{summary}}</p>", "<p>&lt;a&gt; &amp; &quot;b&quot;\n=c</p>");
    check("text/plain", "{{summary}} {{ severity }} {not a field}", "<a> & \"b\" =c page {not a field}");
}

#[test]
fn hostile_text_breaks_out_of_nothing() {
    let own = Alert { summary: HOSTILE.to_owned(), ..alert("a1", AlertState::Firing, &[]) };
    let fill = |text: &str, kind: &str| Template::parse(text, kind).expect("a template").fill(&own);
    let form = fill("text={{summary}}&end=1", "application/x-www-form-urlencoded");
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!(pairs, [("text".to_owned(), HOSTILE.to_owned()), ("end".to_owned(), "1".to_owned())]);
    assert_eq!(fill("{{summary}}", "text/plain").lines().count(), 1);
    assert!(!fill("{{summary}}", "text/html").contains(['<', '"', '\'']));
}

proptest! {
    #[test]
    fn whatever_a_server_says_a_body_of_json_stays_what_it_was(text in any::<String>()) {
        let template = Template::parse(r#"{"a\"": "x {{summary}} y", "b": ["{{summary}}"]}"#, JSON).expect("a template");
        let body = template.fill(&Alert { summary: text.clone(), ..alert("a1", AlertState::Firing, &[]) });
        let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        prop_assert_eq!(read, serde_json::json!({ "a\"": format!("x {text} y"), "b": [text] }));
    }
}
