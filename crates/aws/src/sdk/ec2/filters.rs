use aws_sdk_ec2::types::Filter;

use crate::STACK_TAG;
use crate::sdk::error::invalid;
use crate::{ApiError, Operation, Select};

/// What an operation calls the things that can be selected by.
pub(super) struct Names {
    pub(super) operation: Operation,
    /// Its filter of ids.
    pub(super) id: &'static str,
    /// Its filter of VPCs, where it has one.
    pub(super) vpc: Option<&'static str>,
    /// Its filter of names, where it has one.
    pub(super) name: Option<&'static str>,
}

impl Names {
    /// The names of an operation that knows VPCs by `vpc-id` and no names.
    pub(super) fn of(operation: Operation, id: &'static str) -> Self {
        Self { operation, id, vpc: Some("vpc-id"), name: None }
    }

    /// A selection as filters; none where it can have no result, because a filter without values selects everything.
    pub(super) fn filters(&self, select: Select) -> Result<Option<Vec<Filter>>, ApiError> {
        let unknown = |what| invalid(self.operation, &format!("it cannot select by {what}"));
        let (name, values) = match select {
            Select::All => return Ok(Some(Vec::new())),
            Select::Stack(stack) => (format!("tag:{STACK_TAG}"), vec![stack]),
            Select::Ids(ids) if ids.is_empty() => return Ok(None),
            Select::Ids(ids) => (self.id.to_owned(), ids),
            Select::Vpc(vpc) => (self.vpc.ok_or_else(|| unknown("VPC"))?.to_owned(), vec![vpc]),
            Select::Name(name) => {
                (self.name.ok_or_else(|| unknown("name"))?.to_owned(), vec![name])
            }
        };
        Ok(Some(vec![Filter::builder().name(name).set_values(Some(values)).build()]))
    }
}
