//! What the binary must know of an API: one value per API, registered in `main`.

use std::fmt;
use std::path::Path;

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

/// Tells what the environment says of the identities of an API, of the first and, where it is there, of the second;
/// `variable` looks one up. An error tells what is missing.
pub type ActorsFromEnv = fn(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<FromEnv>, String>;

/// What the environment says of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromEnv {
    /// All that it takes.
    Actor(Actor),
    /// A profile has it.
    Profile {
        /// The name that cases use.
        actor: String,
        /// The profile.
        profile: String,
        /// Why it is looked for there: `KEY_ID is not set`.
        because: String,
    },
}

/// What proves an identity. Nothing of it but the identifier shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The public identifier.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// The token of a session, where there is one.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.session_token.as_ref().map(|_| "***");
        formatter
            .debug_struct("Keys")
            .field("id", &self.id)
            .field("secret", &"***")
            .field("session_token", &token)
            .finish()
    }
}

/// How the tools around an API hand credentials over.
#[derive(Debug, Clone, Copy)]
pub struct CredentialForms {
    /// The JSON that a process prints.
    pub process: ProcessFields,
    /// Reads a profile; none where the API has none.
    pub profile: Option<ReadProfile>,
}

impl CredentialForms {
    /// For an API without forms of its own.
    pub const NEUTRAL: Self = Self { process: ProcessFields::NEUTRAL, profile: None };
}

/// The names of the fields in the JSON object that a process prints to hand credentials over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessFields {
    /// The version of the format and what it must be; none where it has no version.
    pub version: Option<(&'static str, u64)>,
    /// The public identifier, a text.
    pub id: &'static str,
    /// The secret, a text.
    pub secret: &'static str,
    /// The token of a session, a text; it may be missing.
    pub session_token: &'static str,
    /// When they expire (RFC 3339); where it is missing they never do.
    pub expires: &'static str,
}

impl ProcessFields {
    /// For an API without a format of its own.
    pub const NEUTRAL: Self =
        Self { version: None, id: "id", secret: "secret", session_token: "session_token", expires: "expires" };
}

/// Reads the profile of this name. It does no I/O but by `around`, so that what it has read can be read again.
pub type ReadProfile = fn(name: &str, around: &Surroundings<'_>) -> Result<Profile, NoProfile>;

/// Where profiles are looked for.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The value of an environment variable that is not empty.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file; none where there is no such file. An error names the file.
    pub file: &'a dyn Fn(&Path) -> Result<Option<String>, String>,
}

/// What a profile says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Where its credentials are.
    pub source: ProfileSource,
    /// Its region.
    pub region: Option<String>,
}

/// Where the credentials of a profile are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileSource {
    /// In the profile.
    Keys(Keys),
    /// A process prints them: the words of a command, which no shell reads.
    Process(Vec<String>),
}

/// Why a profile gives no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoProfile {
    /// What is wrong, and where.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// An API with all that the binary needs to offer it.
#[derive(Clone, Copy)]
pub struct Plugin {
    /// The name of the API, as in `--api`.
    pub name: &'static str,
    /// Builds the API.
    pub api: fn() -> Api,
    /// Where credentials come from, for APIs that need them.
    pub actors_from_env: Option<ActorsFromEnv>,
    /// How credentials are handed over, besides by variables and files with one value each.
    pub credentials: CredentialForms,
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
