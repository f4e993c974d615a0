//! A server in processes of its own, which can be started again where it was.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Running, until};

/// How long one attempt to connect may take.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// A running server. It and whatever it started ends with this value.
pub(crate) struct Process {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The command that starts it again at this address.
    pub(crate) restart: Vec<String>,
    folder: TempDir,
}

impl Process {
    /// Starts the command that `command` gives for a port and a folder for data. Port 0 lets the server choose;
    /// it prints its address then.
    pub(crate) fn start(command: impl Fn(u16, &Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder for data");
        let line = |port| [starter(folder.path()), command(port, &data)].concat();
        let started = line(0);
        Running::start(Command::new(&started[0]).args(&started[1..]), b"").end().exits(0);
        let (mut address, output) = (None, folder.path().join("output"));
        until(&format!("the address of {:?}", command(0, &data)), || {
            address = fs::read_to_string(&output).ok().and_then(|text| printed_address(&text));
            address.is_some()
        });
        let address: SocketAddr = address.expect("an address");
        until(&format!("an answer of {address}"), || TcpStream::connect_timeout(&address, CONNECT_MAX).is_ok());
        Self { address, restart: line(address.port()), folder }
    }

    /// The process group of whichever start came last.
    fn group(&self) -> Option<u32> {
        fs::read_to_string(self.folder.path().join("group")).ok()?.trim().parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group() {
            let mut kill = Command::new("kill");
            // It may have died before; then there is nothing to end.
            _ = kill.args(["-KILL", "--", &format!("-{group}")]).output();
        }
    }
}

/// How a server is started in the background, by this test or by whoever has it started again.
fn starter(folder: &Path) -> Vec<String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/servers/start.sh");
    vec!["bash".to_owned(), script.display().to_string(), folder.display().to_string()]
}

/// The address on loopback in what a server printed, once its line is whole.
fn printed_address(text: &str) -> Option<SocketAddr> {
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut rest = lines.filter_map(|line| line.split_once("127.0.0.1:").map(|(_, rest)| rest));
    let port: String = rest.next()?.chars().take_while(char::is_ascii_digit).collect();
    format!("127.0.0.1:{port}").parse().ok()
}
