//! The form of a request: names and values, in lists and structures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Protocol;

/// The characters that a form has as they are are those that a URI does not reserve (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The value of a parameter: a text, or something made of several.
#[derive(Debug, Clone, Default)]
pub(crate) enum Parameter {
    /// Nothing is sent.
    #[default]
    Absent,
    /// A text, a number, or `true` or `false`.
    Text(String),
    /// Sent as `Name.1`, `Name.2`, … to EC2, and as `Name.member.1`, … to the others.
    List(Vec<Parameter>),
    /// Sent as `Name.Member`, …
    Structure(Vec<(&'static str, Parameter)>),
}

impl Parameter {
    /// The form that calls an operation with these parameters.
    pub(super) fn form(&self, operation: &str, version: &str, protocol: Protocol) -> String {
        let mut form = format!("Action={operation}&Version={version}");
        self.write("", protocol, &mut form);
        form
    }

    fn write(&self, name: &str, protocol: Protocol, form: &mut String) {
        let member = |member: &dyn std::fmt::Display| {
            if name.is_empty() { member.to_string() } else { format!("{name}.{member}") }
        };
        match self {
            Self::Absent => {}
            Self::Text(text) => {
                let _ = write!(form, "&{name}={}", utf8_percent_encode(text, RESERVED));
            }
            // An empty list, unlike one that is absent, is a value here, and nothing to EC2.
            Self::List(items) if items.is_empty() && protocol == Protocol::Query => {
                Self::from("").write(name, protocol, form);
            }
            Self::List(items) => {
                let list = match protocol {
                    Protocol::Ec2 => name.to_owned(),
                    Protocol::Query => member(&"member"),
                };
                for (item, number) in items.iter().zip(1..) {
                    item.write(&format!("{list}.{number}"), protocol, form);
                }
            }
            Self::Structure(members) => {
                for (of, value) in members {
                    value.write(&member(of), protocol, form);
                }
            }
        }
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Parameter {
    fn from(is: bool) -> Self {
        Self::Text(is.to_string())
    }
}

impl From<i32> for Parameter {
    fn from(number: i32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<i64> for Parameter {
    fn from(number: i64) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<f64> for Parameter {
    /// With a fraction, also where it is zero.
    fn from(number: f64) -> Self {
        Self::Text(format!("{number:?}"))
    }
}

impl<T: Into<Self>> From<Option<T>> for Parameter {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Parameter {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<BTreeSet<String>> for Parameter {
    fn from(items: BTreeSet<String>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// A structure of these members: `structure! { "VpcId": vpc, "CidrBlock": cidr }`.
macro_rules! structure {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::sdk::query::Parameter::Structure(vec![$(($name, $value.into())),*])
    };
}

pub(crate) use structure;

/// Names with values, such as tags, as a list of `Key` and `Value`.
pub(crate) fn pairs(pairs: BTreeMap<String, String>) -> Parameter {
    let pairs = pairs.into_iter();
    Parameter::List(pairs.map(|(key, value)| structure! { "Key": key, "Value": value }).collect())
}
