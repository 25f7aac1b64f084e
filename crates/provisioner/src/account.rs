//! The account that a command works on: a real one, or a simulated one with what is in it.

use std::path::{Path, PathBuf};

use crate::event::{Event, Sink};
use crate::run::{self, Context};
use anyhow::{Context as _, Result};
use skyward_aws::Api;
use skyward_config::Aws;
use skyward_terminal::{output, text};

use crate::args::Common;

/// An account that can be called.
pub(crate) struct Account {
    pub(crate) api: Box<dyn Api>,
    pub(crate) simulated: Option<skyward_aws::simulated::Account>,
    /// The file in which the simulated account is kept.
    state: Option<PathBuf>,
}

impl Drop for Account {
    /// Keeps the account as it is, however the command ended.
    fn drop(&mut self) {
        let (Some(path), Some(account)) = (&self.state, &self.simulated) else { return };
        if let Err(error) = std::fs::write(path, account.state().to_string()) {
            let reason =
                format!("error: writing the simulated account to {}: {error}", path.display());
            output::say(&text::harmless(&reason));
        }
    }
}

impl Account {
    /// The real account of the environment's credentials, or an empty simulated one.
    pub(crate) async fn open(common: &Common, aws: &Aws) -> Result<Self> {
        if common.simulate {
            let state = common.state.clone();
            let account = match state.as_deref().filter(|path| path.exists()) {
                Some(path) => restore(path)?,
                None => skyward_aws::simulated::Account::in_region(common.seed, &aws.region),
            };
            return Ok(Self { api: Box::new(account.client()), simulated: Some(account), state });
        }
        real(aws).await
    }

    /// As [`Account::open`]; a simulated account is one in which `apply` has run.
    pub(crate) async fn with_stack(common: &Common, aws: &Aws, user_data: &str) -> Result<Self> {
        let account = Self::open(common, aws).await?;
        if account.simulated.is_some() && common.state.is_none() {
            let ignore = |_: Event| {};
            let context = Context::new(&*account.api, aws, user_data, &ignore);
            run::apply(&context, &|_| true).await?;
        }
        Ok(account)
    }

    /// Says what of the following is simulated.
    pub(crate) fn announce(&self, common: &Common, sink: &dyn Sink, what: &str) {
        if self.simulated.is_some() {
            let what = match &common.state {
                Some(path) => format!("the account of {}", path.display()),
                None => format!("{what} (seed {})", common.seed),
            };
            let text = format!("simulated, no account is called: {what}; times are simulated ones");
            sink.emit(Event::note(text));
        }
    }
}

fn restore(path: &Path) -> Result<skyward_aws::simulated::Account> {
    let next = "Next step: name another file, or delete it to begin with an empty account";
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the simulated account of {}. {next}", path.display()))?;
    let restored = serde_json::from_str(&text).and_then(skyward_aws::simulated::Account::restore);
    restored.with_context(|| {
        format!("{} is not a simulated account of this version. {next}", path.display())
    })
}

#[cfg(feature = "aws")]
pub(crate) async fn real(aws: &Aws) -> Result<Account> {
    let api = Box::new(skyward_aws::sdk::Sdk::connect(&aws.region).await);
    Ok(Account { api, simulated: None, state: None })
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the SDK it waits")]
pub(crate) async fn real(_: &Aws) -> Result<Account> {
    anyhow::bail!(
        "this build has no AWS SDK and calls no account. Next step: add --simulate; or build with the feature `aws`"
    )
}
