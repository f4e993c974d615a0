//! What the binary must know of S3: the API, who speaks, and a real third-party server for the demo.

mod access_log;
mod credentials;
#[cfg(feature = "demo-server")]
pub mod demo_server;
mod features;

use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::plugin::Plugin;

/// The plugin to register in `main`.
pub fn plugin() -> Plugin {
    Plugin {
        name: "s3",
        api: plumb_s3::api,
        actors_from_env: Some(credentials::from_env),
        credentials: credentials::FORMS,
        region: Some(("AWS_REGION", "us-east-1")),
        #[cfg(feature = "demo-server")]
        demo_server: Some(demo_server::start),
        #[cfg(not(feature = "demo-server"))]
        demo_server: None,
        serve_actors: Some(built_in_actors),
        variables: Some(credentials::variables),
        steps: Some(plumb_s3_steps::source().file),
        features: features::FEATURES,
        log_formats: &[access_log::ACCESS_LOG],
    }
}

/// The identities that `serve` knows unless the environment names them. They are no secret.
fn built_in_actors() -> Vec<Actor> {
    let actor = |name: &str, id: &str, secret: &str| Actor {
        name: name.into(),
        id: id.into(),
        secret: secret.into(),
        session_token: None,
    };
    vec![
        actor("built-in", "PLUMBLINEACCESSKEY", "plumbline-secret-key"),
        actor(SECOND_ACTOR, "PLUMBLINEOTHERKEY", "plumbline-other-secret"),
    ]
}
