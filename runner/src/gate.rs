//! `plumb gate`: may it go on?
//!
//! A gate is a few runs, down the road of `plumb conform` and `plumb test`, and what is demanded of them. [`config`] is how it
//! is written down, [`plan`] what that means; [`runs`] carries it out, or reads what earlier runs have left; [`standing`] holds
//! findings against what is known and what is accepted; [`live`] holds two targets against each other; [`questions`] asks one after the other. What the answers add
//! up to is `plumb_gate`'s to say.

pub mod config;
pub mod evidence;
pub mod known;
pub mod live;
pub mod plan;
pub mod questions;
pub mod runs;
pub mod standing;
