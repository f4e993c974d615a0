//! What the binary must know of S3: the API, who speaks, and a real third-party server for the demo.

#[cfg(feature = "demo-server")]
pub mod demo_server;

use plumb_model::wire::Actor;
use plumb_validator::plugin::Plugin;

/// The plugin to register in `main`.
pub fn plugin() -> Plugin {
    Plugin {
        name: "s3",
        api: plumb_s3::api,
        actors_from_env: Some(actors_from_env),
        region: Some(("AWS_REGION", "us-east-1")),
        #[cfg(feature = "demo-server")]
        demo_server: Some(demo_server::start),
        #[cfg(not(feature = "demo-server"))]
        demo_server: None,
        serve_actor: Some(built_in_actor),
    }
}

/// The identity that `serve` knows unless the environment names one. It is no secret.
fn built_in_actor() -> Actor {
    Actor {
        name: "built-in".into(),
        id: "PLUMBLINEACCESSKEY".into(),
        secret: "plumbline-secret-key".into(),
        session_token: None,
    }
}

/// The variables that every AWS SDK reads.
fn actors_from_env(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Actor>, String> {
    let needed = |name: &str| variable(name).ok_or_else(|| format!("credentials are missing: {name} is not set"));
    Ok(vec![Actor {
        name: "default".into(),
        id: needed("AWS_ACCESS_KEY_ID")?,
        secret: needed("AWS_SECRET_ACCESS_KEY")?,
        session_token: variable("AWS_SESSION_TOKEN"),
    }])
}
