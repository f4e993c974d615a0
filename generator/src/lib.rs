//! Makes the cases nobody thought of, and makes failing ones small.
//!
//! Everything is a pure function of the API, the seed and the suite: no network, no clock.
//!
//! [`suites`] turns the space of each operation into cases, by way of [`covering`] arrays; [`workflows`] walks through
//! many operations as customers do, by [`weights`] that [`traffic`] teaches. [`minimise`] cuts a failing case down while
//! a closure still sees it fail, and [`localise`] names the choices that make it fail. [`capabilities`] tells which few
//! cases show what a target lacks as a whole. [`pict`] reads the models of others, and [`shard`] deals suites out.

pub mod suites;

pub mod covering;
pub mod pict;
pub mod shard;

pub mod traffic;
pub mod weights;
pub mod workflows;

pub mod localise;
pub mod minimise;

pub mod capabilities;
