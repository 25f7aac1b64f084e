//! The forms of the settings' values: how a text is read, and what is said of one that is wrong.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The form of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IP address to listen on.
    Address,
    /// The name of a service.
    Name,
    /// One of several words, each with its meaning.
    Word(&'static [(&'static str, &'static str)]),
    /// A whole number of a unit.
    Whole {
        /// The subject of the sentence that says what would be right.
        what: &'static str,
        /// The unit.
        unit: Unit,
        /// The smallest number.
        least: u64,
        /// The largest number.
        most: u64,
    },
    /// Networks, with commas between them.
    Networks,
    /// Host names and addresses, with commas between them.
    Hosts,
}

/// The unit of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things that are counted.
    One,
    /// A port of TCP.
    Port,
    /// Thousandths of a second.
    Millisecond,
    /// Bytes.
    Byte,
}

impl Form {
    /// The name of a value in the help.
    pub const fn placeholder(&self) -> &'static str {
        match self {
            Self::Address => "ADDRESS",
            Self::Name => "NAME",
            Self::Word(_) => "WORD",
            Self::Whole { unit: Unit::One, .. } => "N",
            Self::Whole { unit: Unit::Port, .. } => "PORT",
            Self::Whole { unit: Unit::Millisecond, .. } => "MS",
            Self::Whole { unit: Unit::Byte, .. } => "BYTES",
            Self::Networks => "CIDR,…",
            Self::Hosts => "HOST,…",
        }
    }

    /// The word of the help for an empty list.
    pub const fn empty(&self) -> &'static str {
        if matches!(self, Self::Hosts) { "all" } else { "none" }
    }

    /// Reads a text as the form's plainest type; `None` where it is not of this form.
    pub fn read(&self, text: &str) -> Option<Plain> {
        match self {
            Self::Address => {
                // As in the address of a page.
                let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                bare.unwrap_or(text).parse().ok().map(Plain::Address)
            }
            Self::Name => is_name(text).then(|| Plain::Text(text.into())),
            Self::Word(words) => {
                words.iter().any(|(word, _)| *word == text).then(|| Plain::Text(text.into()))
            }
            Self::Whole { least, most, .. } => {
                // `parse` alone would take a plus sign.
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|number| digits && number >= least);
                number.filter(|number| number <= most).map(Plain::Whole)
            }
            Self::Networks => list(text, |item| item.parse::<Cidr>().ok().map(|_| item.into())),
            Self::Hosts => list(text, |item| {
                // The dot at the end of a full name is not part of it.
                let host = item.strip_suffix('.').unwrap_or(item);
                is_host(item).then(|| host.to_ascii_lowercase())
            }),
        }
    }
}

/// Tells what would be right, as a clause that follows "…; ".
impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => formatter.write_str(
                "a host is an IP address, such as 127.0.0.1, 0.0.0.0 (all) or :: (all, with IPv6); names are not looked up",
            ),
            Self::Name => formatter.write_str(
                "a name is a DNS label: 1 to 63 of a-z, 0-9 and -, begins with a letter and does not end with -",
            ),
            Self::Word(words) => {
                formatter.write_str("it is one of ")?;
                for (index, (word, _)) in words.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(formatter, "{comma}\"{word}\"")?;
                }
                Ok(())
            }
            Self::Whole { what, unit, least, most } => {
                let (unit, note) = match unit {
                    Unit::One | Unit::Port => ("", ""),
                    Unit::Millisecond => (" of milliseconds", " (an hour)"),
                    Unit::Byte => (" of bytes", ""),
                };
                write!(formatter, "{what} is a whole number{unit} from {least} to {most}{note}")
            }
            Self::Networks => formatter.write_str(
                "a network is an address with or without a prefix length, such as 10.0.0.0/8, fd00::/8 or 192.0.2.7",
            ),
            Self::Hosts => formatter.write_str(
                "a host is a name or an address without a port, such as example.org, *.example.org, 192.0.2.7 or [::1]",
            ),
        }
    }
}

/// A value as it was read, before it has the setting's own type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// An IP address.
    Address(IpAddr),
    /// Text.
    Text(String),
    /// A whole number.
    Whole(u64),
    /// Texts.
    List(Vec<String>),
}

fn list(text: &str, item: impl Fn(&str) -> Option<String>) -> Option<Plain> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(item).collect::<Option<_>>().map(Plain::List)
}

/// A DNS label that begins with a letter, as Kubernetes asks of a Service (RFC 1035 §2.3.1).
fn is_name(text: &str) -> bool {
    let letters =
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    letters
        && text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
}

/// Tells whether a text is a host as the Host header has it, without a port; `*.` may stand in front of a name.
pub(crate) fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let name = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty()
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 255 && name.split('.').all(is_label)
}

/// A block of addresses in CIDR notation (RFC 4632, RFC 4291 §2.3); a bare address is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Tells whether `address` lies in the block. IPv4 and IPv6 never match each other, except that an IPv4-mapped
    /// IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = u32::from(32 - self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = u32::from(128 - self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// A text that is not a block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCidr;

impl FromStr for Cidr {
    type Err = NotCidr;

    fn from_str(text: &str) -> Result<Self, NotCidr> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().map_err(|_| NotCidr)?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| NotCidr)?
            }
            Some(_) => return Err(NotCidr),
        };
        if prefix > longest { Err(NotCidr) } else { Ok(Self { network, prefix }) }
    }
}
