//! XML to documents and back, within bounds: the input may come from a hostile server.
//!
//! Names are taken without their prefix, attributes are ignored. A document type is refused, and with it every
//! entity but the five of XML itself, so nothing expands.

use plumb_model::answer::Document;
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesRef, Event};

/// The most bytes of a document.
pub const XML_BYTES_MAX: usize = 16 << 20;
/// How deep elements may lie in each other.
pub const XML_DEPTH_MAX: usize = 16;
/// The most elements: a page of 1,000 keys has about 10,000.
pub const XML_ELEMENTS_MAX: usize = 100_000;

/// The elements that are lists even where there is just one of them. Source: AWS S3 API Reference, `ListObjectsV2`.
const LISTS: [&str; 2] = ["Contents", "CommonPrefixes"];
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document with the name of its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) root: String,
    pub(crate) document: Document,
}

/// Reads a document; or says why there is none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    if bytes.len() > XML_BYTES_MAX {
        return Err(format!("it is longer than {XML_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => tree.open(start.local_name().as_ref())?,
            Event::Empty(start) => {
                tree.open(start.local_name().as_ref())?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(resolved(&reference)?.encode_utf8(&mut [0; 4]))?,
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// The character that a reference stands for.
fn resolved(reference: &BytesRef<'_>) -> Result<char, String> {
    let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
    let predefined = || resolve_predefined_entity(reference).and_then(|text| text.chars().next());
    character.or_else(predefined).ok_or_else(|| "it refers to an entity that XML does not define".to_owned())
}

/// The elements that are open, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    elements: usize,
    root: Option<Parsed>,
}

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    fields: Vec<(String, Document)>,
}

impl Tree {
    fn open(&mut self, name: &str) -> Result<(), String> {
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX || self.open.len() == XML_DEPTH_MAX {
            return Err(format!("it has more than {XML_ELEMENTS_MAX} elements, or more than {XML_DEPTH_MAX} levels"));
        }
        if self.root.is_some() {
            return Err("it has two roots".to_owned());
        }
        self.open.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("it has text outside of its root".to_owned()),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let element = self.open.pop().ok_or("it closes what was not open")?;
        let document = if element.fields.is_empty() {
            Document::Text(element.text)
        } else if element.text.trim().is_empty() {
            Document::Fields(element.fields)
        } else {
            return Err(format!("{} has text beside elements", element.name));
        };
        match self.open.last_mut() {
            Some(parent) => add(&mut parent.fields, element.name, document),
            None => self.root = Some(Parsed { root: element.name, document }),
        }
        Ok(())
    }

    fn finish(self) -> Result<Parsed, String> {
        if !self.open.is_empty() {
            return Err("it ends inside an element".to_owned());
        }
        self.root.ok_or_else(|| "it has no root".to_owned())
    }
}

/// Adds a field. Two of one name become a list, so that nothing is lost and nothing passes for a single one.
fn add(fields: &mut Vec<(String, Document)>, name: String, document: Document) {
    let list = LISTS.contains(&name.as_str());
    match fields.iter_mut().find(|(own, _)| *own == name) {
        Some((_, Document::List(entries))) => entries.push(document),
        Some((_, single)) => {
            let first = std::mem::replace(single, Document::List(Vec::new()));
            *single = Document::List(vec![first, document]);
        }
        None if list => fields.push((name, Document::List(vec![document]))),
        None => fields.push((name, document)),
    }
}

/// Writes a document under `root`, in `namespace` where there is one.
pub(crate) fn write(root: &str, namespace: Option<&str>, document: &Document) -> String {
    let attribute = namespace.map(|own| format!(" xmlns=\"{own}\"")).unwrap_or_default();
    let mut text = format!("{DECLARATION}<{root}{attribute}>");
    content(&mut text, document);
    text.extend(["</", root, ">"]);
    text
}

fn content(into: &mut String, document: &Document) {
    match document {
        // A carriage return that stands for itself would be read as an end of line.
        Document::Text(text) | Document::Bare(text) => into.push_str(&escape(text.as_str()).replace('\r', "&#13;")),
        Document::Fields(fields) => fields.iter().for_each(|(name, inner)| match inner {
            Document::List(entries) => entries.iter().for_each(|entry| element(into, name, entry)),
            single => element(into, name, single),
        }),
        // A list has no name of its own; it stands in a field.
        Document::List(entries) => entries.iter().for_each(|entry| element(into, "Entry", entry)),
    }
}

fn element(into: &mut String, name: &str, document: &Document) {
    into.push('<');
    into.push_str(name);
    into.push('>');
    content(into, document);
    into.push_str("</");
    into.push_str(name);
    into.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str, expected: Result<&str, &str>) {
        let found = parse(xml.as_bytes()).map(|parsed| format!("{} {:?}", parsed.root, parsed.document));
        match expected {
            Ok(text) => assert_eq!(found.as_deref(), Ok(text), "{xml}"),
            Err(reason) => assert!(found.as_ref().is_err_and(|found| found.contains(reason)), "{xml}: {found:?}"),
        }
    }

    #[test]
    fn documents_are_read() {
        check("<A>x</A>", Ok("A Text(\"x\")"));
        check("<?xml version=\"1.0\"?>\n<n:A xmlns:n=\"u\"> <B/> </n:A>\n", Ok("A Fields([(\"B\", Text(\"\"))])"));
        check("<A> &lt;&amp;&#x41;<![CDATA[<]]> </A>", Ok("A Text(\" <&A< \")"));
        check("<A><Contents/></A>", Ok("A Fields([(\"Contents\", List([Text(\"\")]))])"));
        check("<A><B>1</B><B>2</B></A>", Ok("A Fields([(\"B\", List([Text(\"1\"), Text(\"2\")]))])"));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (xml, reason) in [
            ("", "no root"),
            ("text", "outside"),
            ("<A>", "ends inside"),
            ("<A></B>", "B"),
            ("<A/><B/>", "two roots"),
            ("<A>text<B/></A>", "beside"),
            ("<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>", "document type"),
            ("<A>&x;</A>", "entity"),
            ("<A>&#0;</A>", ""),
        ] {
            check(xml, Err(reason));
        }
        check(&"<A>".repeat(XML_DEPTH_MAX + 1), Err("levels"));
        check(&format!("<A>{}</A>", "<B/>".repeat(XML_ELEMENTS_MAX)), Err("elements"));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let text = |text: &str| Document::Text(text.to_owned());
        let entry = Document::Fields(vec![("Key".into(), text(" a\r\n<&>\"' ü "))]);
        let document =
            Document::Fields(vec![("Name".into(), text("")), ("Contents".into(), Document::List(vec![entry]))]);
        let xml = write("R", Some("http://s3.amazonaws.com/doc/2006-03-01/"), &document);
        assert_eq!(parse(xml.as_bytes()), Ok(Parsed { root: "R".into(), document }));
    }
}
