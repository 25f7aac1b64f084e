//! The form of a request: names and values, in lists and structures.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{ApiError, OperationName};
use crate::page::{STACK_TAG, Select, Tags};
use crate::sdk::error::invalid;

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
    /// Sent as `Name.1`, `Name.2`, …
    List(Vec<Parameter>),
    /// Sent as `Name.Member`, …
    Structure(Vec<(&'static str, Parameter)>),
}

impl Parameter {
    /// The form that calls an operation with these parameters.
    pub(crate) fn form(&self, operation: &str, version: &str) -> String {
        let mut form = format!("Action={operation}&Version={version}");
        self.write("", &mut form);
        form
    }

    fn write(&self, name: &str, form: &mut String) {
        let member = |member: &dyn std::fmt::Display| {
            if name.is_empty() { member.to_string() } else { format!("{name}.{member}") }
        };
        match self {
            Self::Absent => {}
            Self::Text(text) => {
                let _ = write!(form, "&{name}={}", utf8_percent_encode(text, RESERVED));
            }
            Self::List(items) => {
                for (item, number) in items.iter().zip(1..) {
                    item.write(&member(&number), form);
                }
            }
            Self::Structure(members) => {
                for (of, value) in members {
                    value.write(&member(of), form);
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
        $crate::sdk::ec2::Parameter::Structure(vec![$(($name, $value.into())),*])
    };
}

pub(crate) use structure;

/// Tags as EC2 takes them.
pub(crate) fn tag_list(tags: Tags) -> Parameter {
    let tags = tags.into_iter();
    Parameter::List(tags.map(|(key, value)| structure! { "Key": key, "Value": value }).collect())
}

/// The tags that a resource of this type gets with its creation.
pub(crate) fn tagged(resource: &str, tags: Tags) -> Parameter {
    Parameter::List(vec![structure! { "ResourceType": resource, "Tag": tag_list(tags) }])
}

/// The most that one page of most of EC2's lists may hold.
const PAGE: i32 = 1000;

/// The filters of an operation, by its own names for them.
pub(crate) struct Filters {
    /// The filter of ids.
    pub(crate) id: &'static str,
    /// The filter of VPCs, where there is one.
    pub(crate) vpc: Option<&'static str>,
    /// The filter of names, where there is one.
    pub(crate) name: Option<&'static str>,
    /// The most that a page may hold.
    pub(crate) page: i32,
}

impl Filters {
    /// The filters of an operation that knows VPCs by `vpc-id` and no names.
    pub(crate) fn by(id: &'static str) -> Self {
        Self { id, vpc: Some("vpc-id"), name: None, page: PAGE }
    }

    /// A selection as filters; none where it can have no result, because a filter without values selects everything.
    pub(crate) fn of(
        &self,
        operation: impl Into<OperationName>,
        select: Select,
    ) -> Result<Option<Parameter>, ApiError> {
        let (name, values) = match select {
            Select::All => return Ok(Some(Parameter::Absent)),
            Select::Stack(stack) => (Ok(format!("tag:{STACK_TAG}")), vec![stack]),
            Select::Ids(ids) if ids.is_empty() => return Ok(None),
            Select::Ids(ids) => (Ok(self.id.to_owned()), ids),
            Select::Vpc(vpc) => (self.vpc.map(str::to_owned).ok_or("VPC"), vec![vpc]),
            Select::Name(name) => (self.name.map(str::to_owned).ok_or("name"), vec![name]),
        };
        let unknown = |what| invalid(operation, &format!("it cannot select by {what}"));
        let filter = structure! { "Name": name.map_err(unknown)?, "Value": values };
        Ok(Some(Parameter::List(vec![filter])))
    }
}
