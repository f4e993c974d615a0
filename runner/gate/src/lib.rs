//! Go or no go.
//!
//! What a gate sees is carried out elsewhere. Here it is added up: a [`decision`] is a list of checks, each of which passes,
//! fails or says nothing, and a verdict that can pass only where every check did and there was one. Two targets are held
//! against each other in [`stats`]. Who answers for going on all the same says so in a file of [`overrides`], and what comes
//! of it all is told to people and pipelines by [`render`]. Pipelines that run elsewhere ask the server in [`serve`].
//!
//! Nothing here knows of an API, or of how anything is sent.

pub mod decision;
pub mod overrides;
pub mod render;
pub mod serve;
pub mod stats;
pub mod verdict;
