use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grammar;

/// `[aws]`: the topology in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Aws {
    /// The name of the stack: the prefix of every resource's name, and the value of the tag that
    /// marks them as owned.
    #[schemars(schema_with = "grammar::stack")]
    pub name: String,
    /// The region.
    #[schemars(schema_with = "grammar::region")]
    pub region: String,
    /// The account that the credentials must belong to. Without it: any.
    #[schemars(schema_with = "grammar::account")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl Default for Aws {
    fn default() -> Self {
        Self { name: "skyward".into(), region: "eu-central-1".into(), account: None }
    }
}
