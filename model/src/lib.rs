//! The words of Plumbline as plain data, the traits an API author writes, and the judge.
//!
//! Nothing here does I/O, reads a clock or draws random numbers of its own: whoever runs a case passes time,
//! seed and bytes in. An author writes a [`model::Model`] (what may each call answer?) and a [`wire::Wire`]
//! (calls to bytes and back) and bundles them as an [`api::Api`]; a [`belief::Belief`] then follows a live
//! service answer by answer and tells the first one that no outcome permits.
//!
//! ```
//! use plumb_model::call::Call;
//! use plumb_model::value::{Function, Value};
//!
//! // "Write only if the entry is still the one I read": relative values, the same in every run.
//! let call = Call::new("Put")
//!     .with("key", Value::resource("key", "a"))
//!     .with("if-match", Value::symbol("read", "revision").apply(Function::Unquoted));
//! assert_eq!(call.argument("key"), Some(&Value::resource("key", "a")));
//! ```

pub mod answer;
pub mod api;
pub mod belief;
pub mod bodies;
pub mod call;
pub mod capability;
pub mod expectation;
pub mod fault;
pub mod http;
pub mod judge;
pub mod model;
pub mod plant;
pub mod realise;
pub mod seen;
pub mod space;
pub mod text;
pub mod time;
pub mod traffic;
pub mod value;
pub mod wire;
