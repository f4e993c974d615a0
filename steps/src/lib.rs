//! Feature files over a session: a team writes Given, When and Then, and nothing else.
//!
//! [`feature`] reads the files: pure, bounded, and with a place for every mistake.

pub mod feature;
