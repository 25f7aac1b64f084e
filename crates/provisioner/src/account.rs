//! Which account a command works on: a real one, or a simulated one and what is in it.

use anyhow::Result;
use skyward_config::Aws;
use skyward_provisioner::api::Api;
use skyward_provisioner::event::{Event, Sink};
use skyward_provisioner::run::{self, Context};
use skyward_provisioner::simulator;

use crate::cli::Common;

/// An account that can be called.
pub(crate) struct Account {
    pub(crate) api: Box<dyn Api>,
    pub(crate) simulated: Option<simulator::Account>,
}

impl Account {
    /// The real account of the environment's credentials, or an empty simulated one.
    pub(crate) async fn open(common: &Common, aws: &Aws) -> Result<Self> {
        if common.simulate {
            let account = simulator::Account::in_region(common.seed, &aws.region);
            return Ok(Self { api: Box::new(account.client()), simulated: Some(account) });
        }
        real(aws).await
    }

    /// As [`Account::open`]; a simulated account is one in which `apply` has run.
    pub(crate) async fn with_stack(common: &Common, aws: &Aws, user_data: &str) -> Result<Self> {
        let account = Self::open(common, aws).await?;
        if account.simulated.is_some() {
            let ignore = |_: Event| {};
            let context = Context::new(&*account.api, aws, user_data, &ignore);
            run::apply(&context, &|_| true).await?;
        }
        Ok(account)
    }

    /// Says what of the following is simulated.
    pub(crate) fn announce(&self, common: &Common, sink: &dyn Sink, what: &str) {
        if self.simulated.is_some() {
            let seed = common.seed;
            let text = format!("simulated, no account is called: {what} (seed {seed}); times are simulated ones");
            sink.emit(Event::Note { text });
        }
    }
}

#[cfg(feature = "aws")]
async fn real(aws: &Aws) -> Result<Account> {
    let api = Box::new(skyward_provisioner::sdk::Sdk::connect(&aws.region).await);
    Ok(Account { api, simulated: None })
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the SDK it waits")]
async fn real(_: &Aws) -> Result<Account> {
    anyhow::bail!(
        "this build has no AWS SDK and calls no account. Next step: add --simulate; or build with the feature `aws`"
    )
}
