//! Files that a user names, read within bounds whatever they turn out to be.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The text of a file of at most `bytes_max` bytes. A device or a pipe is read no further than that either.
pub fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    read(File::open(path)?, bytes_max)
}

/// The same, where `-` stands for standard input.
pub fn read_text_or_stdin(path: &Path, bytes_max: u64) -> io::Result<String> {
    if path == Path::new("-") { read(io::stdin(), bytes_max) } else { read_text(path, bytes_max) }
}

fn read(from: impl io::Read, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(bytes_max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it is longer than {bytes_max} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_refused() {
        let error = read_text(Path::new("/dev/zero"), 1_000).expect_err("it has no end");
        assert_eq!(error.to_string(), "it is longer than 1000 bytes");
    }
}
