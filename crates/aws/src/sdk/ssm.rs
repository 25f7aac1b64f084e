use super::Sdk;
use super::convert::text;
use super::error::Answer;
use crate::{ApiError, GetParameter, Operation};

impl Sdk {
    pub(super) async fn get_parameter(&self, call: GetParameter) -> Result<String, ApiError> {
        let answer = self.ssm.get_parameter().name(call.name).send().await;
        let answer = answer.answer(Operation::GetParameter)?;
        Ok(text(answer.parameter.and_then(|parameter| parameter.value)))
    }
}
