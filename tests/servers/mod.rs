//! Real servers and real clients: what they need is installed once, and each server ends with its test.
//!
//! All of it listens and speaks on loopback. What is installed lies below the build's folder and stays there, so
//! that only the first run downloads anything.

mod install;
mod process;
mod real;
mod trial;

pub(crate) use install::{program, python};
pub(crate) use real::{RealServer, moto, s3rver, s3s_fs};
pub(crate) use trial::{Missing, trial};
