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

use crate::event::Sink;
use crate::execute::Settings;
use crate::run::Context;
use skyward_config::Aws;

use crate::args::Common;
use crate::console::Shown;
use crate::workload::Workload;

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
