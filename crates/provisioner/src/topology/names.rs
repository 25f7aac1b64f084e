use super::Id;

/// The tag that says which of the stack's resources it is: its [`Id`].
pub const RESOURCE_TAG: &str = "skyward:resource";

/// The names of what AWS knows by name. They are unique in the account and region; a bucket's in all of AWS, a role's in all
/// regions of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    stack: String,
    region: String,
    account: String,
}

impl Names {
    /// Those of a stack.
    pub fn new(stack: &str, region: &str, account: &str) -> Self {
        Self { stack: stack.to_owned(), region: region.to_owned(), account: account.to_owned() }
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The load balancer: at most 32 letters, digits and hyphens, not beginning with `internal-`.
    pub fn load_balancer(&self) -> String {
        format!("{}-web", self.stack)
    }

    /// The target group: as the load balancer.
    pub fn target_group(&self) -> String {
        format!("{}-cms", self.stack)
    }

    /// The auto scaling group.
    pub fn auto_scaling_group(&self) -> String {
        format!("{}-cms", self.stack)
    }

    /// The launch template.
    pub fn launch_template(&self) -> String {
        format!("{}-cms", self.stack)
    }

    /// The scaling policy.
    pub fn scaling_policy(&self) -> String {
        format!("{}-cpu", self.stack)
    }

    /// The database cluster, and its subnet group: lower case.
    pub fn database(&self) -> String {
        format!("{}-database", self.stack)
    }

    /// A security group.
    pub fn security_group(&self, part: &str) -> String {
        format!("{}-{part}", self.stack)
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
    /// has failed for good. 64 characters at most, as NAT gateways take them.
    pub fn client_token(&self, id: &Id, generation: &str) -> String {
        use sha2::{Digest, Sha256};
        let text = format!("{}\n{}\n{}\n{id}\n{generation}", self.account, self.region, self.stack);
        Sha256::digest(text)
            .iter()
            .take(24)
            .fold(String::from("skyward-"), |token, byte| format!("{token}{byte:02x}"))
    }
}
