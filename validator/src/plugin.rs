//! What the binary must know of an API: one value per API, registered in `main`.

use plumb_model::api::Api;
use plumb_model::traffic::LogFormat;
use plumb_model::wire::Actor;

/// Where the demo's server listens and who may speak to it.
pub trait DemoServer: Send {
    /// Its endpoint: `http://127.0.0.1:9000`.
    fn endpoint(&self) -> String;
    /// The one identity it knows.
    fn actor(&self) -> Actor;
}

/// Starts the demo's server on loopback.
pub type StartDemo = fn() -> Result<Box<dyn DemoServer>, std::io::Error>;

/// Reads the identities of an API from the environment, the first and, where it is there, the second; `variable`
/// looks one up. An error tells what is missing.
pub type ActorsFromEnv = fn(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Actor>, String>;

/// An API with all that the binary needs to offer it.
#[derive(Clone, Copy)]
pub struct Plugin {
    /// The name of the API, as in `--api`.
    pub name: &'static str,
    /// Builds the API.
    pub api: fn() -> Api,
    /// Where credentials come from, for APIs that need them.
    pub actors_from_env: Option<ActorsFromEnv>,
    /// The environment variable that names the region, and the region where it is not set.
    pub region: Option<(&'static str, &'static str)>,
    /// A real third-party server for the demo.
    pub demo_server: Option<StartDemo>,
    /// The identities that `serve` knows unless the environment names them: the first, and the second.
    pub serve_actors: Option<fn() -> Vec<Actor>>,
    /// What a shell is told so that `actors_from_env` finds an identity: `NAME=value`, once for each variable.
    pub variables: Option<fn(&Actor) -> String>,
    /// A file in the folder of its steps, as `file!()` tells it there; none where it has no phrases of its own.
    pub steps: Option<&'static str>,
    /// The features that come with it: path and text of each.
    pub features: &'static [(&'static str, &'static str)],
    /// The log formats of its own that `learn` reads besides those that every API has.
    pub log_formats: &'static [LogFormat],
}
