//! Holds a JSON body against a JSON schema, which may refer to nothing outside of itself.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use cucumber::then;
use plumb_model::text::shown;
use serde_json::Value as Json;
use tokio::task::spawn_blocking;

use super::selecting::document;
use super::{doc, json, unescaped};
use crate::failure::fail;
use crate::world::World;

/// The longest schema that is read from a file, in bytes.
pub const SCHEMA_BYTES_MAX: u64 = 1 << 20;
/// The most places that are told where a body does not fit.
pub const SCHEMA_MISTAKES_MAX: usize = 5;
/// The most characters of one of them.
const SHOWN_CHARACTERS_MAX: usize = 300;

/// The body fits this JSON schema.
#[then(expr = "the body fits the schema")]
fn fits(world: &mut World, step: &gherkin::Step) {
    let schema = json::parsed(doc(step));
    hold(world, &schema);
}

/// The body fits the JSON schema in a file beside the feature's, or below.
#[then(expr = "the body fits the schema in {string}")]
async fn fits_file(world: &mut World, file: String) {
    let folder = world.folder().to_owned();
    let text = spawn_blocking(move || read(&folder, &unescaped(&file))).await;
    let text = text.unwrap_or_else(|error| Err(error.to_string())).unwrap_or_else(|why| fail(why));
    let schema = json::parsed(&text);
    hold(world, &schema);
}

fn hold(world: &mut World, schema: &Json) {
    world.not_in_the_case("a JSON schema is looked at");
    let validator =
        jsonschema::validator_for(schema).unwrap_or_else(|error| fail(format!("this is no schema: {error}")));
    let body = document(world);
    let wrong = validator.iter_errors(&body).take(SCHEMA_MISTAKES_MAX).map(|error| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the body" } else { &place };
        format!("{}: {}", shown(place.as_bytes(), 80), shown(error.to_string().as_bytes(), SHOWN_CHARACTERS_MAX))
    });
    let wrong: Vec<String> = wrong.collect();
    if !wrong.is_empty() {
        fail(format!("the body does not fit the schema\n{}", wrong.join("\n")));
    }
}

/// The text of a file in `folder` or below. No link leads out of it.
fn read(folder: &Path, name: &str) -> Result<String, String> {
    let named = |error: &dyn std::fmt::Display| format!("failed to read the schema {name:?}: {error}");
    let is_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below {
        return Err(named(&"it must be beside the feature file or below"));
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let real = |path: PathBuf| path.canonicalize().map_err(|error| named(&error));
    let (folder, path) = (real(folder.to_owned())?, real(folder.join(name))?);
    if !path.starts_with(&folder) {
        return Err(named(&"it leads out of the folder of the feature file"));
    }
    if !path.is_file() {
        return Err(named(&"it is no file"));
    }
    let mut text = String::new();
    let file = File::open(&path).map_err(|error| named(&error))?;
    file.take(SCHEMA_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| named(&error))?;
    if text.len() as u64 > SCHEMA_BYTES_MAX {
        return Err(named(&format!("it has more than {SCHEMA_BYTES_MAX} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_read_from_the_folder_of_the_feature_and_from_nowhere_else() {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("features");
        std::fs::create_dir_all(folder.join("schemas")).expect("a folder");
        let write = |path: PathBuf, text: &str| std::fs::write(path, text).expect("a file");
        write(outside.path().join("secret.json"), "{}");
        write(folder.join("schemas/entry.json"), "true");
        let long = usize::try_from(SCHEMA_BYTES_MAX + 1).expect("a length");
        write(folder.join("long.json"), &" ".repeat(long));
        std::os::unix::fs::symlink(outside.path().join("secret.json"), folder.join("link.json")).expect("a link");
        let check = |name: &str, expected: Result<&str, &str>| match (read(&folder, name), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{name}"),
            (Err(why), Err(expected)) => assert!(why.contains(expected), "{name}: {why}"),
            (found, _) => panic!("{name}: {found:?}"),
        };
        check("schemas/entry.json", Ok("true"));
        check("./schemas/entry.json", Ok("true"));
        check("../secret.json", Err("beside the feature file"));
        check("/etc/hostname", Err("beside the feature file"));
        check("link.json", Err("leads out of the folder"));
        check("schemas", Err("no file"));
        check("none.json", Err("none.json"));
        check("long.json", Err("more than 1048576 bytes"));
    }
}
