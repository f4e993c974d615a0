//! The model behind a port, in a process of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::wire::{Actor, Sending};
use plumb_s3_plugin::plugin;

use super::{Home, Running, until};

/// A running `plumb serve`.
pub(crate) struct Served {
    running: Running,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
}

impl Served {
    /// Serves an API, with a planted bug where one is named.
    pub(crate) fn new(home: &Home, api: &str, plant: Option<&str>) -> Self {
        let mut arguments = vec!["serve", "--api", api, "--listen", "127.0.0.1:0"];
        arguments.extend(plant.iter().flat_map(|plant| ["--plant", plant]));
        let running = home.start(&arguments);
        let mut url = None;
        until("the server's address", || {
            url = address(&running.stdout());
            url.is_some()
        });
        Self { running, url: url.expect("an address") }
    }

    /// The tutorial API without bugs.
    pub(crate) fn kv(home: &Home) -> Self {
        Self::new(home, "kv", None)
    }

    /// Serves S3, and makes its built-in identity that of every process in `home` from now on.
    pub(crate) fn s3(home: &mut Home, plant: Option<&str>) -> Self {
        let served = Self::new(home, "s3", plant);
        let mut keys = None;
        until("the built-in identity", || {
            keys = identity(&served.running.stdout());
            keys.is_some()
        });
        let (id, secret) = keys.expect("an identity");
        home.set("AWS_ACCESS_KEY_ID", &id);
        home.set("AWS_SECRET_ACCESS_KEY", &secret);
        served
    }
}

/// The address in `the model of kv listens at http://127.0.0.1:4711`, once the line is whole.
fn address(text: &str) -> Option<String> {
    let line = text.split_inclusive('\n').find(|line| line.ends_with('\n'))?;
    Some(line.trim_end().rsplit_once(" at ")?.1.to_owned())
}

/// The words of `access key A, secret key S`, once the line is whole.
pub(crate) fn identity(text: &str) -> Option<(String, String)> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let words = lines.find_map(|line| line.trim_end().strip_prefix("access key "))?;
    let (id, secret) = words.split_once(", secret key ")?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Whether a server of S3 that knows the built-in identity has a bucket of this name.
pub(crate) fn bucket_exists(url: &str, name: &str) -> bool {
    let answer = listing(url, name, plugin().serve_actors.and_then(|actors| actors().into_iter().next()).as_ref());
    match answer.get(9..12) {
        Some("200") => true,
        // Some names in a journal are none that a bucket can have.
        Some("400" | "404") => false,
        _ => panic!("{answer}"),
    }
}

/// The answer to a signed listing of a bucket.
fn listing(url: &str, name: &str, actor: Option<&Actor>) -> String {
    let authority = url.trim_start_matches("http://");
    let (api, bodies) = (plumb_s3::api(), Bodies::new());
    let now_s = jiff::Timestamp::now().as_second();
    let sending = Sending { authority, region: "us-east-1", actor, now_s, bodies: &bodies };
    let request = api.wire.encode(&Call::new("ListObjectsV2").with("bucket", name), &sending).expect("a request");
    let mut bytes = [b"GET ", &request.target[..], b" HTTP/1.1\r\nconnection: close\r\n"].concat();
    for (field, value) in &request.headers {
        bytes.extend([field.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    let mut stream = TcpStream::connect(authority).expect("the server listens");
    stream.write_all(&bytes).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
