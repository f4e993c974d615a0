//! Reading log files, line by line: no more than one line, or one entry of a document, is held.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use plumb_generator::traffic::combined::COMBINED;
use plumb_generator::traffic::har;
use plumb_generator::traffic::learn::Learner;
use plumb_generator::traffic::requests::REQUESTS;
use plumb_model::traffic::{LogFormat, Record};
use plumb_validator::plugin::Plugin;

use crate::error::Error;
use crate::learned::{FileRead, Unreadable};

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;
/// The longest HAR document that is read, in bytes.
const HAR_BYTES_MAX: u64 = 256 << 20;
/// The first lines of a file, which tell its format.
const DETECTED_LINES_MAX: usize = 20;
/// The most bytes that are looked at for it.
const DETECTED_BYTES_MAX: usize = 256 << 10;
/// The most unreadable lines that are shown.
const LINES_SHOWN_MAX: usize = 10;

/// The byte order mark, which some exporters put first.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A format of log files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// One with a request on each line.
    Lines(LogFormat),
    /// HAR.
    Har,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Lines(format) => format.name,
            Self::Har => har::HAR,
        }
    }
}

/// The formats that may be: the one called `name`, or all, those of the API first.
pub(super) fn formats(plugin: &Plugin, name: Option<&str>) -> Result<Vec<Format>, Error> {
    let common = [Format::Lines(REQUESTS), Format::Lines(COMBINED), Format::Har];
    let all: Vec<Format> = plugin.log_formats.iter().copied().map(Format::Lines).chain(common).collect();
    let Some(name) = name else { return Ok(all) };
    let known = all.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
    let named: Vec<Format> = all.into_iter().filter(|format| format.name() == name).collect();
    if named.is_empty() {
        return Err(Error::usage(format!("there is no log format {name:?}"), format!("there are: {known}")));
    }
    Ok(named)
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Intake {
    files: Vec<FileRead>,
    shown: Vec<Unreadable>,
}

impl Intake {
    /// Reads a file. One without a single readable line is an error.
    pub(super) fn read(&mut self, path: &Path, formats: &[Format], learner: &mut Learner<'_>) -> Result<(), Error> {
        let refused = |error| Error::file("read", path, error, "name a log file");
        let mut reader = BufReader::with_capacity(DETECTED_BYTES_MAX, File::open(path).map_err(refused)?);
        let start = reader.fill_buf().map_err(refused)?;
        let mark = if start.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let format = detected(&start[mark..], formats);
        reader.consume(mark);
        let mut file = Reading { intake: self, learner, read: FileRead::new(path, format.name()) };
        match format {
            Format::Har => file.document(reader),
            Format::Lines(format) => file.lines(reader, format).map_err(refused)?,
        }
        let read = file.read;
        if read.requests + read.left_out == 0 {
            return Err(self.nothing(path, format, formats, &read));
        }
        self.files.push(read);
        Ok(())
    }

    fn nothing(&self, path: &Path, format: Format, formats: &[Format], read: &FileRead) -> Error {
        let path = path.display();
        if read.unreadable == 0 {
            return Error::usage(format!("{path} holds no request"), "name a log file that has one");
        }
        let first = self.shown.iter().rev().find(|own| own.place.starts_with(&format!("{path}:")));
        let why = first.map_or_else(String::new, |own| format!("; at {}: {}", own.place, own.reason));
        let message = format!("no line of {path} can be read as {}{why}", format.name());
        let known = formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
        let help = if formats.len() > 1 {
            format!("the formats that are read: {known}; --log-format NAME reads it as that one")
        } else {
            "leave --log-format out to have the format found out".to_owned()
        };
        Error::usage(message, help)
    }

    /// The files, and the unreadable lines that are shown.
    pub(super) fn into_parts(self) -> (Vec<FileRead>, Vec<Unreadable>) {
        (self.files, self.shown)
    }
}

/// The format in which most of the first lines can be read; of two alike the one that comes first.
fn detected(start: &[u8], formats: &[Format]) -> Format {
    let mut lines: Vec<&[u8]> =
        start.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    lines.truncate(DETECTED_LINES_MAX);
    let readable = |format: &Format| match format {
        Format::Lines(format) => {
            lines.iter().filter(|line| (format.parse)(&String::from_utf8_lossy(line)).is_ok()).count()
        }
        Format::Har => usize::from(start.trim_ascii_start().starts_with(b"{")),
    };
    let mut best = (formats[0], readable(&formats[0]));
    for format in &formats[1..] {
        let count = readable(format);
        if count > best.1 {
            best = (*format, count);
        }
    }
    best.0
}

/// A file that is being read.
struct Reading<'i, 'l, 'a> {
    intake: &'i mut Intake,
    learner: &'l mut Learner<'a>,
    read: FileRead,
}

impl Reading<'_, '_, '_> {
    fn lines(&mut self, mut reader: impl BufRead, format: LogFormat) -> std::io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = (&mut reader).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(());
            }
            self.read.lines += 1;
            if length > LINE_BYTES_MAX {
                self.unreadable(self.read.lines, format!("it is longer than {LINE_BYTES_MAX} bytes"));
                skip_line(&mut reader)?;
            } else if !line.trim_ascii().is_empty() && !is_comment(&line) {
                let text = String::from_utf8_lossy(&line);
                self.take(self.read.lines, (format.parse)(text.trim_end_matches(['\r', '\n'])));
            }
        }
    }

    fn document(&mut self, reader: impl BufRead) {
        let read = har::each_entry(reader.take(HAR_BYTES_MAX), &mut |number, entry| {
            self.read.lines = number;
            self.take(number, entry.map(Some));
        });
        if let Err(reason) = read {
            self.unreadable(self.read.lines + 1, format!("the document ends there: {reason}"));
        }
    }

    fn take(&mut self, line: u64, parsed: Result<Option<Record>, String>) {
        match parsed {
            Ok(Some(record)) => {
                self.read.requests += 1;
                let file = &self.read.file;
                self.learner.take(&record, || format!("{file}:{line}"));
            }
            Ok(None) => self.read.left_out += 1,
            Err(reason) => self.unreadable(line, reason),
        }
    }

    fn unreadable(&mut self, line: u64, reason: String) {
        self.read.unreadable += 1;
        if self.intake.shown.len() < LINES_SHOWN_MAX {
            self.intake.shown.push(Unreadable { place: format!("{}:{line}", self.read.file), reason });
        }
    }
}

/// A line that says how the others are to be read, as IIS and the W3C have them.
fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#")
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(length);
        if end.is_some() {
            return Ok(());
        }
    }
}
