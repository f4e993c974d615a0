//! What a scenario says of its next request or call before it sends it.

use plumb_model::call::Repeat;

use crate::failure::fail;

/// What was said of the next request or call, and is not sent yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Upcoming {
    /// Header fields of the next request that is written by hand.
    pub(crate) headers: Vec<(String, String)>,
    /// Parameters of its query.
    pub(crate) query: Vec<(String, String)>,
    /// How the next call by name is sent.
    pub(crate) terms: Option<TurnTerms>,
}

/// How a call is sent, beside who sends it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TurnTerms {
    /// The client.
    pub(crate) client: Option<u32>,
    /// The calls that must be over before.
    pub(crate) after: Option<Vec<String>>,
    /// How often, and until when.
    pub(crate) repeat: Option<Repeat>,
}

impl Upcoming {
    /// Ends the step where something was said of a request or call of another kind than the one that is sent now: it
    /// would be left out in silence.
    pub(crate) fn must_be_taken(&self) {
        if !self.headers.is_empty() || !self.query.is_empty() {
            fail(
                "headers or a query were given for the next request, and this step sends none that is written by hand",
            );
        }
        if self.terms.is_some() {
            fail("terms were given for the next call by name, and this step makes none");
        }
    }
}
