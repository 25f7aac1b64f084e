//! Log groups. Those of a database are made when it begins to log, and outlive it.

use crate::Select;
use crate::kind::simulated::prelude::*;

/// A log group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogGroupRecord {
    shown: LogGroup,
    tags: Tags,
}

impl Kind for LogGroupRecord {
    const NAME: &'static str = "log-group";
    const MISSING: &'static str = "ResourceNotFoundException";
    const RULES: &'static [Behaviour] = &[(
        "RDS makes a log group for each log of a DB cluster, without tags or an end, and leaves it (terraform-aws-rds issue 419)",
        Logs,
    )];

    tags!(tags);
}

/// The bytes that a database has logged, as far as a simulation tells.
const LOGGED: i64 = 3_000_000;

/// Makes a log group, where there is none of the name.
pub(crate) fn begin(world: &mut World, name: &str) {
    if world.get::<LogGroupRecord>(name).is_some() {
        return;
    }
    let shown = LogGroup { name: name.to_owned(), stored_bytes: LOGGED, retention_days: None };
    world.put(name, LogGroupRecord { shown, tags: Tags::new() });
}

impl World {
    pub(crate) fn describe_log_groups(
        &mut self,
        call: DescribeLogGroups,
    ) -> Answer<Page<LogGroup>> {
        let skip: usize = call.page.and_then(|page| page.parse().ok()).unwrap_or_default();
        let mut all = self.list(&Select::All, |record: &LogGroupRecord| record.shown.clone());
        all.retain(|group| group.name.starts_with(&call.prefix));
        let end = (skip + self.settings.page_size).min(all.len());
        let next = (end < all.len()).then(|| end.to_string());
        Ok(Page { items: all.drain(skip.min(end)..end).collect(), next })
    }

    pub(crate) fn delete_log_group(&mut self, call: DeleteLogGroup) -> Answer<()> {
        self.delete::<LogGroupRecord>(&call.name)
    }
}
