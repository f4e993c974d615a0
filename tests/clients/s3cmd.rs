//! s3cmd, as Debian packs it.

use libtest_mimic::Trial;

use crate::servers;
use crate::service::{Service, run};
use crate::support::Ran;

/// What s3cmd says where something is not found (its `ExitCodes.EX_NOTFOUND`, and `EX_OSFILE` of 2.3).
const NOT_FOUND: [i32; 3] = [12, 44, 64];
/// Its `ExitCodes.EX_CONFLICT`.
const CONFLICT: i32 = 13;

/// What is done with it.
type Test = fn(&S3cmd);

/// What s3cmd is tried on.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 3] = [
        ("s3cmd_keeps_files", keeps_files),
        ("s3cmd_copies_and_moves", copies_and_moves),
        ("s3cmd_syncs_a_folder", syncs_a_folder),
    ];
    let each = tests.into_iter();
    each.map(|(name, test)| servers::trial(name, || servers::program("s3cmd"), move |_| test(&S3cmd::new()))).collect()
}

/// s3cmd, with a bucket to use and a file to send.
struct S3cmd(Service);

impl S3cmd {
    fn new() -> Self {
        let s3cmd = Self(Service::new());
        s3cmd.0.home().write("file", "first line\n");
        s3cmd.does(&["mb", "s3://clients"]);
        s3cmd
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (id, secret) = self.0.identity();
        let mut command = self.0.client("s3cmd");
        command.args(["--no-ssl", "--no-progress", "--region=us-east-1"]);
        command.arg(format!("--access_key={id}")).arg(format!("--secret_key={secret}"));
        for option in ["--host", "--host-bucket"] {
            command.arg(format!("{option}={}", self.0.authority()));
        }
        run(command.args(arguments))
    }

    /// Runs it to its good end and gives what it printed.
    #[track_caller]
    fn does(&self, arguments: &[&str]) -> String {
        self.run(arguments).exits(0).stdout
    }

    /// The names that a listing prints.
    #[track_caller]
    fn lists(&self, arguments: &[&str]) -> Vec<String> {
        let printed = self.does(&[&["ls"], arguments].concat());
        printed.lines().filter_map(|line| Some(line[line.find("s3://")?..].to_owned())).collect()
    }
}

fn keeps_files(s3cmd: &S3cmd) {
    s3cmd.does(&["put", "file", "s3://clients/a b", "--add-header=x-amz-meta-colour:blue"]);
    assert_eq!(s3cmd.lists(&[]), ["s3://clients"]);
    assert_eq!(s3cmd.lists(&["s3://clients"]), ["s3://clients/a b"]);
    let told = s3cmd.does(&["info", "s3://clients/a b"]);
    for word in ["File size: 11", "MIME type: text/plain", "x-amz-meta-colour: blue"] {
        assert!(told.contains(word), "no {word:?} in {told}");
    }
    s3cmd.does(&["get", "s3://clients/a b", "back"]);
    assert_eq!(s3cmd.0.home().read("back"), "first line\n");
    assert_eq!(s3cmd.run(&["rb", "s3://clients"]).code, Some(CONFLICT), "a bucket with objects stays");
    s3cmd.does(&["del", "s3://clients/a b"]);
    let absent = s3cmd.run(&["get", "s3://clients/a b", "again"]);
    assert!(absent.code.is_some_and(|code| NOT_FOUND.contains(&code)), "{absent:?}");
    s3cmd.does(&["rb", "s3://clients"]);
    assert_eq!(s3cmd.lists(&[]), [""; 0]);
}

fn copies_and_moves(s3cmd: &S3cmd) {
    s3cmd.does(&["put", "file", "s3://clients/file"]);
    s3cmd.does(&["cp", "s3://clients/file", "s3://clients/copy"]);
    s3cmd.does(&["mv", "s3://clients/copy", "s3://clients/moved"]);
    assert_eq!(s3cmd.lists(&["s3://clients"]), ["s3://clients/file", "s3://clients/moved"]);
    s3cmd.does(&["get", "s3://clients/moved", "back"]);
    assert_eq!(s3cmd.0.home().read("back"), "first line\n");
}

fn syncs_a_folder(s3cmd: &S3cmd) {
    let home = s3cmd.0.home();
    std::fs::create_dir_all(home.path("folder/deeper")).expect("a folder");
    home.write("folder/one", "one");
    home.write("folder/deeper/two words", "two");
    let sync = ["sync", "folder/", "s3://clients/folder/"];
    assert!(s3cmd.does(&sync).contains("upload:"), "everything is new");
    assert!(!s3cmd.does(&sync).contains("upload:"), "nothing is new");
    assert_eq!(s3cmd.lists(&["s3://clients/folder/"]), ["s3://clients/folder/deeper/", "s3://clients/folder/one"]);
    let all = ["s3://clients/folder/deeper/two words", "s3://clients/folder/one"];
    assert_eq!(s3cmd.lists(&["-r", "s3://clients"]), all);
    s3cmd.does(&["sync", "s3://clients/folder/", "back/"]);
    assert_eq!((home.read("back/one").as_str(), home.read("back/deeper/two words").as_str()), ("one", "two"));
    s3cmd.does(&["del", "--recursive", "--force", "s3://clients/folder/"]);
    assert_eq!(s3cmd.lists(&["-r", "s3://clients"]), [""; 0]);
    s3cmd.does(&["put", "file", "s3://clients/file"]);
    s3cmd.does(&["rb", "--recursive", "--force", "s3://clients"]);
    assert_eq!(s3cmd.lists(&[]), [""; 0]);
}
