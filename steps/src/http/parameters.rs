//! What stands in the phrases beside texts and numbers.

use std::convert::Infallible;
use std::str::FromStr;

use cucumber::Parameter;

use crate::world::World;

/// Whoever sends a request: `the client`, a name, or a pronoun.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "who", regex = r#"the client|[^\s"]+"#)]
pub struct Who(String);

impl Who {
    /// Notes that they speak, so that a pronoun means them from now on.
    pub fn speaks(&self, world: &mut World) {
        if self.0 != "the client" {
            world.persona(&self.0);
        }
    }
}

/// The method of a request.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "method", regex = "[A-Z]+")]
pub struct Method(pub String);

/// A path into a JSON body (RFC 9535): `"$.keys[0]"`.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "path", regex = r#""\$[^"]*""#)]
pub struct JsonPath(String);

impl JsonPath {
    /// The path without its quotes.
    pub fn as_str(&self) -> &str {
        self.0.trim_matches('"')
    }
}

/// A number, a truth value or nothing, as it stands in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "bare", regex = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")]
pub struct Bare(pub String);

macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Infallible> {
                Ok(Self(text.to_owned()))
            }
        }
    )*};
}

from_text!(Who, Method, JsonPath, Bare);

/// The patterns of these parameters with the names that phrases have for them.
pub const PARAMETERS: [(&str, &str); 4] = [
    (<Who as Parameter>::REGEX, <Who as Parameter>::NAME),
    (<Method as Parameter>::REGEX, <Method as Parameter>::NAME),
    (<JsonPath as Parameter>::REGEX, <JsonPath as Parameter>::NAME),
    (<Bare as Parameter>::REGEX, <Bare as Parameter>::NAME),
];
