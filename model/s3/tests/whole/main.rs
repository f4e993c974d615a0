//! The whole crate from outside: the model as a server, its answers changed on purpose, its bytes made to harm.

mod harness;
mod mutants;
mod served;
mod wire;
