//! The account before anything is made: the checks of a plan, as a list.

use skyward_aws::Api;
use skyward_config::Loaded;

use crate::account;
use crate::event::Event;
use crate::resource::Finding;
use crate::run::{self, Context, RunError};
use crate::workload::Workload;

/// Finds out, by a plan, what the account lacks for what is configured. Only reads; a sentence where nothing is lacking.
///
/// # Errors
/// All that is lacking.
pub async fn examine(loaded: &Loaded) -> Result<String, Vec<Finding>> {
    let failed = |error: &anyhow::Error| {
        let text = format!("{error:#}");
        let (problem, next) =
            text.split_once(". Next step: ").unwrap_or((&text, "see what it says"));
        vec![Finding::new(problem, next)]
    };
    let aws = &loaded.config.aws;
    let workload = Workload::load(loaded).map_err(|error| failed(&error))?;
    let account = account::real(aws).await.map_err(|error| failed(&error))?;
    let ignore = |_: Event| {};
    let api: &dyn Api = &*account.api;
    match run::plan(&Context::new(api, aws, &workload, &ignore)).await {
        Ok(plan) => Ok(format!(
            "{} answers; {} resources would change, {} stay",
            plan.region,
            plan.changes.len(),
            plan.unchanged
        )),
        Err(RunError::Findings(findings)) => Err(findings),
        Err(error) => Err(failed(&error.into())),
    }
}
