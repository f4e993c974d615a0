//! rclone, as Debian packs it, with either version of the listing.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers;
use crate::service::{Service, run};
use crate::support::Ran;

/// What is done with it.
type Test = fn(&Rclone);

/// What rclone is tried on.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 3] =
        [("keeps_files", keeps_files), ("copies_and_moves", copies_and_moves), ("syncs_a_folder", syncs_a_folder)];
    let each = tests.into_iter().flat_map(|(name, test)| ["1", "2"].map(|version| (name, version, test)));
    let trial = |(name, version, test): (&str, &'static str, Test)| {
        let name = format!("rclone_{name}_with_listing_{version}");
        servers::trial(name, || servers::program("rclone"), move |_| test(&Rclone::new(version)))
    };
    each.map(trial).collect()
}

/// rclone, with a bucket to use and a folder to send.
struct Rclone {
    service: Service,
    list_version: &'static str,
}

impl Rclone {
    fn new(list_version: &'static str) -> Self {
        let rclone = Self { service: Service::new(), list_version };
        let home = rclone.service.home();
        std::fs::create_dir_all(home.path("folder/deeper")).expect("a folder");
        home.write("folder/one", "one");
        home.write("folder/deeper/two words", "two");
        rclone.does(&["mkdir", "s3:clients"]);
        rclone
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (id, secret) = self.service.identity();
        let mut command = self.service.client("rclone");
        let settings = [
            ("TYPE", "s3"),
            ("PROVIDER", "Other"),
            ("ENDPOINT", self.service.url()),
            ("REGION", "us-east-1"),
            ("ACCESS_KEY_ID", id),
            ("SECRET_ACCESS_KEY", secret),
            ("LIST_VERSION", self.list_version),
        ];
        command.envs(settings.map(|(name, value)| (format!("RCLONE_CONFIG_S3_{name}"), value)));
        run(command.args(["--retries", "1", "--low-level-retries", "1"]).args(arguments))
    }

    /// Runs it to its good end and gives what it printed.
    #[track_caller]
    fn does(&self, arguments: &[&str]) -> String {
        self.run(arguments).exits(0).stdout
    }

    /// The paths of everything below one.
    #[track_caller]
    fn lists(&self, path: &str) -> Vec<String> {
        let mut lines: Vec<String> = self.does(&["lsf", "-R", path]).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

fn keeps_files(rclone: &Rclone) {
    rclone.does(&["copy", "folder", "s3:clients/folder"]);
    assert_eq!(rclone.does(&["lsf", "s3:"]), "clients/\n");
    let all = ["folder/", "folder/deeper/", "folder/deeper/two words", "folder/one"];
    assert_eq!(rclone.lists("s3:clients"), all);
    assert_eq!(rclone.does(&["cat", "s3:clients/folder/deeper/two words"]), "two");
    assert_eq!(rclone.does(&["cat", "--offset", "1", "--count", "1", "s3:clients/folder/one"]), "n");
    let told: Value = serde_json::from_str(&rclone.does(&["lsjson", "--hash", "s3:clients/folder/one"])).expect("JSON");
    assert_eq!(told[0]["Size"], 3);
    assert_eq!(told[0]["Hashes"]["md5"], "f97c5d29941bfb1b2fdab0874906ab82", "MD5 of one");
    rclone.does(&["check", "folder", "s3:clients/folder"]);
    rclone.does(&["deletefile", "s3:clients/folder/one"]);
    assert_eq!(rclone.lists("s3:clients"), ["folder/", "folder/deeper/", "folder/deeper/two words"]);
    let absent = rclone.run(&["deletefile", "s3:clients/folder/one"]);
    assert!(absent.stderr.contains("is a directory or doesn't exist"), "{absent:?}");
}

fn copies_and_moves(rclone: &Rclone) {
    rclone.does(&["copyto", "folder/one", "s3:clients/source"]);
    rclone.does(&["copyto", "s3:clients/source", "s3:clients/copy"]);
    rclone.does(&["moveto", "s3:clients/copy", "s3:clients/moved"]);
    assert_eq!(rclone.lists("s3:clients"), ["moved", "source"]);
    assert_eq!(rclone.does(&["cat", "s3:clients/moved"]), "one");
}

fn syncs_a_folder(rclone: &Rclone) {
    rclone.does(&["sync", "folder", "s3:clients"]);
    rclone.service.home().write("folder/one", "changed");
    std::fs::remove_file(rclone.service.home().path("folder/deeper/two words")).expect("a file");
    rclone.does(&["sync", "folder", "s3:clients"]);
    assert_eq!(rclone.lists("s3:clients"), ["one"]);
    rclone.does(&["sync", "s3:clients", "back"]);
    assert_eq!(rclone.service.home().read("back/one"), "changed");
    rclone.does(&["purge", "s3:clients"]);
    assert_eq!(rclone.does(&["lsf", "s3:"]), "");
}
