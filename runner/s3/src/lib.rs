//! What the binary must know of S3: the API, who speaks, and a real third-party server for the demo.

mod access_log;
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
        actors_from_env: Some(actors_from_env),
        region: Some(("AWS_REGION", "us-east-1")),
        #[cfg(feature = "demo-server")]
        demo_server: Some(demo_server::start),
        #[cfg(not(feature = "demo-server"))]
        demo_server: None,
        serve_actors: Some(built_in_actors),
        variables: Some(variables),
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

/// How the variables of an identity start: those that every AWS SDK reads, and ours for the second identity.
const fn prefix(is_second: bool) -> &'static str {
    if is_second { "PLUMB_OTHER" } else { "AWS" }
}

fn variables(actor: &Actor) -> String {
    let start = prefix(actor.name == SECOND_ACTOR);
    format!("{start}_ACCESS_KEY_ID={} {start}_SECRET_ACCESS_KEY={}", actor.id, actor.secret)
}

/// The second identity is there where one of its variables is.
fn actors_from_env(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Actor>, String> {
    let mut actors = vec![actor_from_env("default", variable)?];
    let start = prefix(true);
    if ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"].iter().any(|end| variable(&format!("{start}_{end}")).is_some()) {
        actors.push(actor_from_env(SECOND_ACTOR, variable)?);
    }
    Ok(actors)
}

fn actor_from_env(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Actor, String> {
    let start = prefix(name == SECOND_ACTOR);
    let needed = |end: &str| {
        let name = format!("{start}_{end}");
        variable(&name).ok_or_else(|| format!("credentials are missing: {name} is not set"))
    };
    Ok(Actor {
        name: name.into(),
        id: needed("ACCESS_KEY_ID")?,
        secret: needed("SECRET_ACCESS_KEY")?,
        session_token: variable(&format!("{start}_SESSION_TOKEN")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[&str]) -> Result<Vec<(String, String)>, String> {
        let variable = |name: &str| set.contains(&name).then(|| name.to_lowercase());
        Ok(actors_from_env(&variable)?.into_iter().map(|actor| (actor.name, actor.id)).collect())
    }

    #[test]
    fn the_second_identity_is_read_where_it_is_set() {
        let first = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let own = ("default".to_owned(), "aws_access_key_id".to_owned());
        assert_eq!(read(&first), Ok(vec![own.clone()]));
        let both = [&first[..], &["PLUMB_OTHER_ACCESS_KEY_ID", "PLUMB_OTHER_SECRET_ACCESS_KEY"]].concat();
        let other = ("other".to_owned(), "plumb_other_access_key_id".to_owned());
        assert_eq!(read(&both), Ok(vec![own, other]));
    }

    #[test]
    fn half_an_identity_is_refused() {
        let missing = |name: &str| Err(format!("credentials are missing: {name} is not set"));
        assert_eq!(read(&["AWS_ACCESS_KEY_ID"]), missing("AWS_SECRET_ACCESS_KEY"));
        let half = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PLUMB_OTHER_SECRET_ACCESS_KEY"];
        assert_eq!(read(&half), missing("PLUMB_OTHER_ACCESS_KEY_ID"));
    }

    #[test]
    fn what_serve_tells_a_shell_is_what_is_read() {
        let text = built_in_actors().iter().map(variables).collect::<Vec<_>>().join(" ");
        let variable = |name: &str| {
            let mut words = text.split(' ').filter_map(|word| word.split_once('='));
            words.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
        };
        let ids = |actors: Vec<Actor>| actors.into_iter().map(|actor| (actor.id, actor.secret)).collect::<Vec<_>>();
        assert_eq!(actors_from_env(&variable).map(ids), Ok(ids(built_in_actors())));
    }
}
