//! `plumb ask`: what may this call answer?

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case};
use plumb_model::http::{Headers, Request};
use plumb_model::model::{ErasedState, Outcome};
use plumb_model::seen::{Bindings, resolve_call};
use plumb_model::time::Interval;
use plumb_model::value::Value;
use plumb_model::wire::Receiving;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::names::{CaseNames, RunId};
use plumb_validator::plugin::Plugin;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::SendLimits;
use serde_json::json;

use crate::cli::AskArgs;
use crate::error::{Error, Exit};
use crate::input::read_text;
use crate::output;
use crate::select;

/// The longest request that is read, in bytes.
const REQUEST_BYTES_MAX: u64 = 64 << 20;

/// Carries the command out.
pub(super) fn ask(plugins: &[Plugin], arguments: &AskArgs) -> Result<Exit, Error> {
    let plugin = select::plugin(plugins, &arguments.api)?;
    let api = (plugin.api)();
    let target = offline_target(plugin, &api, arguments)?;
    let bodies = Bodies::new();
    let now_ms = SystemClock.unix_ms();
    let mut belief = Belief::new(api.model.initial(&[]));
    let mut world = World { api: &api, target: &target, bodies: &bodies, now_ms };
    if let Some(path) = &arguments.after {
        belief = world.after(belief, &read_case(path, &api)?)?;
    }
    let (call, actor) = match &arguments.http {
        Some(path) => world.read_http(path)?,
        None => (parse_call(&api, &arguments.call)?, target.actors.first().map(|actor| actor.id.clone())),
    };
    let call = world.resolve(&call, &belief.bindings())?;
    let outcomes = world.permitted(&belief, "asked", &call, actor.as_deref())?;
    let permitted: Vec<_> = outcomes.iter().map(outcome_json).collect();
    let answer = json!({
        "schema": "plumb.ask/1",
        "api": api.name,
        "flavour": target.flavour,
        "call": call,
        "permitted": permitted,
    });
    output::print(&format!("{answer:#}\n"))?;
    Ok(Exit::Conforms)
}

fn outcome_json(outcome: &Outcome<ErasedState>) -> serde_json::Value {
    json!({
        "class": outcome.expectation.class(),
        "basis": outcome.ground.basis,
        "source": outcome.ground.source,
        "changes_state": outcome.state.is_some(),
        "answer": outcome.expectation,
        "unconstrained": plumb_model::judge::unconstrained(&outcome.expectation),
    })
}

/// A target that nothing is sent to: it only gives names, flavour and identities.
fn offline_target(plugin: &Plugin, api: &Api, arguments: &AskArgs) -> Result<Target, Error> {
    Ok(Target {
        name: "model".into(),
        scheme: "http".into(),
        authority: "model.invalid".into(),
        region: select::region(plugin, arguments.region.as_deref()),
        flavour: select::flavour(api, arguments.flavour.as_deref())?,
        actors: plugin.serve_actors.map(|actors| actors()).unwrap_or_default(),
        safety: Safety::Full,
        exclusive: true,
        limits: SendLimits::default(),
    })
}

struct World<'a> {
    api: &'a Api,
    target: &'a Target,
    bodies: &'a Bodies,
    now_ms: i64,
}

impl World<'_> {
    fn resolve(&self, call: &Call, bindings: &Bindings) -> Result<Call, Error> {
        let mut names = CaseNames::new(self.api, self.target, RunId::new(0).case_marker(0));
        names.set_now_s(self.now_ms.div_euclid(1000));
        resolve_call(call, &names, bindings, self.bodies).map_err(|error| {
            Error::usage(format!("failed to {error}"), "symbols need --after FILE with the call that answers them")
        })
    }

    fn sent<'s>(&'s self, id: &'s str, call: &'s Call, actor: Option<&'s str>) -> Sent<'s> {
        let (time, flavour) = (Interval::at_ms(self.now_ms), self.target.flavour);
        Sent { id, call, actor, flavour, region: &self.target.region, time, bodies: self.bodies, reads: false }
    }

    fn permitted(
        &self,
        belief: &Belief,
        id: &str,
        call: &Call,
        actor: Option<&str>,
    ) -> Result<Vec<Outcome<ErasedState>>, Error> {
        belief
            .permitted(&*self.api.model, &self.sent(id, call, actor))
            .map_err(|error| Error::Internal(error.to_string()))
    }

    /// The belief after a case in which every call had its preferred outcome.
    fn after(&mut self, mut belief: Belief, case: &Case) -> Result<Belief, Error> {
        if let Some(name) = case.actors().find(|name| self.target.actor(Some(name)).is_none()) {
            return Err(Error::usage(format!("the model has no identity {name:?}"), known_actors(self.target)));
        }
        for turn in &case.calls {
            let actor = self.target.actor(turn.actor.as_deref()).map(|actor| actor.id.clone());
            let call = self.resolve(&turn.call, &belief.bindings())?;
            let outcomes = self.permitted(&belief, &turn.id, &call, actor.as_deref())?;
            if let Some(state) = outcomes.into_iter().next().and_then(|outcome| outcome.state) {
                belief = Belief::new(state);
            }
        }
        Ok(belief)
    }

    fn read_http(&self, path: &Path) -> Result<(Call, Option<String>), Error> {
        let request = read_request(path)?;
        let receiving = Receiving {
            region: &self.target.region,
            actors: &self.target.actors,
            now_s: self.now_ms.div_euclid(1000),
            bodies: self.bodies,
        };
        let received = self.api.wire.decode_request(&request, &receiving);
        let received = received.map_err(|error| {
            Error::usage(format!("failed to {error}"), "the model has no operation for this request")
        })?;
        Ok((received.call, received.actor))
    }
}

fn known_actors(target: &Target) -> String {
    let known: Vec<&str> = target.actors.iter().map(|actor| actor.name.as_str()).collect();
    format!("there are: {}", known.join(", "))
}

fn parse_call(api: &Api, words: &[String]) -> Result<Call, Error> {
    let (first, rest) =
        words.split_first().ok_or_else(|| Error::usage("no call is given", "try: plumb ask --api kv Get key=a"))?;
    let call = if first.trim_start().starts_with('{') {
        serde_json::from_str(first).map_err(|error| {
            Error::usage(
                format!("the call is not right: {error}"),
                "{\"operation\": NAME, \"with\": {ARGUMENT: VALUE}}",
            )
        })?
    } else {
        let mut call = Call::new(first.clone());
        for word in rest {
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| Error::usage(format!("{word:?} is no argument"), "arguments look like name=value"))?;
            call = call.with(name.to_owned(), Value::from(value));
        }
        call
    };
    select::check_operations(api, &[call.operation.to_string()])?;
    check_arguments(api, &call)?;
    Ok(call)
}

/// An argument that no choice of the operation gives is a slip of the pen: the answer would be to another question.
fn check_arguments(api: &Api, call: &Call) -> Result<(), Error> {
    let choices =
        api.operation(&call.operation).into_iter().flat_map(|own| &own.space.dimensions).flat_map(|own| &own.choices);
    let known: BTreeSet<&str> = choices.flat_map(|choice| choice.arguments.iter().map(|(name, _)| &**name)).collect();
    match call.arguments.keys().find(|name| !known.contains(&***name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = known.into_iter().collect();
            let message = format!("{} has no argument {name:?}", call.operation);
            Err(Error::usage(message, format!("there are: {}", known.join(", "))))
        }
    }
}

fn read_case(path: &Path, api: &Api) -> Result<Case, Error> {
    let refused = |error| Error::file("read", path, error, "name a file with a case");
    let text = read_text(path, REQUEST_BYTES_MAX).map_err(refused)?;
    let wrong = |reason: String| {
        Error::usage(format!("failed to read {}: {reason}", path.display()), "name a file with a case")
    };
    let case: Case = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    case.check().map_err(|error| wrong(error.to_string()))?;
    if case.api == api.name { Ok(case) } else { Err(wrong(format!("it is of the API {:?}", case.api))) }
}

fn read_request(path: &Path) -> Result<Request, Error> {
    let refused = |error| Error::file("read", path, error, "name a file with a raw HTTP request, or -");
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(REQUEST_BYTES_MAX).read_to_end(&mut bytes).map_err(refused)?;
    } else {
        let file = std::fs::File::open(path).map_err(refused)?;
        file.take(REQUEST_BYTES_MAX).read_to_end(&mut bytes).map_err(refused)?;
    }
    request(&bytes).ok_or_else(|| {
        Error::usage("that is no HTTP/1.1 request", "METHOD TARGET HTTP/1.1, header lines, an empty line, the body")
    })
}

fn request(bytes: &[u8]) -> Option<Request> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(head) = parsed.parse(bytes).ok()? else { return None };
    let mut headers = Headers::default();
    for field in parsed.headers.iter() {
        headers.push(field.name.to_ascii_lowercase(), Bytes::copy_from_slice(field.value));
    }
    Some(Request {
        method: parsed.method?.to_owned().into(),
        target: parsed.path?.as_bytes().to_vec(),
        headers,
        body: Bytes::copy_from_slice(&bytes[head..]),
    })
}
