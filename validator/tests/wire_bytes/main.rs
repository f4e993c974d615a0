//! What really stands on the socket, and what a caller learns when no answer comes.

mod canary;
mod failures;
mod phases;
mod reuse;
mod server;
mod tls;
mod unchanged;
