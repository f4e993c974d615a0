//! Overrides: what counts, what is refused, and that nothing of what others wrote is lost.

mod entries;
mod file;
