//! Log groups, which services of AWS make for what they are asked to log.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    pub name: String,
    pub stored_bytes: i64,
    /// The days after which what was logged goes. None: it stays for ever.
    pub retention_days: Option<i32>,
}

operations! {
    // Those whose names begin so.
    DescribeLogGroups { prefix: String, page: Option<String> } -> Page<LogGroup>;
    DeleteLogGroup { name: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use serde_json::json;

    use super::*;
    use crate::kind::prelude::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answered {
        #[serde(default)]
        log_groups: Vec<Group>,
        next_token: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Group {
        log_group_name: String,
        #[serde(default)]
        stored_bytes: i64,
        retention_in_days: Option<i32>,
    }

    impl From<Group> for LogGroup {
        fn from(group: Group) -> Self {
            Self {
                name: group.log_group_name,
                stored_bytes: group.stored_bytes,
                retention_days: group.retention_in_days,
            }
        }
    }

    impl Sdk {
        pub(crate) async fn describe_log_groups(
            &self,
            call: DescribeLogGroups,
        ) -> Result<Page<LogGroup>, ApiError> {
            let mut body = json!({ "logGroupNamePrefix": call.prefix });
            if let Some(token) = call.page {
                body["nextToken"] = json!(token);
            }
            let answer: Answered = self.logs.call(Operation::DescribeLogGroups, body).await?;
            let items = answer.log_groups.into_iter().map(LogGroup::from).collect();
            Ok(Page { items, next: next(answer.next_token) })
        }

        pub(crate) async fn delete_log_group(&self, call: DeleteLogGroup) -> Result<(), ApiError> {
            let body = json!({ "logGroupName": call.name });
            self.logs.perform(Operation::DeleteLogGroup, body).await
        }
    }
}
