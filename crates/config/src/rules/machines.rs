//! Rules over the machines of a cluster.

use std::collections::HashSet;

use super::Report;
use crate::validate::quoted;
use crate::{Config, Role};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let k3s = &config.k3s;
    let mut seen = HashSet::new();
    for machine in &k3s.machine {
        if !seen.insert((machine.address.to_ascii_lowercase(), machine.port)) {
            report(&["k3s.machine"], &|_| {
                format!("{} is there twice; each machine stands once", quoted(&machine.address))
            });
        }
    }
    if !k3s.machine.is_empty() && k3s.machine.iter().all(|machine| machine.role == Role::Agent) {
        report(&["k3s.machine"], &|_| {
            "every machine is an agent; the first one at least has role \"server\"".into()
        });
    }
    if k3s.registries_file.is_some() && !k3s.registries.is_empty() {
        report(&["k3s.registries_file", "k3s.registries"], &|_| {
            "k3s.registries_file and k3s.registries are both given; the file holds them all, or there is none".into()
        });
    }
}
