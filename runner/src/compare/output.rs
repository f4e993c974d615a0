//! Where the results of a comparison go: a folder with replay files, and standard output.

use std::path::{Path, PathBuf};

use plumb_validator::finding::{REPLAY_VERSION, Replay};
use plumb_validator::names::RunId;

use crate::cli::CompareFormat;
use crate::compare::passes::Pass;
use crate::compare::reds::Red;
use crate::compare::summary::{Began, Summary};
use crate::deviation::Deviation;
use crate::error::Error;
use crate::output::{DEFAULT_FOLDER, make_folder, print, write_json};
use crate::report::terminal;
use crate::run::shell_word;

/// The file that holds the whole comparison.
const SUMMARY_FILE: &str = "compare.json";

/// Where the results of one comparison go.
pub struct Output {
    format: CompareFormat,
    folder: PathBuf,
    /// Whether the whole comparison is kept, or replay files only.
    keep_all: bool,
    /// Whether the folder was not there before.
    is_new: bool,
}

impl Output {
    /// Checks before the first call that everything can be written.
    pub fn open(format: CompareFormat, folder: Option<&Path>, run: &RunId) -> Result<Self, Error> {
        let keep_all = folder.is_some();
        let folder = folder.map_or_else(|| Path::new(DEFAULT_FOLDER).join(run.as_str()), Path::to_owned);
        let is_new = !folder.exists();
        if keep_all {
            let path = folder.join(SUMMARY_FILE);
            if path.exists() {
                let exists = std::io::Error::other("it holds another comparison");
                return Err(Error::file("write", path, exists, "choose another folder with --output DIR"));
            }
            make_folder(&folder)?;
        }
        Ok(Self { format, folder, keep_all, is_new })
    }

    /// Takes away what [`Output::open`] made, where nothing was compared.
    pub fn discard(self) {
        if self.is_new {
            _ = std::fs::remove_dir(&self.folder);
        }
    }

    /// Writes a file for each target that is wrong, by which it is replayed, and tells the command.
    /// `options` names the target of a pass again.
    pub fn replay_files(&self, red: &mut Red, began: &Began, options: &dyn Fn(Pass) -> String) -> Result<(), Error> {
        for wrong in &mut red.wrong {
            let folder = self.folder.join("findings").join(wrong.pass.name().to_lowercase());
            make_folder(&folder)?;
            let path = folder.join(format!("{}.json", wrong.finding.id));
            let word = shell_word(&path.display().to_string());
            wrong.finding.replay = format!("plumb replay {word}{}", options(wrong.pass));
            wrong.finding.count = red.count;
            let target = &began.targets[wrong.pass as usize];
            let signature = wrong.finding.signature.rsplit_once(" [").map_or("", |(coarse, _)| coarse);
            let replay = Replay {
                plumb_replay: REPLAY_VERSION,
                api: began.api.clone(),
                flavour: target.flavour.clone(),
                target: target.target.clone(),
                diverges: signature.to_owned(),
                finding: wrong.finding.clone(),
            };
            write_json(&path, &replay)?;
        }
        Ok(())
    }

    /// Writes and prints the comparison.
    pub fn finish(self, summary: &Summary) -> Result<(), Error> {
        if self.keep_all {
            write_json(&self.folder.join(SUMMARY_FILE), &summary.to_json())?;
        }
        let text = match self.format {
            CompareFormat::Terminal => terminal::comparison(summary, terminal::colours_wanted()),
            CompareFormat::Json => format!("{:#}\n", summary.to_json()),
            CompareFormat::Nothing => String::new(),
        };
        print(&text)
    }
}

/// Notes who answers for a difference, where all that is wrong in it was accepted.
pub fn accept(red: &mut Red, deviations: &[Deviation], api: &str, today: jiff::civil::Date) {
    let owners: Option<Vec<String>> = red
        .wrong
        .iter()
        .map(|wrong| {
            let accepted = deviations.iter().find(|own| own.accepts(&wrong.finding, api, today))?;
            Some(format!("{}: {} (until {})", accepted.owner, accepted.reason, accepted.expires))
        })
        .collect();
    red.accepted_by = owners.map(|owners| owners.join("; "));
}
