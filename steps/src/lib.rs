//! Given, When and Then over the one road.
//!
//! [`feature`] reads feature files into scenarios, [`registry`] binds their steps to functions, [`executor`] plays them.
//! A function is written with the macros of the `cucumber` crate over [`world::World`]; everything it does to the
//! service goes through the world, so it is guarded, judged by the model and kept as a case:
//!
//! ```
//! use cucumber::{then, when};
//! use plumb_model::call::Call;
//! use plumb_model::expectation::{Expectation, Matcher};
//! use plumb_model::value::Value;
//! use plumb_steps::World;
//!
//! #[when(expr = "{word} stores {string} under {string}")]
//! async fn stores(world: &mut World, who: String, value: String, key: String) {
//!     let who = world.persona(&who);
//!     let call = Call::new("Put").with("key", Value::resource("key", &key)).with("value", value.as_str());
//!     world.call_as(&who, call).await;
//! }
//!
//! #[then(expr = "the revision is {string}")]
//! async fn revision_is(world: &mut World, revision: String) {
//!     let expected = world.as_answered().header("etag", Matcher::is(revision));
//!     world.expect(expected).await;
//! }
//! ```

pub mod calls;
pub mod executor;
pub mod failure;
pub mod feature;
pub mod http;
mod line;
pub mod played;
pub mod registry;
pub mod world;

pub use failure::fail;
pub use world::{Persona, World};

/// The phrases of this crate, which fit every API: requests written by hand ([`http`]) and calls by name ([`calls`]).
pub const fn source() -> registry::Source {
    registry::Source { api: None, file: file!() }
}
