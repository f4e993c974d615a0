//! The text of the shared `config` and `credentials` files.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", "Format of the config file" and
//! "Format of the credentials file". What that leaves open is read as the SDKs do: a comment behind a value begins with
//! white space; a line that begins with white space goes on with the value above it; of two settings with one name the
//! last one counts; `[profile default]` makes `[default]` of the `config` file void. No library does: they take what is
//! indented for settings of the profile, or unquote values.

use std::collections::BTreeMap;

const BLANK: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

/// Which of the two files it is: only `config` has `profile` before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Config,
    Credentials,
}

/// A setting and the line that it stands in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) line: usize,
}

/// The settings of a profile by name, in small letters.
pub(super) type Settings = BTreeMap<String, Setting>;

/// What a file says of one profile.
#[derive(Default)]
pub(super) struct Found {
    /// Its settings; none where the file does not have it.
    pub(super) settings: Option<Settings>,
    /// The line of a heading that lacks the word `profile`, or has it where it may not be.
    pub(super) misnamed: Option<usize>,
    /// The profiles that the file has.
    pub(super) names: Vec<String>,
}

/// What the file says of the profile `wanted`. An error tells line and reason.
pub(super) fn find(text: &str, kind: Kind, wanted: &str) -> Result<Found, String> {
    let mut reader = Reader { kind, wanted, place: Place::Nowhere, last: None, bare: None, found: Found::default() };
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        reader.read(line, index + 1).map_err(|reason| format!("line {}: {reason}", index + 1))?;
    }
    let Reader { mut found, bare, .. } = reader;
    found.settings = found.settings.or(bare);
    found.names.sort();
    found.names.dedup();
    Ok(found)
}

/// What the lines are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first heading.
    Nowhere,
    /// The profile that is wanted.
    Wanted,
    /// The profile that is wanted, unless there is one with the word `profile`.
    Bare,
    /// Something else.
    Elsewhere,
}

struct Reader<'a> {
    kind: Kind,
    wanted: &'a str,
    place: Place,
    /// The setting that an indented line goes on with, and whether it has settings of its own.
    last: Option<(String, bool)>,
    bare: Option<Settings>,
    found: Found,
}

impl Reader<'_> {
    fn read(&mut self, line: &str, number: usize) -> Result<(), String> {
        if line.trim_matches(BLANK).is_empty() || line.starts_with(COMMENT) {
            return Ok(());
        }
        if line.starts_with('[') {
            self.heading(line, number)
        } else if line.starts_with(BLANK) {
            self.go_on(line)
        } else {
            self.setting(line, number)
        }
    }

    fn heading(&mut self, line: &str, number: usize) -> Result<(), String> {
        let line = line.split(COMMENT).next().unwrap_or_default().trim_matches(BLANK);
        let Some(words) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            return Err("the heading has no ] at its end".into());
        };
        self.last = None;
        let words = words.trim_matches(BLANK);
        let (prefix, name) = match words.split_once(BLANK) {
            Some((prefix, name)) => (Some(prefix), name.trim_matches(BLANK)),
            None => (None, words),
        };
        let prefixed = prefix == Some("profile");
        let valid = match self.kind {
            Kind::Config => prefixed || (prefix.is_none() && name == "default"),
            Kind::Credentials => prefix.is_none(),
        };
        if valid {
            self.found.names.push(name.to_owned());
        } else if name == self.wanted && (prefixed || prefix.is_none()) {
            self.found.misnamed = Some(number);
        }
        self.place = match valid && name == self.wanted {
            false => Place::Elsewhere,
            true if self.kind == Kind::Config && !prefixed => Place::Bare,
            true => Place::Wanted,
        };
        if let Some(settings) = self.settings() {
            settings.get_or_insert_default();
        }
        Ok(())
    }

    fn setting(&mut self, line: &str, number: usize) -> Result<(), String> {
        if self.place == Place::Nowhere {
            return Err("a setting stands before the first [heading]".into());
        }
        let (name, value) = split(line)?;
        self.last = Some((name.clone(), value.is_empty()));
        if let Some(settings) = self.settings() {
            settings.get_or_insert_default().insert(name, Setting { value, line: number });
        }
        Ok(())
    }

    /// A line that belongs to the setting above it. A comment in it belongs to the value.
    fn go_on(&mut self, line: &str) -> Result<(), String> {
        let Some((name, has_settings)) = self.last.clone() else {
            return Err("an indented line goes on with nothing".into());
        };
        if has_settings {
            split(line)?;
        }
        let setting = self.settings().and_then(|settings| settings.as_mut()?.get_mut(&name));
        if let Some(setting) = setting {
            setting.value.push('\n');
            setting.value.push_str(line.trim_matches(BLANK));
        }
        Ok(())
    }

    /// Where the settings of the profile go that the lines are about; none where it is not wanted.
    fn settings(&mut self) -> Option<&mut Option<Settings>> {
        match self.place {
            Place::Wanted => Some(&mut self.found.settings),
            Place::Bare => Some(&mut self.bare),
            Place::Nowhere | Place::Elsewhere => None,
        }
    }
}

/// Name and value of a setting, without the comment behind it. Nothing of the line is in the error: it may be a secret.
fn split(line: &str) -> Result<(String, String), String> {
    let mut after_blank = false;
    let comment = line.char_indices().find(|(_, character)| {
        let begins = after_blank && COMMENT.contains(character);
        after_blank = character.is_whitespace();
        begins
    });
    let line = comment.map_or(line, |(at, _)| &line[..at]);
    let (name, value) = line.split_once('=').ok_or("a setting has no = behind its name")?;
    let name = name.trim_matches(BLANK).to_ascii_lowercase();
    if name.is_empty() { Err("a setting has no name".into()) } else { Ok((name, value.trim_matches(BLANK).to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of the profile, as `name=value` in the order of names; none where there is no such profile.
    fn read(text: &str, kind: Kind, profile: &str) -> Result<Option<Vec<String>>, String> {
        let told = |settings: Settings| {
            settings.into_iter().map(|(name, setting)| format!("{name}={}", setting.value)).collect()
        };
        Ok(find(text, kind, profile)?.settings.map(told))
    }

    #[track_caller]
    fn config(text: &str, expected: &[&str]) {
        let expected = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(read(text, Kind::Config, "foo"), Ok(Some(expected)), "{text:?}");
    }

    #[track_caller]
    fn absent(text: &str, kind: Kind) {
        assert_eq!(read(text, kind, "foo"), Ok(None), "{text:?}");
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        assert_eq!(read(text, Kind::Config, "foo"), Err(reason.to_owned()), "{text:?}");
    }

    #[test]
    fn a_profile_has_the_settings_below_its_heading() {
        config("[profile foo]", &[]);
        config("[profile foo]\nname = value\nname2=value2", &["name=value", "name2=value2"]);
        config("[profile foo]\r\nname = value\r\n", &["name=value"]);
        config("\u{feff}[profile foo]\nname \t=  \tval=ue \t", &["name=val=ue"]);
        config("[profile foo]\nNAME =\n[profile bar]\nother = x", &["name="]);
        config("\t \n[ profile\tfoo \t]\n\t\n \nname = value\n\t ", &["name=value"]);
    }

    #[test]
    fn what_is_said_twice_counts_as_it_was_said_last() {
        config("[profile foo]\nname = value\n[profile foo]\nname2 = value2", &["name=value", "name2=value2"]);
        config("[profile foo]\nName = value\n[profile bar]\n[profile foo]\nname = value2", &["name=value2"]);
    }

    #[test]
    fn comments_begin_a_line_or_stand_behind_white_space() {
        config("# c\n[profile foo]; c\nname = value # c # c\n; c", &["name=value"]);
        config("[profile foo] # c\nname = value ;\n", &["name=value"]);
        config("[profile foo]\na = value; c\nb = value# c", &["a=value; c", "b=value# c"]);
    }

    #[test]
    fn an_indented_line_goes_on_with_the_value_above_it() {
        config(
            "[profile foo]\nname = value\n \t -more \t \n -and # no comment",
            &["name=value\n-more\n-and # no comment"],
        );
        config(
            "[profile foo]\ns3 =\n region = elsewhere\n\t \n b =\nregion = here",
            &["region=here", "s3=\nregion = elsewhere\nb ="],
        );
        refused(" -more", "line 1: an indented line goes on with nothing");
        refused("[profile foo]\nname = value\n[profile foo]\n -more", "line 4: an indented line goes on with nothing");
        refused("[profile foo]\ns3 =\n nonsense", "line 3: a setting has no = behind its name");
    }

    #[test]
    fn a_name_is_that_of_a_profile_in_the_form_of_its_file() {
        absent("", Kind::Config);
        absent("[foo]\nname = value", Kind::Config);
        absent("[profilefoo]\nname = value", Kind::Config);
        absent("[sso-session foo]\nname = value\n[services foo]", Kind::Config);
        absent("[profile foo]\nname = value", Kind::Credentials);
        let odd = "some-thing:long/the_one%only.foo@bar+";
        let text = format!("[{odd}]\nname = value");
        assert_eq!(read(&text, Kind::Credentials, odd), Ok(Some(vec!["name=value".to_owned()])));
    }

    #[test]
    fn the_default_profile_may_be_written_in_two_ways_of_which_the_longer_one_counts() {
        for text in [
            "[profile default]\nname = long\n[default]\nother = short",
            "[default]\nother = short\n[profile default]\nname = long",
        ] {
            assert_eq!(read(text, Kind::Config, "default"), Ok(Some(vec!["name=long".to_owned()])));
        }
        assert_eq!(read("[default]\nname = a", Kind::Config, "default"), Ok(Some(vec!["name=a".to_owned()])));
        assert_eq!(read("[default]\nname = a", Kind::Credentials, "default"), Ok(Some(vec!["name=a".to_owned()])));
    }

    #[test]
    fn what_is_no_setting_is_refused_with_its_line() {
        refused("name = value", "line 1: a setting stands before the first [heading]");
        refused("[profile foo", "line 1: the heading has no ] at its end");
        refused("[profile foo]\n= value", "line 2: a setting has no name");
        refused("[profile foo]\n\nwJalrXUtnFEMI : secret", "line 3: a setting has no = behind its name");
    }

    #[test]
    fn a_heading_in_the_form_of_the_other_file_is_noticed() {
        let misnamed = |text, kind| find(text, kind, "foo").expect("it can be read").misnamed;
        assert_eq!(misnamed("[default]\n[foo]", Kind::Config), Some(2));
        assert_eq!(misnamed("[profile foo]", Kind::Credentials), Some(1));
        assert_eq!(misnamed("[sso-session foo]\n[profile foo]", Kind::Config), None);
    }
}
