//! Scenarios as they are played: small features against the model's own server, and the exact result.

mod accepted;
mod called;
mod endings;
mod exported;
mod files;
mod hooks;
mod phrases;
mod reading;
mod requests;
mod said;
mod stage;
