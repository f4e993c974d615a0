//! Who speaks to S3: the environment and the shared files, in the order and the forms of the AWS SDKs.

mod ini;
mod profile;

use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::plugin::{CredentialForms, FromEnv, ProcessFields};

/// What a `credential_process` prints. Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
const PROCESS: ProcessFields = ProcessFields {
    version: Some(("Version", 1)),
    id: "AccessKeyId",
    secret: "SecretAccessKey",
    session_token: "SessionToken",
    expires: "Expiration",
};

/// How AWS hands credentials over.
pub(crate) const FORMS: CredentialForms = CredentialForms { process: PROCESS, profile: Some(profile::read) };

/// How the variables of an identity start: those that every AWS SDK reads, and ours for the second identity.
const fn prefix(is_second: bool) -> &'static str {
    if is_second { "PLUMB_OTHER" } else { "AWS" }
}

/// What a shell is told so that [`from_env`] finds an identity.
pub(crate) fn variables(actor: &Actor) -> String {
    let start = prefix(actor.name == SECOND_ACTOR);
    format!("{start}_ACCESS_KEY_ID={} {start}_SECRET_ACCESS_KEY={}", actor.id, actor.secret)
}

/// What the environment says: keys before a profile, as in the SDKs. The first identity is that of the profile
/// `default` where nothing is said; the second is there where one of its variables is.
pub(crate) fn from_env(variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<FromEnv>, String> {
    let mut found = vec![match keys("default", variable)? {
        Some(actor) => FromEnv::Actor(actor),
        None => in_profile("default", variable("AWS_PROFILE").unwrap_or_else(|| "default".into())),
    }];
    let second = match keys(SECOND_ACTOR, variable)? {
        Some(actor) => Some(FromEnv::Actor(actor)),
        None => variable("PLUMB_OTHER_PROFILE").map(|profile| in_profile(SECOND_ACTOR, profile)),
    };
    found.extend(second);
    Ok(found)
}

fn in_profile(actor: &str, profile: String) -> FromEnv {
    let because = format!("{}_ACCESS_KEY_ID is not set", prefix(actor == SECOND_ACTOR));
    FromEnv::Profile { actor: actor.into(), profile, because }
}

/// The keys of an identity; none where neither of the two is set.
fn keys(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Actor>, String> {
    let start = prefix(name == SECOND_ACTOR);
    let read = |end: &str| variable(&format!("{start}_{end}"));
    let missing = |end: &str| Err(format!("credentials are missing: {start}_{end} is not set"));
    match (read("ACCESS_KEY_ID"), read("SECRET_ACCESS_KEY")) {
        (None, None) => Ok(None),
        (None, Some(_)) => missing("ACCESS_KEY_ID"),
        (Some(_), None) => missing("SECRET_ACCESS_KEY"),
        (Some(id), Some(secret)) => {
            Ok(Some(Actor { name: name.into(), id, secret, session_token: read("SESSION_TOKEN") }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is found, by name and by key or profile, where these variables are set to their names in small letters.
    fn read(set: &[&str]) -> Result<Vec<(String, String)>, String> {
        let variable = |name: &str| set.contains(&name).then(|| name.to_lowercase());
        let told = |found| match found {
            FromEnv::Actor(actor) => (actor.name, actor.id),
            FromEnv::Profile { actor, profile, .. } => (actor, profile),
        };
        Ok(from_env(&variable)?.into_iter().map(told).collect())
    }

    const FIRST: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

    #[track_caller]
    fn check(set: &[&str], expected: &[(&str, &str)]) {
        let expected = expected.iter().map(|(name, found)| ((*name).to_owned(), (*found).to_owned()));
        assert_eq!(read(set), Ok(expected.collect()));
    }

    #[test]
    fn keys_come_before_a_profile_and_a_named_profile_before_the_default_one() {
        check(&FIRST, &[("default", "aws_access_key_id")]);
        check(&[&FIRST[..], &["AWS_PROFILE"]].concat(), &[("default", "aws_access_key_id")]);
        check(&["AWS_PROFILE"], &[("default", "aws_profile")]);
        check(&[], &[("default", "default")]);
    }

    #[test]
    fn the_second_identity_is_read_where_it_is_set() {
        let both = [&FIRST[..], &["PLUMB_OTHER_ACCESS_KEY_ID", "PLUMB_OTHER_SECRET_ACCESS_KEY"]].concat();
        check(&both, &[("default", "aws_access_key_id"), ("other", "plumb_other_access_key_id")]);
        check(&["PLUMB_OTHER_PROFILE"], &[("default", "default"), ("other", "plumb_other_profile")]);
    }

    #[test]
    fn half_an_identity_is_refused() {
        let missing = |name: &str| Err(format!("credentials are missing: {name} is not set"));
        assert_eq!(read(&["AWS_ACCESS_KEY_ID"]), missing("AWS_SECRET_ACCESS_KEY"));
        assert_eq!(read(&["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]), missing("AWS_ACCESS_KEY_ID"));
        let half = [&FIRST[..], &["PLUMB_OTHER_SECRET_ACCESS_KEY"]].concat();
        assert_eq!(read(&half), missing("PLUMB_OTHER_ACCESS_KEY_ID"));
    }

    #[test]
    fn what_serve_tells_a_shell_is_what_is_read() {
        let built_in = crate::built_in_actors();
        let text = built_in.iter().map(variables).collect::<Vec<_>>().join(" ");
        let variable = |name: &str| {
            let mut words = text.split(' ').filter_map(|word| word.split_once('='));
            words.find(|(own, _)| *own == name).map(|(_, value)| value.to_owned())
        };
        let found = from_env(&variable).expect("both identities");
        let ids = built_in.into_iter().map(|actor| (actor.id, actor.secret)).collect::<Vec<_>>();
        let read = found.into_iter().filter_map(|found| match found {
            FromEnv::Actor(actor) => Some((actor.id, actor.secret)),
            FromEnv::Profile { .. } => None,
        });
        assert_eq!(read.collect::<Vec<_>>(), ids);
    }
}
