//! Canaries as a whole: the real daemon with a real configuration, against real servers that are well, ill or gone.

#[path = "../cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

mod daemon;
mod faults;
mod receiver;

mod budget;
mod credentials;
mod delivery;
mod findings;
mod full_disk;
mod healthy;
mod kills;
mod maintenance;
mod once;
mod outages;
mod refused;
mod reload;
mod switch;
