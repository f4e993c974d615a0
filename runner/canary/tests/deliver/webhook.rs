//! Webhooks, with their secrets.

use axum::http::StatusCode;
use plumb_canary::alert::{Alert, AlertState};
use plumb_canary::plan::{Receiver, Secret, Text};

use crate::scene::{Ear, HOSTILE, alert, delivery, plan, until, webhook};

#[tokio::test]
async fn an_alert_arrives_as_json() {
    let ear = Ear::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let delivery = delivery(&plan(&[("phone", webhook(&format!("{}/hook?a=b", ear.url())))], None), folder.path());
    let sent = alert("a1", AlertState::Firing, &["phone", "nobody"]);
    delivery.push(&sent);
    let heard = ear.hears(1).await;
    assert_eq!(
        (heard[0].path.as_str(), &heard[0].headers["content-type"]),
        ("/hook?a=b", &"application/json".parse().expect("a value"))
    );
    let read: Alert = serde_json::from_str(&heard[0].body).expect("an alert");
    assert_eq!(read, Alert { receivers: Vec::new(), ..sent });
    until(|| delivery.counts()["phone"].delivered == 1).await;
}

#[tokio::test]
async fn a_secret_is_read_for_each_alert_and_is_in_no_error() {
    let ear = Ear::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (token, url) = (folder.path().join("token"), folder.path().join("url"));
    std::fs::write(&token, "Bearer one\n").expect("a file");
    std::fs::write(&url, format!("{}/hunter2", ear.url())).expect("a file");
    let receiver = Receiver::Webhook {
        url: Text::Secret(Secret::File(url.clone())),
        template: None,
        content_type: "application/json".to_owned(),
        authorization: Some(Secret::File(token.clone())),
    };
    let delivery = delivery(&plan(&[("phone", receiver)], None), &folder.path().join("queue"));
    delivery.push(&alert("a1", AlertState::Firing, &["phone"]));
    ear.hears(1).await;
    std::fs::write(&token, "Bearer two\n").expect("a file");
    delivery.push(&alert("a2", AlertState::Firing, &["phone"]));
    let heard = ear.hears(2).await;
    let tokens: Vec<&str> = heard.iter().map(|own| own.headers["authorization"].to_str().expect("text")).collect();
    assert_eq!(tokens, ["Bearer one", "Bearer two"]);
    assert_eq!(heard[0].path, "/hunter2");
    std::fs::write(&url, "http://127.0.0.1:1/hunter2").expect("a file");
    delivery.push(&alert("a3", AlertState::Firing, &["phone"]));
    until(|| delivery.counts()["phone"].last_error.is_some()).await;
    let shown = format!("{delivery:?}");
    assert!(shown.contains("refused") && !shown.contains("hunter2") && !shown.contains("Bearer"), "{shown}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let ear = Ear::at("127.0.0.1:0".parse().expect("an address"), StatusCode::TEMPORARY_REDIRECT).await;
    let folder = tempfile::tempdir().expect("a folder");
    let delivery = delivery(&plan(&[("phone", webhook(&ear.url()))], None), folder.path());
    delivery.push(&alert("a1", AlertState::Firing, &["phone"]));
    until(|| delivery.counts()["phone"].last_error.is_some()).await;
    assert_eq!(delivery.counts()["phone"].last_error.as_deref(), Some("failed to hand it over: it answered 307"));
    assert!(ear.heard().iter().all(|own| own.path == "/"));
}

#[tokio::test]
async fn hostile_text_stays_text_within_a_template() {
    let ear = Ear::open().await;
    let folder = tempfile::tempdir().expect("a folder");
    let template = r#"{"text": "{{summary}}", "ids": ["{{request_ids}}"], "since": {{since_ms}}, "all": {{alert}}}"#;
    let receiver = Receiver::Webhook {
        url: Text::Open(ear.url()),
        template: Some(template.to_owned()),
        content_type: "application/json; charset=utf-8".to_owned(),
        authorization: None,
    };
    let delivery = delivery(&plan(&[("phone", receiver)], None), folder.path());
    let mut sent = alert("a1", AlertState::Firing, &["phone"]);
    sent.summary = HOSTILE.to_owned();
    sent.request_ids = vec![HOSTILE.to_owned()];
    delivery.push(&sent);
    let body = ear.hears(1).await[0].json();
    assert_eq!(
        (&body["text"], &body["ids"][0], &body["all"]["summary"]),
        (&HOSTILE.into(), &HOSTILE.into(), &HOSTILE.into())
    );
    assert_eq!((body["since"].as_i64(), body.as_object().map(serde_json::Map::len)), (Some(sent.since_ms), Some(4)));
}
