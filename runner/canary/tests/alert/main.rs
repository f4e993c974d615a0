//! Who is told what, and when: tables of slots, and what is said at each.

mod endpoint;
mod own;
mod quiet;
mod restart;
mod rules;
mod scene;
