//! A stack's identity: the ids of its resources, its names and tokens in AWS, its zones and networks.
//!
//! All of it follows from the configuration, the account and the zones, and nothing from time or chance: a second run asks for
//! the very same things, which is what lets every run continue the one before it.

use std::fmt;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use skyward_aws::Partition;
pub use skyward_aws::STACK_TAG;

/// The tag that says which of the stack's resources something is: its [`Id`].
pub const RESOURCE_TAG: &str = "skyward:resource";

/// The tag that says which tags are the configuration's: so those that it has no more are known, and other people's stay.
pub const TAGS_TAG: &str = "skyward:tags";

/// The tag that says which snapshot a database was made from.
pub(crate) const RESTORED_TAG: &str = "skyward:restored-from";

/// The letters that a tag's name is shortened to in [`TAGS_TAG`], whose value has room for 256: 40 tags may be configured.
const TAG_LETTERS: usize = 6;

/// The value of [`TAGS_TAG`] for tags of these names.
pub fn tags_mark<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| tag_mark(name)).collect()
}

/// Returns true where a tag of this name is among those that a value of [`TAGS_TAG`] says.
pub(crate) fn is_marked(mark: &str, name: &str) -> bool {
    let one = tag_mark(name);
    name == TAGS_TAG || mark.as_bytes().chunks(TAG_LETTERS).any(|other| other == one.as_bytes())
}

/// A name, shortened to a few letters.
fn tag_mark(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(name);
    digest
        .iter()
        .take(TAG_LETTERS / 2)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The suffixes of the resources that each zone has one of.
pub(crate) const LETTERS: [&str; 3] = ["a", "b", "c"];

/// A resource's name within the stack, such as `subnet/public-a`. It is the value of the tag `skyward:resource`, other resources
/// refer to it, and it never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// The id of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Id {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Id {
    fn from(name: String) -> Self {
        Self(name)
    }
}

/// One id for each zone: `subnet/public` gives `subnet/public-a` and so on.
pub(crate) fn each_zone(prefix: &str) -> [Id; 3] {
    LETTERS.map(|letter| Id::new(format!("{prefix}-{letter}")))
}

/// The account and the zones of a stack, as the preflight found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account's number.
    pub account: String,
    /// The three zones, in their order.
    pub zones: [String; 3],
}

/// The names of the resources that AWS knows by name. They are unique in the account and region; a bucket's in all of AWS, a
/// role's in all regions of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    stack: String,
    region: String,
    account: String,
}

impl Names {
    /// The names of a stack.
    pub fn new(stack: &str, region: &str, account: &str) -> Self {
        Self { stack: stack.to_owned(), region: region.to_owned(), account: account.to_owned() }
    }

    /// The partition of the stack's region.
    pub fn partition(&self) -> Partition {
        Partition::of(&self.region)
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The stack's own name.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// The name of a part of the stack, such as `skyward-web`.
    pub fn of(&self, part: &str) -> String {
        format!("{}-{part}", self.stack)
    }

    /// The load balancer: at most 32 letters, digits and hyphens, not beginning with `internal-`.
    pub fn load_balancer(&self) -> String {
        self.of("web")
    }

    /// The target group: under the same limits as the load balancer.
    pub fn target_group(&self) -> String {
        self.of("cms")
    }

    /// The auto scaling group.
    pub fn auto_scaling_group(&self) -> String {
        self.of("cms")
    }

    /// The launch template.
    pub fn launch_template(&self) -> String {
        self.of("cms")
    }

    /// The scaling policy.
    pub fn scaling_policy(&self) -> String {
        self.of("cpu")
    }

    /// The database cluster and its subnet group: lower case.
    pub fn database(&self) -> String {
        self.of("database")
    }

    /// A security group.
    pub fn security_group(&self, part: &str) -> String {
        self.of(part)
    }

    /// The role of the instances and their profile.
    pub fn role(&self) -> String {
        format!("{}-{}-instance", self.stack, self.region)
    }

    /// A bucket: `assets` or `logs`.
    pub fn bucket(&self, part: &str) -> String {
        format!("{}-{part}-{}-{}", self.stack, self.account, self.region)
    }

    /// The client token of a resource's creation: the same for the same resource, and another after a `generation` that
    /// has failed for good. It has 64 characters at most, as NAT gateways take them.
    pub fn client_token(&self, id: &Id, generation: &str) -> String {
        use sha2::{Digest, Sha256};
        let text = format!("{}\n{}\n{}\n{id}\n{generation}", self.account, self.region, self.stack);
        Sha256::digest(text)
            .iter()
            .take(24)
            .fold(String::from("skyward-"), |token, byte| format!("{token}{byte:02x}"))
    }
}

/// The subnets of a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// One in each zone, for the load balancer and the NAT gateways.
    pub public: [String; 3],
    /// One in each zone, for the instances and the database.
    pub internal: [String; 3],
}

/// Cuts a VPC's network into sixteenths: the first three are public, those from the fifth on internal, and the others are
/// kept for what may come.
///
/// # Errors
/// The network is not IPv4, or a sixteenth of it is smaller than the 16 addresses that AWS asks of a subnet.
pub fn networks(network: &str) -> Result<Networks> {
    let not_a_network = || format!("{network} is not a network");
    let (address, bits) = network.split_once('/').with_context(not_a_network)?;
    let address: Ipv4Addr = address.parse().with_context(not_a_network)?;
    let bits: u32 = bits.parse().with_context(not_a_network)?;
    ensure!((16..=24).contains(&bits), "{network}: a VPC here has 16 to 24 bits");
    let size = 1_u32 << (32 - bits - 4);
    let part =
        |index: u32| format!("{}/{}", Ipv4Addr::from(u32::from(address) + index * size), bits + 4);
    Ok(Networks { public: [0, 1, 2].map(part), internal: [4, 5, 6].map(part) })
}
