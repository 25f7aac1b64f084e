use super::Sdk;
use super::convert::text;
use super::error::Answer;
use crate::model::Identity;
use crate::{ApiError, GetCallerIdentity, Operation};

impl Sdk {
    pub(super) async fn get_caller_identity(
        &self,
        GetCallerIdentity {}: GetCallerIdentity,
    ) -> Result<Identity, ApiError> {
        let answer =
            self.sts.get_caller_identity().send().await.answer(Operation::GetCallerIdentity)?;
        Ok(Identity { account: text(answer.account), arn: text(answer.arn) })
    }
}
