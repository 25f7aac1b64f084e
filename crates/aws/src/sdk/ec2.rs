//! The filters, tags and partial failures that EC2 has and the other services do not.

use super::error::invalid;
use super::query::{Element, Parameter, pairs, structure};
use crate::error::{ApiError, OperationName};
use crate::page::{STACK_TAG, Select, Tags};

/// The tags that a resource of this type gets with its creation.
pub(crate) fn tagged(resource: &str, tags: Tags) -> Parameter {
    Parameter::List(vec![structure! { "ResourceType": resource, "Tag": pairs(tags) }])
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

/// Fails where anything failed: operations that take several things list the failures in a successful answer.
pub(crate) fn all_successful(answer: Element<'_>) -> Result<(), ApiError> {
    let failed = answer.items("unsuccessful").map(|item| item.child("error"));
    failed
        .filter_map(Element::found)
        .map(|error| (error.text("code"), error.text("message")))
        .next()
        .map_or(Ok(()), |(code, message)| Err(ApiError::new(answer.operation, &code, message)))
}

#[cfg(test)]
mod tests {
    use super::super::query::read;
    use super::*;
    use crate::kind::Operation;

    #[test]
    fn an_item_that_failed_fails_the_call() {
        let read = |answer| read(Operation::DeleteFlowLogs.into(), answer, all_successful);
        let failed = "<DeleteFlowLogsResponse><unsuccessful><item><error><code>InvalidFlowLogId.NotFound</code>\
            <message>no fl-1</message></error><resourceId>fl-1</resourceId></item></unsuccessful></DeleteFlowLogsResponse>";
        let error = read(failed).expect_err("it failed");
        assert_eq!((&*error.code, &*error.message), ("InvalidFlowLogId.NotFound", "no fl-1"));
        read("<DeleteFlowLogsResponse><unsuccessful/></DeleteFlowLogsResponse>")
            .expect("none failed");
    }
}
