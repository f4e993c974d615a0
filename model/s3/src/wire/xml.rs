//! XML to documents and back, within bounds: the input may come from a hostile server.
//!
//! Names are taken without their prefix; of attributes only the root's namespace is looked at. A document type is
//! refused, and with it every entity but the five of XML itself, so nothing expands.

use plumb_model::answer::Document;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::names::is_xml_text;

/// The most bytes of a document.
pub const XML_BYTES_MAX: usize = 16 << 20;
/// How deep elements may lie in each other.
pub const XML_DEPTH_MAX: usize = 16;
/// The most elements: a page of 1,000 keys has about 10,000.
pub const XML_ELEMENTS_MAX: usize = 100_000;

/// The elements that are lists even where there is just one of them, each with the element that holds it.
///
/// Source: AWS S3 API Reference, the syntax of `ListObjectsV2`, `ListBuckets` and `DeleteObjects`.
const LISTS: [(&str, &str); 6] = [
    ("ListBucketResult", "Contents"),
    ("ListBucketResult", "CommonPrefixes"),
    ("Buckets", "Bucket"),
    ("Delete", "Object"),
    ("DeleteResult", "Deleted"),
    ("DeleteResult", "Error"),
];
/// The elements that hold nothing but lists, and are there where these are empty.
const HOLDERS: [&str; 2] = ["Buckets", "DeleteResult"];
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A document with what its root and its declaration say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// The name of the root, without its prefix.
    pub(crate) root: String,
    /// The namespace of the root, where it has one.
    pub(crate) namespace: Option<String>,
    /// The encoding that is declared, where one is.
    pub(crate) encoding: Option<String>,
    pub(crate) document: Document,
}

impl Parsed {
    /// Whether the encoding that is declared is the one it was read in: UTF-8, which goes without saying.
    pub(crate) fn is_utf8(&self) -> bool {
        self.encoding.as_ref().is_none_or(|encoding| encoding.eq_ignore_ascii_case("utf-8"))
    }
}

/// Reads a document; or says why there is none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let parsed = parse_with_controls(bytes)?;
    if is_xml_text(bytes) { Ok(parsed) } else { Err("it has a character that XML cannot carry".to_owned()) }
}

/// Reads a document that may hold characters which XML cannot carry, as if it could.
pub(crate) fn parse_with_controls(bytes: &[u8]) -> Result<Parsed, String> {
    if bytes.len() > XML_BYTES_MAX {
        return Err(format!("it is longer than {XML_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        let at = reader.buffer_position();
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(resolved(&reference)?.encode_utf8(&mut [0; 4]))?,
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Decl(declaration) if at == 0 => tree.encoding = declared_encoding(&declaration)?,
            Event::Decl(_) => return Err("its declaration does not stand in front".to_owned()),
            // XML 1.0 production 17.
            Event::PI(instruction) if instruction.target().eq_ignore_ascii_case("xml") => {
                return Err(format!("{} is reserved for the declaration", instruction.target()));
            }
            Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// The encoding that a declaration names. Source: XML 1.0 productions 23 to 26, 32, 80 and 81: first the version,
/// then perhaps the encoding, then perhaps whether the document stands alone.
fn declared_encoding(declaration: &BytesDecl<'_>) -> Result<Option<String>, String> {
    let text: &str = declaration;
    let attributes = BytesStart::from_content(text, "xml".len());
    let mut said = Vec::with_capacity(3);
    for attribute in attributes.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        said.push((attribute.key.as_ref().to_owned(), attribute.value.into_owned()));
    }
    let said: Vec<_> = said.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match said.as_slice() {
        [("version", "1.0" | "1.1"), rest @ ..] => match rest {
            [] | [("standalone", "yes" | "no")] => Ok(None),
            [("encoding", encoding)] | [("encoding", encoding), ("standalone", "yes" | "no")] => {
                Ok(Some((*encoding).to_owned()))
            }
            _ => Err("its declaration says what it cannot say".to_owned()),
        },
        _ => Err("its declaration names no version of XML that is known".to_owned()),
    }
}

/// The namespace of an element that stands in no other. Source: Namespaces in XML 1.0, sections 3 and 5.
fn namespace(start: &BytesStart<'_>) -> Result<Option<String>, String> {
    let name = start.name();
    let declared = name.prefix().map_or("xmlns".to_owned(), |prefix| format!("xmlns:{}", prefix.as_ref()));
    let mut found = None;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_ref() == declared {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            found = Some(value.into_owned());
        }
    }
    if found.is_none() && name.prefix().is_some() {
        return Err("the prefix of its root stands for no namespace".to_owned());
    }
    Ok(found.filter(|namespace| !namespace.is_empty()))
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
    encoding: Option<String>,
    namespace: Option<String>,
    root: Option<Parsed>,
}

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    fields: Vec<(String, Document)>,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX || self.open.len() == XML_DEPTH_MAX {
            return Err(format!("it has more than {XML_ELEMENTS_MAX} elements, or more than {XML_DEPTH_MAX} levels"));
        }
        if self.root.is_some() {
            return Err("it has two roots".to_owned());
        }
        if self.open.is_empty() {
            self.namespace = namespace(start)?;
        }
        self.open.push(Element { name: start.local_name().as_ref().to_owned(), ..Element::default() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if is_blank(text) => {}
            None => return Err("it has text outside of its root".to_owned()),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let element = self.open.pop().ok_or("it closes what was not open")?;
        let document = if element.fields.is_empty() {
            empty_lists(&element).unwrap_or(Document::Text(element.text))
        } else if is_blank(&element.text) {
            Document::Fields(element.fields)
        } else {
            return Err(format!("{} has text beside elements", element.name));
        };
        if let Some(parent) = self.open.last_mut() {
            let list = LISTS.contains(&(&parent.name, &element.name));
            add(&mut parent.fields, element.name, document, list);
            return Ok(());
        }
        let (namespace, encoding) = (self.namespace.take(), self.encoding.take());
        self.root = Some(Parsed { root: element.name, namespace, encoding, document });
        Ok(())
    }

    fn finish(self) -> Result<Parsed, String> {
        if !self.open.is_empty() {
            return Err("it ends inside an element".to_owned());
        }
        self.root.ok_or_else(|| "it has no root".to_owned())
    }
}

/// White space and nothing else (XML 1.0 production 3).
fn is_blank(text: &str) -> bool {
    text.chars().all(|character| matches!(character, ' ' | '\t' | '\r' | '\n'))
}

/// What an element that holds nothing but lists stands for where it is empty.
fn empty_lists(element: &Element) -> Option<Document> {
    let is_empty = HOLDERS.contains(&element.name.as_str()) && is_blank(&element.text);
    let lists = LISTS.iter().filter(|(holder, _)| *holder == element.name);
    let fields = lists.map(|(_, list)| ((*list).to_owned(), Document::List(Vec::new())));
    is_empty.then(|| Document::Fields(fields.collect()))
}

/// Adds a field. Two of one name become a list, so that nothing is lost and nothing passes for a single one.
fn add(fields: &mut Vec<(String, Document)>, name: String, document: Document, list: bool) {
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
    let attribute = namespace.map(|own| format!(" xmlns=\"{}\"", escape(own))).unwrap_or_default();
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
        check("<A><Contents/></A>", Ok("A Fields([(\"Contents\", Text(\"\"))])"));
        check("<A><B>1</B><B>2</B></A>", Ok("A Fields([(\"B\", List([Text(\"1\"), Text(\"2\")]))])"));
    }

    #[test]
    fn lists_are_lists_however_many_there_are() {
        let contents = "Fields([(\"Contents\", List([Text(\"\")]))])";
        check("<ListBucketResult><Contents/></ListBucketResult>", Ok(&format!("ListBucketResult {contents}")));
        for (xml, entries) in
            [("<Buckets/>", ""), ("<Buckets> </Buckets>", ""), ("<Buckets><Bucket>b</Bucket></Buckets>", "Text(\"b\")")]
        {
            let expected = format!("A Fields([(\"Buckets\", Fields([(\"Bucket\", List([{entries}]))]))])");
            check(&format!("<A>{xml}</A>"), Ok(&expected));
        }
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
            ("<A>\u{1}</A>", "cannot carry"),
            ("<A>\u{fffe}</A>", "cannot carry"),
            ("\u{b}<A/>", "outside"),
            ("\u{a0}<A/>", "outside"),
            ("<A b=\"1\" b=\"2\"/>", "duplicate"),
            ("<n:A/>", "no namespace"),
            ("<?xml encoding=\"UTF-8\"?><A/>", "version"),
            ("<?xml version=\"2.0\"?><A/>", "version"),
            ("<?xml Version=\"1.0\"?><A/>", "version"),
            ("<?xml?><A/>", "version"),
            ("<?xml version=\"1.0\" Encoding=\"UTF-8\"?><A/>", "cannot say"),
            ("<?xml version=\"1.0\" standalone=\"perhaps\"?><A/>", "cannot say"),
            ("<?xMl version=\"1.0\"?><A/>", "reserved"),
            (" <?xml version=\"1.0\"?><A/>", "in front"),
            ("<A/><?xml version=\"1.0\"?>", "in front"),
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
        let holder = Document::Fields(vec![("Bucket".into(), Document::List(vec![]))]);
        let list = Document::List(vec![entry]);
        let fields = vec![("Name".into(), text("")), ("Contents".into(), list), ("Buckets".into(), holder)];
        let (root, document) = ("ListBucketResult", Document::Fields(fields));
        let xml = write(root, Some("urn:a&b"), &document);
        let (namespace, encoding) = (Some("urn:a&b".to_owned()), Some("UTF-8".to_owned()));
        assert_eq!(parse(xml.as_bytes()), Ok(Parsed { root: root.into(), namespace, encoding, document }));
    }

    #[test]
    fn what_the_root_and_the_declaration_say_is_told() {
        for (xml, namespace, is_utf8) in [
            ("<A/>", None, true),
            ("<A xmlns=\"\"/>", None, true),
            ("<A xmlns=\"urn:a\" xmlns:n=\"urn:n\"/>", Some("urn:a"), true),
            ("<n:A xmlns=\"urn:a\" xmlns:n=\"urn:n\"/>", Some("urn:n"), true),
            ("<A><B xmlns=\"urn:b\"/></A>", None, true),
            ("<?xml version='1.1' encoding='utf-8' standalone='yes'?><A/>", None, true),
            ("<?xml version=\"1.0\" encoding=\"uTF-8x\"?><A/>", None, false),
        ] {
            let parsed = parse(xml.as_bytes()).expect("a document");
            assert_eq!((parsed.namespace.as_deref(), parsed.is_utf8()), (namespace, is_utf8), "{xml}");
        }
    }
}
