//! A candidate and a baseline behind real nginx, one of which holds requests back.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::gated::{decides, gate, says, target};
use crate::support::{Home, Served, until};

/// A running nginx that passes everything on.
struct Nginx {
    process: Child,
    url: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Nginx {
    /// One before `upstream`; `rate` holds back whatever comes faster than so many requests a second.
    fn new(home: &Home, name: &str, upstream: &str, rate: Option<u32>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let folder = home.path(name);
        fs::create_dir(&folder).expect("a folder");
        let (zone, limit) = rate.map_or_else(Default::default, |rate| {
            (
                format!("limit_req_zone $binary_remote_addr zone=slow:1m rate={rate}r/s;"),
                "limit_req zone=slow burst=1000;",
            )
        });
        let at = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\nevents {{}}\nhttp {{ access_log off; {zone}\n\
             client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; \
             scgi_temp_path {at}/s;\nserver {{ listen 127.0.0.1:{port}; location / {{ {limit} proxy_pass {upstream}; \
             proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n"
        );
        fs::write(folder.join("nginx.conf"), config).expect("a configuration");
        let mut command = Command::new("nginx");
        command.args(["-c", &folder.join("nginx.conf").display().to_string(), "-p", &at.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx starts");
        until("nginx", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }
}

#[test]
fn a_delay_behind_nginx_blocks_and_the_same_nginx_twice_does_not() {
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no nginx on this machine");
        return;
    }
    let home = Home::new();
    let server = Served::kv(&home);
    let (plain, slow) =
        (Nginx::new(&home, "plain", &server.url, None), Nginx::new(&home, "slow", &server.url, Some(200)));
    let more = "suites = { strength = 1, workflows = 20 }\nminimum = 20\nbaseline = \"live\"\nworkers = 1\n\
        baseline_limits = { alpha = 0.0001, failures_more = 0.01, slower = 1.5, tail = 10.0, calls_min = 50 }\n";
    home.write("plumb.toml", target("kv", &slow.url, "") + &target("live", &plain.url, "") + &gate(more));
    says(&decides(&home, &[], "fail"), "baseline", "fail", "longer");
    home.write("plumb.toml", target("kv", &plain.url, "") + &target("live", &plain.url, "") + &gate(more));
    says(&decides(&home, &["--self"], "pass"), "baseline", "pass", "");
}
