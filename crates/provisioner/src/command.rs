//! The commands.

pub(crate) mod apply;
pub(crate) mod cost;
pub(crate) mod destroy;
pub(crate) mod docs;
pub(crate) mod drift;
pub(crate) mod export;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod logs;
pub(crate) mod plan;
pub(crate) mod policies;
pub(crate) mod rollback;
pub(crate) mod status;

use std::rc::Rc;

use anyhow::Result;
use skyward_config::{Aws, Loaded};

use crate::account::Account;
use crate::args::Common;
use crate::console::Shown;
use crate::event::Sink;
use crate::execute::Settings;
use crate::run::Context;
use crate::workload::Workload;

/// A stack that is there, for the commands that change no template.
pub(crate) struct Present {
    loaded: Loaded,
    workload: Workload,
    account: Account,
    sink: Rc<dyn Sink>,
}

impl Present {
    /// Opens the account; a simulated one has a stack, and says so.
    pub(crate) async fn open(common: &Common, sink: fn(&Common) -> Rc<dyn Sink>) -> Result<Self> {
        let loaded = common.load()?;
        let workload = Workload::to_look(&loaded, common.simulate)?;
        let sink = sink(common);
        let account = Box::pin(Account::with_stack(common, &loaded.config.aws, &workload)).await?;
        account.announce(common, &*sink, "an account in which `apply` has run");
        Ok(Self { loaded, workload, account, sink })
    }

    /// The account, whose calls are shown.
    pub(crate) fn api(&self) -> Shown<'_> {
        Shown { api: &*self.account.api, sink: &*self.sink }
    }

    /// The library's own context.
    pub(crate) fn context<'a>(&'a self, common: &Common, api: &'a Shown<'a>) -> Context<'a> {
        context(common, api, &self.loaded.config.aws, &self.workload, &*self.sink)
    }
}

/// The library's own context, with the settings of this run.
pub(crate) fn context<'a>(
    common: &Common,
    api: &'a Shown<'a>,
    aws: &'a Aws,
    workload: &Workload,
    sink: &'a dyn Sink,
) -> Context<'a> {
    let now = jiff::Timestamp::now();
    // Two real runs must not wait in step; a simulated one must always be the same.
    let seed = if common.simulate {
        common.seed
    } else {
        u64::try_from(now.as_nanosecond()).unwrap_or_default()
    };
    let mut context = Context::new(api, aws, workload, sink);
    context.settings = Settings { seed, now, ..Settings::default() };
    context.interrupt = common.interrupt.clone();
    context
}
