//! The model itself as a target: features without a server.

use std::sync::Arc;

use plumb_model::api::Api;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::clock::SystemClock;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::plugin::Plugin;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, SendLimits, Transport};

/// The name of the target that is the model itself.
pub const MODEL_TARGET: &str = "model";
/// A host that can be nobody's (RFC 6761 section 6.4).
const AUTHORITY: &str = "model.invalid";

/// The model itself as a target, in this process.
pub struct ModelTarget<'a> {
    /// The target.
    pub target: Target,
    transport: Arc<MemoryTransport<'a>>,
}

impl<'a> ModelTarget<'a> {
    /// A server made from the model of `api`, with the identities that `plumb serve` knows.
    pub fn new(plugin: &Plugin, api: &'a Api, flavour: &'static str, region: String) -> Self {
        let actors = if api.signed { plugin.serve_actors.map_or_else(two_actors, |own| own()) } else { Vec::new() };
        let options =
            ServerOptions { flavour, region: region.clone(), actors: actors.clone(), answers: Answers::Preferred };
        let server = ModelServer::new(api, options, None);
        let target = Target {
            name: MODEL_TARGET.to_owned(),
            scheme: "http".to_owned(),
            authority: AUTHORITY.to_owned(),
            region,
            flavour,
            actors,
            safety: Safety::Full,
            exclusive: false,
            limits: SendLimits::default(),
        };
        Self { target, transport: Arc::new(MemoryTransport::new(server, Arc::new(SystemClock))) }
    }

    /// A way to it.
    pub fn connect(&self) -> Box<dyn Transport + 'a> {
        Box::new(Arc::clone(&self.transport))
    }
}

/// Identities for an API that brings none.
fn two_actors() -> Vec<Actor> {
    let actor = |name: &str| Actor {
        name: name.to_owned(),
        id: format!("MODEL-{}", name.to_uppercase()),
        secret: format!("secret-of-{name}"),
        session_token: None,
    };
    vec![actor("default"), actor(SECOND_ACTOR)]
}
