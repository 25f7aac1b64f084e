use super::account::Account;
#[allow(
    clippy::wildcard_imports,
    reason = "all of the operations; tests may import so anyway"
)]
use skyward_aws::*;

/// The operations, carried out at once in a simulated account.
pub(super) struct Effect<'a> {
    pub(super) account: &'a Account,
}

macro_rules! operations {
    ($($operation:ident $method:ident;)*) => {
        impl Backend for Effect<'_> {
            $(async fn $method(&self, call: $operation) -> Result<<$operation as Call>::Output, ApiError> {
                let answer = self.account.world().$method(call);
                answer.map_err(|refusal| ApiError::new(Operation::$operation, &refusal.code, refusal.message))
            })*
        }
    };
}

skyward_aws::each_operation!(operations);

/// The name of an operation in IAM's policies, where it is not the operation's.
pub(super) fn action(operation: Operation) -> &'static str {
    match operation {
        Operation::DescribeRdsAccountAttributes => "DescribeAccountAttributes",
        Operation::DescribeElbAccountLimits | Operation::DescribeAutoScalingAccountLimits => {
            "DescribeAccountLimits"
        }
        Operation::DescribeElbTags => "DescribeTags",
        Operation::AddElbTags => "AddTags",
        Operation::ListRdsTags => "ListTagsForResource",
        Operation::AddRdsTags => "AddTagsToResource",
        Operation::HeadBucket => "ListBucket",
        Operation::ListObjectVersions => "ListBucketVersions",
        Operation::DeleteObjects => "DeleteObject",
        _ => operation.name(),
    }
}
