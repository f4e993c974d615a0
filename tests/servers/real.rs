//! The servers of other makers that S3 is tried on.

use plumb_model::wire::Actor;
use plumb_validator::plugin::DemoServer;

use super::process::Process;
use super::{Missing, install};

/// A running server.
pub(crate) struct RealServer {
    /// What it is called.
    pub(crate) name: &'static str,
    /// `http://127.0.0.1:port`.
    pub(crate) endpoint: String,
    /// An identity it knows.
    pub(crate) actor: Actor,
    /// The command that starts it again at the same address; none where it lives in this process.
    pub(crate) restart: Option<Vec<String>>,
    /// Whether some legal requests kill it.
    pub(crate) dies: bool,
    _life: Life,
}

impl DemoServer for RealServer {
    fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    fn actor(&self) -> Actor {
        self.actor.clone()
    }
}

/// What ends a server when it is dropped.
enum Life {
    Here(#[expect(dead_code, reason = "it is held to be dropped")] Box<dyn DemoServer>),
    Elsewhere(#[expect(dead_code, reason = "it is held to be dropped")] Process),
}

/// `s3s-fs`, in this process.
pub(crate) fn s3s_fs() -> Result<RealServer, Missing> {
    let start = plumb_s3_plugin::plugin().demo_server;
    let start = start.ok_or_else(|| Missing::Tool("built without the feature of the demo's server".to_owned()))?;
    let server = start().map_err(|error| Missing::Tool(format!("s3s-fs: {error}")))?;
    let (endpoint, actor) = (server.endpoint(), server.actor());
    Ok(RealServer { name: "s3s-fs", endpoint, actor, restart: None, dies: false, _life: Life::Here(server) })
}

/// `moto`, from Python. It knows everybody.
pub(crate) fn moto() -> Result<RealServer, Missing> {
    let python = install::python()?;
    let process = Process::start(|port, _| {
        // Unbuffered, so that the address comes at once.
        let words = ["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p"].map(str::to_owned);
        [vec![python.display().to_string()], words.to_vec(), vec![port.to_string()]].concat()
    });
    Ok(elsewhere("moto", ("testing", "testing"), process))
}

/// `s3rver`, from npm.
pub(crate) fn s3rver() -> Result<RealServer, Missing> {
    let script = install::s3rver()?;
    let process = Process::start(|port, data| {
        let (script, data) = (script.display().to_string(), data.display().to_string());
        ["node", &script, "--silent", "-a", "127.0.0.1", "-d", &data, "-p", &port.to_string()].map(str::to_owned).into()
    });
    // It writes each object to a file that is named like the key, and a name that is too long ends the process.
    Ok(RealServer { dies: true, ..elsewhere("s3rver", ("S3RVER", "S3RVER"), process) })
}

fn elsewhere(name: &'static str, (id, secret): (&str, &str), process: Process) -> RealServer {
    let actor = Actor { name: name.to_owned(), id: id.to_owned(), secret: secret.to_owned(), session_token: None };
    let (endpoint, restart) = (format!("http://{}", process.address), Some(process.restart.clone()));
    RealServer { name, endpoint, actor, restart, dies: false, _life: Life::Elsewhere(process) }
}
