//! The queue holds up nobody, and survives.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use plumb_canary::alert::AlertState;
use plumb_canary::plan::Plan;

use crate::scene::{Ear, Sent, alert, delivery, hanging, plan, until, webhook};

const LONG: Duration = Duration::from_secs(20);

fn ids(heard: &[Sent]) -> Vec<String> {
    heard.iter().map(Sent::json).map(|own| format!("{} {}", own["id"], own["state"]).replace('"', "")).collect()
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_neither_pushes_nor_other_receivers() {
    let ((url, _listener), ear) = (hanging().await, Ear::open().await);
    let folder = tempfile::tempdir().expect("a folder");
    let delivery = delivery(&plan(&[("deaf", webhook(&url)), ("phone", webhook(&ear.url()))], None), folder.path());
    let mut slowest = Duration::ZERO;
    for number in 0..1_000 {
        let alert = alert(&format!("a{number}"), AlertState::Firing, &["deaf", "phone"]);
        let begun = Instant::now();
        delivery.push(&alert);
        slowest = slowest.max(begun.elapsed());
        // Slots have pauses between them too: the receiver that works can keep up.
        if number % 50 == 49 {
            ear.hears(number + 1).await;
        }
    }
    assert!(slowest < Duration::from_millis(250), "{slowest:?}");
    assert_eq!(ear.hears(1_000).await.len(), 1_000);
    let counts = delivery.counts();
    assert_eq!((counts["deaf"].delivered, counts["deaf"].queued, counts["deaf"].dropped), (0, 256, 744));
    assert_eq!((counts["phone"].dropped, counts["phone"].failed), (0, 0));
}

#[tokio::test]
async fn what_nobody_took_is_told_in_order_by_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = Ear::open().await;
    let address = gone.address;
    drop(gone);
    let to =
        |address: &std::net::SocketAddr| -> Plan { plan(&[("phone", webhook(&format!("http://{address}")))], None) };
    until(|| std::net::TcpStream::connect(address).is_err()).await;
    let first = delivery(&to(&address), folder.path());
    let pushed = [
        ("a", AlertState::Firing),
        ("b", AlertState::Firing),
        ("a", AlertState::Reminder),
        ("a", AlertState::Resolved),
    ];
    for (id, state) in pushed {
        first.push(&alert(id, state, &["phone"]));
    }
    until(|| first.counts()["phone"].last_error.is_some()).await;
    assert!(first.stop(LONG).await, "everything is on disk");
    let ear = Ear::at(address, StatusCode::OK).await;
    let second = delivery(&to(&address), folder.path());
    assert_eq!(ids(&ear.hears(3).await), ["a firing", "b firing", "a resolved"]);
    until(|| second.counts()["phone"].queued == 0).await;
    assert!(second.stop(LONG).await);
    let left = std::fs::read_dir(folder.path().join("phone")).expect("a folder").count();
    assert_eq!(left, 0, "nothing of it is told a third time");
}

#[tokio::test]
async fn a_receiver_that_comes_back_is_told_what_it_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = Ear::at("127.0.0.1:0".parse().expect("an address"), StatusCode::SERVICE_UNAVAILABLE).await;
    let address = broken.address;
    let delivery = delivery(&plan(&[("phone", webhook(&broken.url()))], None), folder.path());
    delivery.push(&alert("a", AlertState::Firing, &["phone"]));
    delivery.push(&alert("a", AlertState::Resolved, &["phone"]));
    broken.hears(2).await;
    assert!(ids(&broken.heard()).iter().all(|own| own == "a firing"), "no resolve overtakes its firing");
    drop(broken);
    let ear = loop {
        // The port is free once the connection that was kept open is gone.
        match tokio::net::TcpListener::bind(address).await {
            Ok(free) => {
                drop(free);
                break Ear::at(address, StatusCode::OK).await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(ids(&ear.hears(2).await), ["a firing", "a resolved"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_lies_aside() {
    let (folder, ear) = (tempfile::tempdir().expect("a folder"), Ear::open().await);
    let own = folder.path().join("phone");
    std::fs::create_dir_all(&own).expect("a folder");
    std::fs::write(own.join("00000000000000000003.json"), "{\"seq\": 3, \"pus").expect("a file");
    std::fs::write(own.join("00000000000000000004.json.part"), "").expect("a file");
    let delivery = delivery(&plan(&[("phone", webhook(&ear.url()))], None), folder.path());
    delivery.push(&alert("a", AlertState::Firing, &["phone"]));
    assert_eq!(ids(&ear.hears(1).await), ["a firing"]);
    assert_eq!(delivery.counts()["phone"].torn, 1);
    assert!(own.join("00000000000000000003.json.torn").exists());
    assert!(!own.join("00000000000000000004.json.part").exists());
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_keeps_nobody_from_being_told() {
    let (folder, ear) = (tempfile::tempdir().expect("a folder"), Ear::open().await);
    let (url, _listener) = hanging().await;
    let delivery = delivery(&plan(&[("deaf", webhook(&url)), ("phone", webhook(&ear.url()))], None), folder.path());
    // Whoever runs this may be root, whom no mode of a folder stops: a file in its place does.
    for name in ["deaf", "phone"] {
        std::fs::remove_dir_all(folder.path().join(name)).expect("a folder");
        std::fs::write(folder.path().join(name), "").expect("a file");
    }
    delivery.push(&alert("a", AlertState::Firing, &["deaf", "phone"]));
    assert_eq!(ids(&ear.hears(1).await), ["a firing"]);
    until(|| delivery.counts()["deaf"].unwritten > 0).await;
    assert!(!delivery.settled(Duration::from_millis(50)).await, "what is not on disk is not said to be");
}

#[tokio::test]
async fn names_of_receivers_are_no_paths() {
    let (folder, ear) = (tempfile::tempdir().expect("a folder"), Ear::open().await);
    let below = folder.path().join("queue");
    let delivery = delivery(&plan(&[("../../up", webhook(&ear.url()))], None), &below);
    delivery.push(&alert("a", AlertState::Firing, &["../../up"]));
    ear.hears(1).await;
    let names: Vec<String> = std::fs::read_dir(&below)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    assert!(names.len() == 1 && names[0].starts_with("receiver."), "{names:?}");
}
