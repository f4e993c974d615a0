//! From the command line and the configuration to one target.

mod client_certificate;
mod standing;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use miette::Report;
use plumb_model::api::Api;
use plumb_model::wire::Actor;
use plumb_validator::meter::Daily;
use plumb_validator::plugin::Plugin;
use plumb_validator::pool::Standing;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{Endpoint, SendLimits, Trust};
use toml::Spanned;

use crate::cli::TargetArgs;
use crate::config::{Config, TargetConfig};
use crate::credentials::{Credentials, CredentialsError};
use crate::error::Error;
use crate::kill_switch::Settings;
use crate::restart::{RESTART_TIMEOUT, Restart, Restarter};
use crate::versions::Versions;

/// How much of a body is read, in bytes.
const BODY_BYTES_MAX: usize = 64 << 20;

/// A target with its endpoint, ready to connect.
#[derive(Debug)]
pub struct Selected {
    /// The target.
    pub target: Target,
    /// Its endpoint.
    pub endpoint: Endpoint,
    /// How it is restarted where it dies; none where nobody said how.
    pub restart: Option<Restart>,
    /// The header in which it tells its version.
    pub version_header: Option<String>,
    /// Where it tells its version as text.
    pub version_path: Option<String>,
    /// What the platform team keeps there for scenarios to borrow parts of.
    pub pool: Vec<Standing>,
    /// Where the identities of the target come from, for whoever lives longer than they do.
    pub credentials: Credentials,
    /// Where the kill switch is.
    pub kill_switch: Settings,
    /// What may be sent there in a day.
    pub daily: Daily,
    /// Which versions it has told.
    pub versions: Versions,
}

impl Selected {
    /// A target of which nothing else is configured.
    pub fn new(target: Target, endpoint: Endpoint, credentials: Credentials) -> Self {
        let (kill_switch, daily) = (Settings::default(), Daily::default());
        let (restart, version_header, version_path, pool) = (None, None, None, Vec::new());
        let versions = Versions::default();
        Self {
            target,
            endpoint,
            restart,
            version_header,
            version_path,
            pool,
            credentials,
            kill_switch,
            daily,
            versions,
        }
    }

    /// What brings the target back where it dies.
    pub fn restarter(&self) -> Option<Restarter> {
        self.restart.clone().map(Restarter::new)
    }
}

/// The plugin of the API called `name`.
pub fn plugin<'p>(plugins: &'p [Plugin], name: &str) -> Result<&'p Plugin, Error> {
    plugins.iter().find(|plugin| plugin.name == name).ok_or_else(|| {
        let known: Vec<&str> = plugins.iter().map(|plugin| plugin.name).collect();
        Error::usage(format!("there is no API {name:?}"), format!("there are: {}", known.join(", ")))
    })
}

/// The flavour called `name`, or the first.
pub fn flavour(api: &Api, name: Option<&str>) -> Result<&'static str, Error> {
    let Some(name) = name else { return Ok(api.flavours[0].name) };
    api.flavour(name).map(|flavour| flavour.name).ok_or_else(|| unknown_flavour(api, name))
}

fn unknown_flavour(api: &Api, name: &str) -> Error {
    Error::usage(format!("the API {} has no flavour {name:?}", api.name), known_flavours(api))
}

fn known_flavours(api: &Api) -> String {
    let known: Vec<String> = api.flavours.iter().map(|own| format!("{} ({})", own.name, own.about)).collect();
    format!("there are: {}", known.join(", "))
}

/// Checks that the operations exist.
pub fn check_operations(api: &Api, names: &[String]) -> Result<(), Error> {
    match names.iter().find(|name| api.operation(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = api.operations.iter().map(|operation| operation.name).collect();
            let message = format!("the API {} has no operation {name:?}", api.name);
            Err(Error::usage(message, format!("there are: {}", known.join(", "))))
        }
    }
}

/// Which API the arguments speak of: `--api`, or what the target's configuration says.
pub fn api_name(arguments: &TargetArgs, config: &Config) -> Result<String, Error> {
    match (&arguments.api, &arguments.target) {
        (Some(api), _) => Ok(api.clone()),
        (None, Some(target)) => Ok(config.target(target)?.api.get_ref().clone()),
        (None, None) => Err(Error::usage("no API is named", "add --api NAME, or name a target from plumb.toml")),
    }
}

/// The target that the arguments name.
pub fn select(plugin: &Plugin, api: &Api, arguments: &TargetArgs, config: &Config) -> Result<Selected, Error> {
    match (&arguments.endpoint_url, &arguments.target) {
        (Some(url), None) => {
            let selected = from_url(plugin, api, arguments, url)?;
            Ok(Selected { kill_switch: Settings::of(config)?, ..selected })
        }
        (None, Some(name)) => from_config(plugin, api, arguments, config, name),
        _ => Err(Error::usage("no target is named", "add --endpoint-url URL, or --target NAME from plumb.toml")),
    }
}

fn from_url(plugin: &Plugin, api: &Api, arguments: &TargetArgs, url: &str) -> Result<Selected, Error> {
    let mut endpoint = parse_endpoint(url, arguments.ca.as_deref())
        .map_err(|reason| Error::usage(reason, "an endpoint looks like http://127.0.0.1:9000"))?;
    if let Some(address) = arguments.connect_to {
        endpoint = endpoint.connecting_to(address);
    }
    let credentials = Credentials::from_env(plugin, api)?;
    let actors = credentials.current(now_ms()).map_err(CredentialsError::into_usage)?;
    let flavour = flavour(api, arguments.flavour.as_deref())?;
    let mut target = target(plugin, arguments, "endpoint", &endpoint, flavour, actors);
    credentials.configure_region(plugin, arguments.region.as_deref(), &mut target);
    Ok(Selected::new(target, endpoint, credentials))
}

fn from_config(
    plugin: &Plugin,
    api: &Api,
    arguments: &TargetArgs,
    config: &Config,
    name: &str,
) -> Result<Selected, Error> {
    let own = config.target(name)?;
    if own.api.get_ref() != api.name {
        let message = format!("the target {name:?} offers the API {:?}, not {:?}", own.api.get_ref(), api.name);
        return Err(config.error_at(&own.api, message, "leave --api out, or name another target"));
    }
    let ca = arguments.ca.as_deref().or(own.ca.as_deref());
    let endpoint = connecting_to(configured_endpoint(config, own, ca)?, arguments, config, own)?;
    let credentials = Credentials::open(plugin, api, config, name)?;
    let actors = credentials.current(now_ms()).map_err(CredentialsError::into_usage)?;
    let mut target =
        target(plugin, arguments, name, &endpoint, configured_flavour(api, arguments, config, own)?, actors);
    credentials.configure_region(plugin, arguments.region.as_deref().or(own.region.as_deref()), &mut target);
    configure(&mut target, arguments, config, own)?;
    let pool = standing::configured(api, config, own, &target)?;
    let version_header = own.version_header.as_ref().map(|name| name.get_ref().to_ascii_lowercase());
    let (restart, kill_switch) = (configured_restart(config, own)?, Settings::of(config)?);
    let (version_path, daily) = (version_path(config, own)?, daily(config, own)?);
    let selected = Selected::new(target, endpoint, credentials);
    Ok(Selected { restart, version_header, version_path, pool, kill_switch, daily, ..selected })
}

/// The endpoint, reached at the address that somebody names: Host and the name in TLS stay as they are.
fn connecting_to(
    endpoint: Endpoint,
    arguments: &TargetArgs,
    config: &Config,
    own: &TargetConfig,
) -> Result<Endpoint, Error> {
    let address = match (arguments.connect_to, &own.connect_to) {
        (None, None) => return Ok(endpoint),
        (Some(address), _) => address,
        (None, Some(text)) => {
            parse_address(text.get_ref()).map_err(|reason| config.error_at(text, reason, ADDRESS_HELP))?
        }
    };
    Ok(endpoint.connecting_to(address))
}

/// How an address is written.
pub const ADDRESS_HELP: &str = "an address looks like 10.0.0.7:443 or [2001:db8::7]:443; names are not looked up here";

/// Reads an address to connect to; the error says what is wrong.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no IP address with a port"))
}

fn version_path(config: &Config, own: &TargetConfig) -> Result<Option<String>, Error> {
    let Some(path) = &own.version_path else { return Ok(None) };
    let plain = |character: char| character.is_ascii_graphic() && character != '#';
    if path.get_ref().starts_with('/') && path.get_ref().chars().all(plain) {
        return Ok(Some(path.get_ref().clone()));
    }
    Err(config.error_at(path, "this is no path", "version_path = \"/version\""))
}

fn configured_endpoint(config: &Config, own: &TargetConfig, ca: Option<&Path>) -> Result<Endpoint, Error> {
    let url = own.endpoint.get_ref();
    let endpoint = parse_endpoint(url, ca)
        .map_err(|reason| config.error_at(&own.endpoint, reason, "an endpoint looks like https://host:9000"))?;
    match client_certificate::read(config, own, ca)? {
        None => Ok(endpoint),
        Some(trust) => Endpoint::parse(url, Some(trust))
            .map_err(|error| config.error_at(&own.endpoint, error.to_string(), "is it the right certificate?")),
    }
}

fn configured_flavour(
    api: &Api,
    arguments: &TargetArgs,
    config: &Config,
    own: &TargetConfig,
) -> Result<&'static str, Error> {
    match (&arguments.flavour, &own.flavour) {
        (None, Some(name)) => api.flavour(name.get_ref()).map(|flavour| flavour.name).ok_or_else(|| {
            let message = format!("the API {} has no flavour {:?}", api.name, name.get_ref());
            config.error_at(name, message, known_flavours(api))
        }),
        (given, _) => flavour(api, given.as_deref()),
    }
}

/// What the configuration says and the command line does not overrule.
fn configure(target: &mut Target, arguments: &TargetArgs, config: &Config, own: &TargetConfig) -> Result<(), Error> {
    target.exclusive = own.exclusive;
    if let (None, Some(region)) = (&arguments.region, &own.region) {
        region.clone_into(&mut target.region);
    }
    if let (None, Some(safety)) = (arguments.safety, &own.safety) {
        target.safety = safety
            .get_ref()
            .parse()
            .map_err(|reason: String| config.error_at(safety, reason, "the safe default is read-only"))?;
    }
    if let (None, Some(timeout)) = (arguments.timeout, &own.timeout) {
        target.limits = limits(time(config, timeout)?);
    }
    Ok(())
}

fn time(config: &Config, text: &Spanned<String>) -> Result<Duration, Error> {
    humantime::parse_duration(text.get_ref())
        .map_err(|error| config.error_at(text, error.to_string(), "a time looks like 30s"))
}

/// What may be sent in a day.
fn daily(config: &Config, own: &TargetConfig) -> Result<Daily, Error> {
    let most = |budget: &Option<Spanned<u64>>| match budget {
        Some(most) if *most.get_ref() == 0 => {
            let help = "leave it out for no budget; to send nothing, set the kill switch: plumb kill halt";
            Err(config.error_at(most, "a budget of nothing would say nothing", help))
        }
        other => Ok(other.as_ref().map(|most| *most.get_ref())),
    };
    Ok(Daily { requests: most(&own.requests_per_day)?, bytes: most(&own.bytes_per_day)? })
}

fn configured_restart(config: &Config, own: &TargetConfig) -> Result<Option<Restart>, Error> {
    let timeout = own.restart_timeout.as_ref().map(|text| time(config, text)).transpose()?;
    let Some(command) = &own.restart else {
        let alone = own.restart_timeout.as_ref().map(|text| {
            config.error_at(text, "there is no restart to wait for", "add restart = [\"command\", \"argument\"]")
        });
        return alone.map_or(Ok(None), Err);
    };
    if command.get_ref().first().is_none_or(String::is_empty) {
        let help = "a restart looks like [\"systemctl\", \"restart\", \"my-server\"]";
        return Err(config.error_at(command, "the restart names no command", help));
    }
    Ok(Some(Restart { command: command.get_ref().clone(), timeout: timeout.unwrap_or(RESTART_TIMEOUT) }))
}

/// A target at `endpoint` with the defaults for what the arguments leave open.
pub fn target(
    plugin: &Plugin,
    arguments: &TargetArgs,
    name: &str,
    endpoint: &Endpoint,
    flavour: &'static str,
    actors: Vec<Actor>,
) -> Target {
    let (scheme, _) = endpoint.url().split_once("://").unwrap_or(("http", ""));
    let default_safety = if is_loopback(endpoint.host_header()) { Safety::Full } else { Safety::ReadOnly };
    Target {
        name: name.to_owned(),
        scheme: scheme.to_owned(),
        authority: endpoint.host_header().to_owned(),
        region: region(plugin, arguments.region.as_deref()),
        flavour,
        actors,
        safety: arguments.safety.unwrap_or(default_safety),
        exclusive: false,
        limits: arguments.timeout.map_or_else(|| limits(Duration::from_secs(30)), limits),
    }
}

/// The region: given, or from the environment, or the API's default.
pub fn region(plugin: &Plugin, given: Option<&str>) -> String {
    let from_env = || {
        let (variable, default) = plugin.region?;
        Some(std::env::var(variable).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned()))
    };
    given.map(str::to_owned).or_else(from_env).unwrap_or_default()
}

const fn limits(time: Duration) -> SendLimits {
    SendLimits { first_byte: time, total: time, body_bytes_max: BODY_BYTES_MAX }
}

/// Reads an endpoint; the error says what is wrong.
pub fn parse_endpoint(url: &str, ca: Option<&Path>) -> Result<Endpoint, String> {
    let trust = match ca {
        None => None,
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
            Some(Trust::with_extra_roots(&pem).map_err(|error| error.to_string())?)
        }
    };
    Endpoint::parse(url, trust).map_err(|error| error.to_string())
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn is_loopback(authority: &str) -> bool {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let host = bracketed.map_or_else(|| authority.split(':').next().unwrap_or(authority), |(host, _)| host);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Prints an error on standard error, with place and remedy.
pub fn print_error(error: Error) {
    eprintln!("{:?}", Report::new(error));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (authority, loopback) in [
            ("127.0.0.1:9000", true),
            ("localhost", true),
            ("[::1]:80", true),
            ("[::1]", true),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1:80", false),
            ("localhost.example.com:80", false),
        ] {
            assert_eq!(is_loopback(authority), loopback, "{authority}");
        }
    }
}
