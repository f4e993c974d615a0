//! Makes the cases nobody thought of, and makes failing ones small.
//!
//! Everything is a pure function of the API, the seed and the suite: no network, no clock. [`suites`] turns the
//! space of each operation into cases; [`minimise`] cuts a failing case down while a closure still sees it fail;
//! [`capabilities`] tells which few cases show what a target lacks as a whole.

pub mod capabilities;
pub mod covering;
pub mod minimise;
pub mod suites;
pub mod traffic;
