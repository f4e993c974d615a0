//! The server that pipelines ask, over real sockets: what it answers, what it starts, and what it does not lose.

mod access;
mod argo;
mod child;
mod docs;
mod expression;
mod fixture;
mod flagger;
mod hostile;
mod keeping;
mod once;
mod restart;
