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
        Self::with(home, api, &planted(plant))
    }

    /// Serves an API with more arguments.
    pub(crate) fn with(home: &Home, api: &str, more: &[&str]) -> Self {
        let running = home.start(&[&["serve", "--api", api, "--listen", "127.0.0.1:0"], more].concat());
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
        Self::s3_with(home, &planted(plant))
    }

    /// The same with these options.
    pub(crate) fn s3_with(home: &mut Home, options: &[&str]) -> Self {
        let served = Self::with(home, "s3", options);
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

    /// Makes the second built-in identity known to every process in `home` too, as the server says it.
    pub(crate) fn set_second(&self, home: &mut Home) {
        let mut variables = Vec::new();
        until("the second identity", || {
            variables = second_identity(&self.running.stdout());
            !variables.is_empty()
        });
        for (name, value) in variables {
            home.set(name, &value);
        }
    }
}

/// The options that plant a bug.
fn planted(plant: Option<&str>) -> Vec<&str> {
    plant.iter().flat_map(|plant| ["--plant", plant]).collect()
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

/// The variables in `for cases with a second identity, set NAME=value NAME=value`, once the line is whole.
fn second_identity(text: &str) -> Vec<(&'static str, String)> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let line = lines.find_map(|line| line.trim_end().strip_prefix("for cases with a second identity, set "));
    let words = line.unwrap_or_default().split(' ').filter_map(|word| word.split_once('='));
    let known = ["PLUMB_OTHER_ACCESS_KEY_ID", "PLUMB_OTHER_SECRET_ACCESS_KEY"];
    words.filter_map(|(name, value)| Some((*known.iter().find(|own| **own == name)?, value.to_owned()))).collect()
}

/// Whether a server of S3 that knows the built-in identities has a bucket of this name, whoever owns it.
pub(crate) fn bucket_exists(url: &str, name: &str) -> bool {
    let answer = send(url, &Call::new("ListObjectsV2").with("bucket", name), 0);
    match answer.get(9..12) {
        Some("200" | "403") => true,
        // Some names in a journal are none that a bucket can have.
        Some("400" | "404") => false,
        _ => panic!("{answer}"),
    }
}

/// Makes a bucket as the second built-in identity.
pub(crate) fn make_bucket_of_the_second(url: &str, name: &str) {
    let answer = send(url, &Call::new("CreateBucket").with("bucket", name), 1);
    assert_eq!(answer.get(9..12), Some("200"), "{answer}");
}

/// The answer to a call without a body that the built-in identity of this number signs.
pub(crate) fn send(url: &str, call: &Call, identity: usize) -> String {
    let actors = plugin().serve_actors.map(|actors| actors()).unwrap_or_default();
    send_as(url, call, actors.get(identity))
}

/// The answer to a call without a body that this identity signs, or nobody.
pub(crate) fn send_as(url: &str, call: &Call, actor: Option<&Actor>) -> String {
    let authority = url.trim_start_matches("http://");
    let (api, bodies) = (plumb_s3::api(), Bodies::new());
    let now_s = jiff::Timestamp::now().as_second();
    let sending = Sending { authority, region: "us-east-1", actor, now_s, bodies: &bodies };
    let request = api.wire.encode(call, &sending).expect("a request");
    let start = format!("{} ", request.method);
    let mut bytes = [start.as_bytes(), &request.target[..], b" HTTP/1.1\r\nconnection: close\r\n"].concat();
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
