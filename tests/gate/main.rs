//! `plumb gate` as a whole: real processes against real servers that are well, wrong, mixed or gone.

#[path = "../cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

mod front;
mod gated;

mod baseline;
mod evidence;
mod hostile;
mod nginx;
mod overridden;
mod refused;
mod reports;
mod served;
mod versions;
