//! Carries out the runs of a gate, one after the other, down the road that every command takes.

use std::path::{Path, PathBuf};

use plumb_model::api::Api;
use plumb_validator::plugin::Plugin;

use crate::bounds::InForce;
use crate::cli::{CasesArgs, Format, OutputArgs, TargetArgs};
use crate::config::Config;
use crate::credentials::CredentialsError;
use crate::engine::{Engine, is_alive};
use crate::error::{Error, Exit};
use crate::features::{self, Selection, Stage};
use crate::gate::evidence::{Evidence, Shown};
use crate::gate::plan::Plan;
use crate::run::{self, Ran, Replayed};
use crate::select::{self, Selected};
use crate::versions::{self, Versions};

/// What was seen at one target.
pub struct Seen {
    /// Its name.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// The address that was connected to instead of what its name resolves to.
    pub connected_to: Option<String>,
    /// The flavour that it is configured to speak; none where the runs themselves tell.
    pub flavour: Option<String>,
    /// What its runs have shown.
    pub evidence: Vec<Evidence>,
    /// The versions that it has told: at the start, with its answers, and at the end.
    pub versions: Versions,
    /// Whether it did not answer when it was asked for its version at the address that tells it.
    pub is_unheard: bool,
    /// What it said at the end to who we are, where it let us in no more.
    pub shut_out: Option<String>,
}

impl Seen {
    /// Each version that it has told, now or in what was gathered before.
    pub fn all_versions(&self) -> Vec<String> {
        let all = Versions::default();
        let gathered = self.evidence.iter().filter_map(Evidence::told).flat_map(|told| told.versions.to_vec());
        self.versions.all().into_iter().chain(gathered).for_each(|version| all.note(version));
        all.all()
    }

    /// Nothing, because somebody stopped the gate before.
    fn not_reached(target: String) -> Self {
        Self {
            target,
            endpoint: String::new(),
            connected_to: None,
            flavour: None,
            evidence: Vec::new(),
            versions: Versions::default(),
            is_unheard: false,
            shut_out: None,
        }
    }
}

/// What runs need.
pub struct Runs<'r> {
    /// What is demanded.
    pub plan: &'r Plan,
    /// What the binary knows of the API.
    pub plugin: &'r Plugin,
    /// All that the binary knows.
    pub plugins: &'r [Plugin],
    /// The API.
    pub api: &'r Api,
    /// The configuration.
    pub config: &'r Config,
    /// Where everything is kept.
    pub folder: &'r Path,
}

impl Runs<'_> {
    /// Looks at each target, one after the other, until somebody stops it.
    ///
    /// # Errors
    /// Where something is wrong with the configuration: then nothing was sent.
    pub fn look_at_all(&self) -> Result<Vec<Seen>, Error> {
        // All of them are read before the first call, so that no mistake ends a gate that has found something.
        let each = self.plan.targets.iter().map(|target| self.selected_twice(target));
        let selected = each.collect::<Result<Vec<_>, _>>()?;
        let mut seen: Vec<Seen> = Vec::new();
        for (target, selected) in self.plan.targets.iter().zip(selected) {
            if seen.iter().any(|own| own.evidence.iter().any(Evidence::interrupted)) {
                seen.push(Seen::not_reached(target.target.clone().unwrap_or_default()));
            } else {
                let own = self.look_at(target, selected, seen.is_empty())?;
                seen.push(own);
            }
        }
        Ok(seen)
    }

    /// A target for each kind of run; what it tells of its version is heard by both.
    fn selected_twice(&self, target: &TargetArgs) -> Result<[Selected; 2], Error> {
        let first = select::select(self.plugin, self.api, target, self.config)?;
        let again = select::select(self.plugin, self.api, target, self.config)?;
        let again = Selected { versions: first.versions.clone(), ..again };
        Ok([first, again])
    }

    /// Looks at one target. What goes wrong with us after the first run has begun is told as unclear.
    fn look_at(&self, target: &TargetArgs, [first, again]: [Selected; 2], is_first: bool) -> Result<Seen, Error> {
        let name = first.target.name.clone();
        let folder = self.folder.join(&name);
        let was_heard = self.ask_version(&first);
        let mut evidence: Vec<Evidence> = Vec::new();
        if let Some(cases) = &self.plan.cases {
            let ran = self.suites(&first, target, cases, &folder.join("suites"));
            evidence.push(or_unclear(ran, is_first, &name, "suites")?);
        }
        if self.plan.features.is_some() && !evidence.iter().any(Evidence::interrupted) {
            let is_first = is_first && evidence.is_empty();
            let ran = self.features(again, target, &folder.join("features"));
            evidence.push(or_unclear(ran, is_first, &name, "features")?);
        }
        let is_heard = self.ask_version(&first);
        Ok(Seen {
            target: name,
            endpoint: first.endpoint.url().to_owned(),
            connected_to: first.endpoint.connected_to().map(|address| address.to_string()),
            flavour: Some(first.target.flavour.to_owned()),
            evidence,
            versions: first.versions.clone(),
            is_unheard: !(was_heard && is_heard),
            shut_out: self.shut_out(&first),
        })
    }

    /// Sends the cases.
    fn suites(
        &self,
        selected: &Selected,
        target: &TargetArgs,
        cases: &CasesArgs,
        folder: &Path,
    ) -> Result<Evidence, Error> {
        let options = target.options();
        let output = OutputArgs {
            format: Format::Nothing,
            html: Some(folder.join("report.html")),
            output: Some(folder.to_owned()),
        };
        crate::output::make_folder(folder)?;
        let ran = run::run(self.api, selected, cases, &output, &Replayed { options: &options }, None);
        evidence(&selected.target.name, "suites", ran, |report| Shown::Suites(Box::new(report)))
    }

    /// Plays the features.
    fn features(&self, selected: Selected, target: &TargetArgs, folder: &Path) -> Result<Evidence, Error> {
        let name = selected.target.name.clone();
        let (Some(arguments), Some(wish)) = (self.plan.test_args(target, folder), &self.plan.features) else {
            return Err(Error::Internal("play features that nobody wished for".into()));
        };
        let selection = Selection::of(wish, self.plugins)?;
        crate::output::make_folder(folder)?;
        let stage = Stage::Target(Box::new(selected));
        let ran = features::run(self.api, &arguments, &selection, &stage, target.options());
        evidence(&name, "features", ran, |report| Shown::Features(Box::new(report)))
    }

    /// Asks for the version where the target tells it at an address of its own. It is false where it did not tell.
    pub(super) fn ask_version(&self, selected: &Selected) -> bool {
        let Some(path) = &selected.version_path else { return true };
        let connect = || run::connect(selected);
        let Ok(engine) = bound(self.api, selected, &connect) else { return false };
        let asked = engine.with_context(async |context| {
            if context.guard.bounds().keep_from_beginning().is_some() {
                return None;
            }
            versions::ask(context.transport, &selected.target.authority, path).await
        });
        let Ok(Some(version)) = asked else { return false };
        selected.versions.note(version);
        true
    }

    /// Why the target lets us in no more, where that is so: then what was found last says nothing about it.
    pub(super) fn shut_out(&self, selected: &Selected) -> Option<String> {
        if !self.api.signed {
            return None;
        }
        if let Err(error) = selected.credentials.current(jiff::Timestamp::now().as_millisecond()) {
            return Some(CredentialsError::to_string(&error));
        }
        let connect = || run::connect(selected);
        let engine = bound(self.api, selected, &connect).ok()?;
        let alive = engine.with_context(async |context| is_alive(context).await).ok()?;
        alive.err().filter(|why| why.contains(REJECTED))
    }
}

/// What went wrong with us is the answer of the command where nothing was sent yet, and afterwards something unclear.
fn or_unclear(
    ran: Result<Evidence, Error>,
    is_first: bool,
    target: &str,
    what: &'static str,
) -> Result<Evidence, Error> {
    match ran {
        Err(error) if !is_first => {
            let shown = Shown::Nothing(what, error.to_string());
            Ok(Evidence { target: target.to_owned(), shown, unkept: None, from: None })
        }
        other => other,
    }
}

/// How the liveness call tells that it was not let in.
const REJECTED: &str = "rejects the credentials";

/// An engine for a question or two, within the bounds of its target.
fn bound<'e>(
    api: &'e Api,
    selected: &'e Selected,
    connect: &'e crate::engine::Connect<'e>,
) -> Result<Engine<'e>, Error> {
    let in_force = InForce::at(selected)?;
    Ok(Engine::new(api, &selected.target, &run::new_run_id(), connect).bound_by(&in_force.bounds))
}

/// What a run has shown. One that could not begin has shown nothing, and a gate says so; a mistake of ours in what is asked
/// for ends the gate.
fn evidence<R>(
    target: &str,
    what: &'static str,
    ran: Result<Ran<R>, Error>,
    shown: impl FnOnce(R) -> Shown,
) -> Result<Evidence, Error> {
    let (shown, unkept) = match ran {
        Ok(Ran { report, unkept }) => (shown(report), unkept.map(|error| error.to_string())),
        Err(error) if error.exit() == Exit::Inconclusive => (Shown::Nothing(what, error.to_string()), None),
        Err(error) => return Err(error),
    };
    Ok(Evidence { target: target.to_owned(), shown, unkept, from: None })
}

/// The folder of a gate run where none is named.
pub fn default_folder(run: &str) -> PathBuf {
    Path::new(crate::output::DEFAULT_FOLDER).join(run)
}
