//! The account that a command works on: a real one, or a simulated one with what is in it.

mod state;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::event::{Event, Sink};
use crate::run::{self, Context};
use anyhow::{Context as _, Result, ensure};
use skyward_aws::{Api, CallFuture, Request, simulated};
use skyward_config::Aws;
use skyward_terminal::{output, text};

use crate::args::Common;
use crate::workload::Workload;
use state::StateFile;

/// The time after which the calls of a run are kept again, so that a run that is killed loses little.
const KEEP_AGAIN: Duration = Duration::from_millis(250);

/// An account that can be called.
pub(crate) struct Account {
    pub(crate) api: Box<dyn Api>,
    pub(crate) simulated: Option<simulated::Account>,
    /// The file in which the simulated account is kept.
    kept: Option<Rc<Kept>>,
}

/// A simulated account, and the file that it is kept in.
struct Kept {
    account: simulated::Account,
    client: simulated::Client,
    file: RefCell<StateFile>,
    last: Cell<Instant>,
}

impl Kept {
    fn keep(&self) {
        self.last.set(Instant::now());
        if let Err(error) = self.file.borrow_mut().write(&self.account.state().to_string()) {
            let reason = format!("error: writing the simulated account: {error}");
            output::say(&text::harmless(&reason));
        }
    }
}

impl Api for Kept {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(async move {
            let answer = self.client.call(request).await;
            if self.last.get().elapsed() > KEEP_AGAIN {
                self.keep();
            }
            answer
        })
    }
}

impl Drop for Account {
    /// Keeps the account as it is, however the command ended.
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            kept.keep();
        }
    }
}

impl Account {
    /// The real account of the environment's credentials, or an empty simulated one.
    pub(crate) async fn open(common: &Common, aws: &Aws) -> Result<Self> {
        if !common.simulate {
            return real(aws).await;
        }
        let new = || simulated::Account::in_region(common.seed, &aws.region);
        let Some(path) = &common.state else {
            let account = new();
            let api = Box::new(account.client());
            return Ok(Self { api, simulated: Some(account), kept: None });
        };
        let (file, text) = StateFile::open(path)?;
        let account = if text.is_empty() { new() } else { restore(common, &text)? };
        let region = account.region();
        ensure!(
            region == aws.region,
            "{} is a simulated account in {region}, and [aws] region is {}. Next step: name another file, or set [aws] region to {region}",
            path.display(),
            aws.region
        );
        let client = account.client();
        let (file, last) = (RefCell::new(file), Cell::new(Instant::now()));
        let kept = Rc::new(Kept { account: account.clone(), client, file, last });
        let api = Box::new(Rc::clone(&kept));
        Ok(Self { api, simulated: Some(account), kept: Some(kept) })
    }

    /// As [`Account::open`]; a simulated account is one in which `apply` has run.
    pub(crate) async fn with_stack(
        common: &Common,
        aws: &Aws,
        workload: &Workload,
    ) -> Result<Self> {
        let account = Self::open(common, aws).await?;
        if account.simulated.is_some() && common.state.is_none() {
            let ignore = |_: Event| {};
            let context = Context::new(&*account.api, aws, workload, &ignore);
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

fn restore(common: &Common, text: &str) -> Result<simulated::Account> {
    let restored = serde_json::from_str(text).and_then(simulated::Account::restore);
    restored.with_context(|| {
        let path = common.state.as_ref().map(|path| path.display().to_string());
        format!(
            "{} is not a simulated account of this version. Next step: name another file, or delete it to begin with an empty account",
            path.unwrap_or_default()
        )
    })
}

#[cfg(feature = "aws")]
pub(crate) async fn real(aws: &Aws) -> Result<Account> {
    let sdk = skyward_aws::sdk::Sdk::connect(&aws.region).await;
    let api = Box::new(sdk.map_err(|why| {
        anyhow::anyhow!("connecting to AWS: {why}. Next step: name a file with certificates in PEM, or unset the variable")
    })?);
    Ok(Account { api, simulated: None, kept: None })
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the SDK it waits")]
pub(crate) async fn real(_: &Aws) -> Result<Account> {
    anyhow::bail!(
        "this build has no AWS SDK and calls no account. Next step: add --simulate; or build with the feature `aws`"
    )
}
