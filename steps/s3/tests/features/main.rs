//! The features of S3, played against a server made from the model, in this process.

mod mistakes;
mod parse;
mod passing;
mod plants;
mod rules;
mod stage;
