//! A desk of tickets: an API of somebody else's, as its platform team would bring it to Plumbline.
//!
//! | request | answers |
//! |---|---|
//! | `PUT /tickets/{name}` with the subject | 201 with `ticket-number`; 409 `taken` |
//! | `GET /tickets/{name}` | 200 with `{"subject": text, "state": "open" or "closed"}` and its number; 404 `unknown` |
//! | `POST /tickets/{name}/close` | 204; 404 `unknown`; 409 `closed` |
//! | `DELETE /tickets/{name}` | 204; 404 `unknown` |
//!
//! A name is 1 to 64 of `a-z 0-9 -`. Whoever asks for anything else is told 404 `unknown`.

mod model;
mod operations;
mod resources;
mod steps;
mod wire;

use plumb_model::api::{Api, Flavour};
use plumb_model::fault::Precedence;
use plumb_validator::plugin::{CredentialForms, Plugin};

/// The API.
pub fn api() -> Api {
    Api {
        name: "tickets",
        about: "a desk of tickets",
        operations: operations::all(),
        capabilities: Vec::new(),
        flavours: &[Flavour { name: "standard", about: "as documented" }],
        model: Box::new(model::Desk),
        wire: Box::new(wire::TicketWire),
        resources: Box::new(resources::TicketResources),
        precedence: Precedence::new(&[]),
        plants: Vec::new(),
        signed: false,
    }
}

/// The plugin to register in `main`.
pub fn plugin() -> Plugin {
    Plugin {
        name: "tickets",
        api,
        actors_from_env: None,
        credentials: CredentialForms::NEUTRAL,
        region: None,
        demo_server: None,
        serve_actors: None,
        variables: None,
        steps: Some(steps::FILE),
        features: &[("features/tickets.feature", include_str!("../features/tickets.feature"))],
        log_formats: &[],
    }
}
