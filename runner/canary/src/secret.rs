//! Secrets are read when they are needed, so that they can change, and never shown.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::plan::{Secret, Text};

/// The most bytes that a secret has.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Why a secret cannot be had. Nothing of what was read is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment has no such variable, or it is no text.
    #[error("failed to read the secret in the environment variable {0}: it is not set, or no text")]
    Env(String),
    /// The file cannot be read.
    #[error("failed to read the secret in {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It is empty, too long, or no text.
    #[error("failed to read the secret in {place}: {what}")]
    Shape {
        /// Where it is.
        place: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Secret {
    /// What it is now, without white space around it.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => {
                let text = std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?;
                shaped(text.into_bytes(), || name.clone())
            }
            Self::File(path) => {
                let bytes = bounded(path).map_err(|error| SecretError::File { path: path.clone(), error })?;
                shaped(bytes, || path.display().to_string())
            }
        }
    }
}

impl Text {
    /// What it is now.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Open(text) => Ok(SecretString::from(text.clone())),
            Self::Secret(secret) => secret.read(),
        }
    }
}

/// A file up to a byte more than a secret may have. What is no file may never end.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn shaped(bytes: Vec<u8>, place: impl Fn() -> String) -> Result<SecretString, SecretError> {
    let refused = |what| SecretError::Shape { place: place(), what };
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(refused("it is longer than a secret may be"));
    }
    let text = SecretString::from(String::from_utf8(bytes).map_err(|_| refused("it is no text in UTF-8"))?);
    let trimmed = text.expose_secret().trim();
    if trimmed.is_empty() { Err(refused("it is empty")) } else { Ok(SecretString::from(trimmed.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, Secret) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, bytes).expect("a file");
        (folder, Secret::File(path))
    }

    #[test]
    fn a_secret_is_read_again_each_time_and_never_printed() {
        let (folder, secret) = file(b"  hunter2\n");
        let read = secret.read().expect("a secret");
        assert_eq!(read.expose_secret(), "hunter2");
        assert!(!format!("{read:?} {secret:?}").contains("hunter2"));
        std::fs::write(folder.path().join("token"), "hunter3").expect("a file");
        assert_eq!(secret.read().expect("a secret").expose_secret(), "hunter3");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_its_bytes() {
        let long = vec![b'x'; 64 * 1024 + 1];
        for (bytes, wanted) in [(&b" \n"[..], "empty"), (&[0xff, 0xfe][..], "no text"), (&long[..], "longer")] {
            let (_folder, secret) = file(bytes);
            let text = secret.read().expect_err("a refusal").to_string();
            assert!(text.contains(wanted) && text.len() < 200, "{text}");
        }
        assert!(Secret::Env("PLUMB_NO_SUCH_VARIABLE".to_owned()).read().is_err());
        assert!(Secret::File("/dev/zero".into()).read().is_err());
        assert!(Secret::File("/no/such/file".into()).read().is_err());
    }
}
