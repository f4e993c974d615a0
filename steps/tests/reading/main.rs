//! Feature files: what they say, and what is said of those that cannot be read.

mod files;
mod hostile;
mod mistakes;
mod scenarios;
mod whole;
