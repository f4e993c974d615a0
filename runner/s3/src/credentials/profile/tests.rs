use std::cell::RefCell;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A home folder with these files, and these variables besides `HOME`.
fn read_with(variables: &[(&str, &str)], files: &[(&str, &str)], name: &str) -> Result<Profile, NoProfile> {
    let variable = |wanted: &str| {
        let all = variables.iter().chain(&[("HOME", "/home/me")]);
        all.clone().find(|(own, _)| *own == wanted).map(|(_, value)| (*value).to_owned())
    };
    let file = |wanted: &Path| {
        Ok(files.iter().find(|(path, _)| Path::new(path) == wanted).map(|(_, text)| (*text).to_owned()))
    };
    read(name, &Surroundings { variable: &variable, file: &file })
}

const CONFIG: &str = "/home/me/.aws/config";
const CREDENTIALS: &str = "/home/me/.aws/credentials";

/// The keys of the profile `default`.
#[track_caller]
fn keys(config: &str, credentials: &str) -> Keys {
    let profile = read_with(&[], &[(CONFIG, config), (CREDENTIALS, credentials)], "default");
    match profile.map(|profile| profile.source) {
        Ok(ProfileSource::Keys(keys)) => keys,
        other => panic!("no keys: {other:?}"),
    }
}

fn plain(id: &str, token: Option<&str>) -> Keys {
    Keys { id: id.into(), secret: SECRET.into(), session_token: token.map(str::to_owned) }
}

/// Why the profile `foo` of the config file is refused.
#[track_caller]
fn refused(config: &str, reason: &str, remedy: &str) {
    let none = read_with(&[], &[(CONFIG, config)], "foo").expect_err("it is refused");
    assert!(none.reason.contains(reason), "{none:?}");
    assert!(none.remedy.contains(remedy), "{none:?}");
    assert!(!none.reason.contains(SECRET) && !none.remedy.contains(SECRET), "{none:?}");
}

/// The examples of "Shared config and credentials files", "Format of the credentials file" and of "AWS access keys".
#[test]
fn the_forms_of_the_documentation_are_read() {
    let pair = format!("aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n");
    let token = format!("{pair}aws_session_token = IQoJb3JpZ2luX2IQoJb3JpZ2luX2==\n");
    let expected = plain("AKIAIOSFODNN7EXAMPLE", None);
    assert_eq!(keys("[default]\nregion=us-west-2\noutput=json\n", &format!("[default]\n{pair}")), expected);
    assert_eq!(keys(&format!("[default]\n{pair}"), ""), expected);
    assert_eq!(keys(&format!("[profile default]\n{pair}"), ""), expected);
    let expected = plain("AKIAIOSFODNN7EXAMPLE", Some("IQoJb3JpZ2luX2IQoJb3JpZ2luX2=="));
    assert_eq!(keys("", &format!("[default]\n{token}[user1]\naws_access_key_id=X\n")), expected);
    let named = format!("[profile user1]\nregion = eu-west-1\n\ns3 =\n  max_concurrent_requests = 20\n{token}");
    let profile = read_with(&[], &[(CONFIG, &named)], "user1").expect("a profile");
    assert_eq!(profile, Profile { source: ProfileSource::Keys(expected), region: Some("eu-west-1".into()) });
}

#[test]
fn the_credentials_file_counts_before_the_config_file() {
    let config = format!("[default]\naws_access_key_id=CONFIG\naws_secret_access_key={SECRET}\n");
    assert_eq!(keys(&config, "[default]\naws_access_key_id=CREDENTIALS\n"), plain("CREDENTIALS", None));
    assert_eq!(keys(&config, "[other]\naws_access_key_id=CREDENTIALS\n"), plain("CONFIG", None));
}

#[test]
fn variables_say_where_the_files_are() {
    let text = format!("[profile a]\naws_access_key_id=A\naws_secret_access_key={SECRET}");
    let variables = [("AWS_CONFIG_FILE", "~/elsewhere"), ("AWS_SHARED_CREDENTIALS_FILE", "/none")];
    let profile = read_with(&variables, &[("/home/me/elsewhere", &text)], "a");
    assert_eq!(profile.map(|profile| profile.source), Ok(ProfileSource::Keys(plain("A", None))));
    let asked = RefCell::new(Vec::new());
    let file = |path: &Path| {
        asked.borrow_mut().push(path.display().to_string());
        Ok(None)
    };
    let variable = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    read("a", &Surroundings { variable: &variable, file: &file }).expect_err("there is none");
    assert_eq!(asked.into_inner(), ["~/elsewhere", "/none"], "without a home `~` stays what it is");
}

#[test]
fn a_process_is_its_words() {
    let words = |line: &str| {
        let text = format!("[profile foo]\nregion = us-west-2\ncredential_process = {line}\n");
        match read_with(&[], &[(CONFIG, &text)], "foo").map(|profile| profile.source) {
            Ok(ProfileSource::Process(words)) => words,
            other => panic!("no process: {other:?}"),
        }
    };
    assert_eq!(words("/opt/bin/awscreds-custom --username helen"), ["/opt/bin/awscreds-custom", "--username", "helen"]);
    let quoted = "\"/Users/Dave/path/to/credentials.sh\" parameterWithoutSpaces \"parameter with spaces\"";
    let expected = ["/Users/Dave/path/to/credentials.sh", "parameterWithoutSpaces", "parameter with spaces"];
    assert_eq!(words(quoted), expected);
    assert_eq!(words("a $HOME '`b`' ~/c;d # no word"), ["a", "$HOME", "`b`", "~/c;d"]);
    refused("[profile foo]\ncredential_process = \"a b", "names no command in credential_process", "quotes around");
    refused(
        "[profile foo]\ncredential_process =",
        "names no command in credential_process (/home/me/.aws/config:2)",
        "",
    );
}

#[test]
fn what_takes_a_call_to_another_service_is_refused_with_what_does_it() {
    let remedy = "process = [\"aws\", \"configure\", \"export-credentials\", \"--profile\", \"foo\", \"--format\"";
    for (lines, reason) in [
        (
            "role_arn = arn:aws:iam::1:role/r\nsource_profile = base",
            "takes on a role, by role_arn (/home/me/.aws/config:2)",
        ),
        ("source_profile = base", "takes on a role, by source_profile"),
        ("role_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata", "takes on a role, by role_arn"),
        ("web_identity_token_file = /t", "proves itself by the token of another service"),
        ("sso_session = my-sso\nsso_account_id = 1", "signs in by IAM Identity Center, by sso_session"),
        ("sso_start_url = https://x", "signs in by IAM Identity Center"),
        ("login_session = arn:aws:iam::1:user/u", "signs in by the console, by login_session"),
    ] {
        refused(&format!("[profile foo]\n{lines}\n"), reason, remedy);
        // Even where there are keys: the SDKs would be somebody else.
        let keys = format!("aws_access_key_id=A\naws_secret_access_key={SECRET}");
        refused(&format!("[profile foo]\n{lines}\n{keys}\n"), reason, remedy);
    }
}

#[test]
fn half_a_profile_and_one_with_too_much_are_refused_with_their_places() {
    refused("[profile foo]\nregion = a\n", "the profile \"foo\" has no credentials", "aws_access_key_id");
    let has = "has aws_access_key_id (/home/me/.aws/config:3) and no aws_secret_access_key";
    refused("[profile foo]\n\naws_access_key_id = A\n", has, "add aws_secret_access_key");
    let has = "has aws_secret_access_key (/home/me/.aws/config:2) and no aws_access_key_id";
    refused(&format!("[profile foo]\naws_secret_access_key = {SECRET}\n"), has, "add aws_access_key_id");
    let both = format!("[profile foo]\naws_access_key_id=A\naws_secret_access_key={SECRET}\ncredential_process=p\n");
    let has = "both aws_access_key_id (/home/me/.aws/config:2) and credential_process (/home/me/.aws/config:4)";
    refused(&both, has, "keep one of them");
    let broken = format!("[profile foo]\naws_secret_access_key {SECRET}\n");
    let reason = "/home/me/.aws/config cannot be understood: line 2: a setting has no = behind its name";
    refused(&broken, reason, "AWS_CONFIG_FILE");
}

#[test]
fn a_profile_that_is_nowhere_is_told_with_those_there_are() {
    let absent = "/home/me/.aws/credentials is not there";
    refused("", &format!("there is no profile \"foo\": /home/me/.aws/config has no profile, and {absent}"), "add it");
    refused("[profile b]\n[default]", "/home/me/.aws/config has b, default", "add it");
    refused("[default]\n[foo]\n", "/home/me/.aws/config:2 lacks the word `profile` before it", "add it");
    let none = read_with(&[], &[(CREDENTIALS, "[profile foo]")], "foo").expect_err("there is none");
    let reason = "/home/me/.aws/credentials:1 has the word `profile` before it, which only config has";
    assert!(none.reason.contains(reason), "{none:?}");
    let none = read_with(&[], &[], "default").expect_err("there is none");
    assert!(none.remedy.contains("set AWS_ACCESS_KEY_ID and") && none.remedy.contains("where the machine has a role"));
    for variable in CONTAINER {
        let none = read_with(&[(variable, "x")], &[], "default").expect_err("there is none");
        assert!(none.remedy.starts_with(&format!("{variable} is set, which is left to others; let the AWS CLI")));
    }
}
