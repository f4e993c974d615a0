//! `plumb demo`: real divergences in an embedded third-party server.

use std::sync::atomic::Ordering;
use std::time::Duration;

use plumb_model::api::Api;
use plumb_validator::plugin::{DemoServer, Plugin};
use plumb_validator::target::Safety;

use crate::cli::{DemoArgs, TargetArgs};
use crate::commands::plan;
use crate::credentials::Credentials;
use crate::error::{Error, Exit};
use crate::run::{self, Replayed};
use crate::select::{self, Selected};

/// The name under which findings of the demo are replayed.
pub(crate) const DEMO_TARGET: &str = "demo";

/// How often a held server looks whether it shall stop.
const HOLD_TICK: Duration = Duration::from_millis(100);

/// Carries the command out. Exits 0 when the findings were confirmed: showing them is what the demo is for.
pub(super) fn demo(plugins: &[Plugin], arguments: &DemoArgs) -> Result<Exit, Error> {
    let plugin = demo_plugin(plugins, arguments.api.as_deref())?;
    let api = (plugin.api)();
    select::check_operations(&api, &arguments.cases.operations)?;
    let (server, selected) = start(plugin, &api)?;
    let cases = arguments.cases.brief();
    if cases.plan {
        return plan::plan(&api, &selected.target, &cases);
    }
    if arguments.hold {
        let actor = server.actor();
        eprintln!("the demo's server listens at {}", server.endpoint());
        eprintln!("access key {}, secret key {}", actor.id, actor.secret);
    }
    let report = run::run(&api, &selected, &cases, &arguments.output, &Replayed { options: "" }, None)?.kept()?;
    let exit = run::exit_of(&report, cases.inconclusive_max);
    if arguments.hold && !report.interrupted() {
        eprintln!("the server stays up until Ctrl-C");
        let stop = run::stop_on_ctrl_c();
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(HOLD_TICK);
        }
    }
    let confirmed = exit == Exit::Diverges && !report.interrupted();
    Ok(if confirmed { Exit::Conforms } else { exit })
}

/// The plugin that the demo shows: the one named, or the first that has a server.
pub(super) fn demo_plugin<'p>(plugins: &'p [Plugin], name: Option<&str>) -> Result<&'p Plugin, Error> {
    let with_server = || plugins.iter().filter(|plugin| plugin.demo_server.is_some());
    let found = with_server().find(|plugin| name.is_none_or(|name| plugin.name == name));
    found.ok_or_else(|| {
        let known: Vec<&str> = with_server().map(|plugin| plugin.name).collect();
        Error::usage(
            "there is no demo server for that API",
            format!("there are demo servers for: {}", known.join(", ")),
        )
    })
}

/// Starts the demo's server and selects it.
pub(super) fn start(plugin: &Plugin, api: &Api) -> Result<(Box<dyn DemoServer>, Selected), Error> {
    let Some(start) = plugin.demo_server else {
        return Err(Error::usage(format!("the API {} has no demo server", plugin.name), "name another API"));
    };
    let server = start().map_err(|error| Error::Internal(format!("start the demo's server: {error}")))?;
    let endpoint = select::parse_endpoint(&server.endpoint(), None).map_err(Error::Internal)?;
    let arguments = TargetArgs { safety: Some(Safety::Full), ..TargetArgs::default() };
    let flavour = api.flavours[0].name;
    let target = select::target(plugin, &arguments, DEMO_TARGET, &endpoint, flavour, vec![server.actor()]);
    let credentials = Credentials::fixed(&target.actors);
    Ok((server, Selected::new(target, endpoint, credentials)))
}
