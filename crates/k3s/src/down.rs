//! `down`: what `up` made goes, and nothing else.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use skyward_config::Role;

use super::ClusterError;
use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::event::Finding;
use super::event::{MachineState, Reporter};
use super::facts::{Facts, Init};
use super::host::{Host, HostError};
use super::inspect::{self, inspect};
use super::kubeconfig::{Kubeconfig, Owner};
use super::nodes::kubectl;
use super::preflight::Identity;
use super::record::{self, Record};

/// Stops the service. `$1` service, `$2` init system.
const STOP: &str = r#"case $2 in
  openrc)
    rc-service -q "$1" stop >/dev/null 2>&1
    rc-update -q del "$1" default 2>/dev/null;;
  *)
    systemctl disable -q "$1" 2>/dev/null
    systemctl stop "$1" 2>/dev/null;;
esac
"#;

/// What outlives the service: containers, mounts, networks, rules (k3s, `k3s-killall.sh`). `$1`: `yes` where rules of other CNI
/// plugins were there before; then the links that we may delete, `--`, and network namespaces that are others'.
const KILL: &str = r#"cni_rules=$1; shift
links=; while [ "$1" != -- ]; do links="$links $1"; shift; done; shift
tree() { for t in /proc/"$1"/task/*/children; do [ -r "$t" ] && for c in $(cat "$t"); do tree "$c"; done; done; echo "$1"; }
for p in /proc/[0-9]*; do
  words=$(tr '\0' ' ' < "$p/cmdline" 2>/dev/null) || continue
  case $words in
    /var/lib/rancher/k3s/data/*/bin/containerd-shim*) kill -9 $(tree "${p#/proc/}") 2>/dev/null;;
  esac
done
awk '{ print $2 }' /proc/self/mounts | sort -r | while read -r m; do
  case $m in
    /run/k3s/*|/var/lib/rancher/k3s/*|/var/lib/kubelet/pods/*|/var/lib/kubelet/plugins/*|/run/flannel/*) umount -f "$m" 2>/dev/null || umount -l "$m";;
  esac
done
if command -v ip >/dev/null; then
  for n in $(ip netns list 2>/dev/null | awk '$1 ~ /^cni-/ { print $1 }'); do
    others=$(ip netns pids "$n" 2>/dev/null)
    for k; do [ "$k" = "/run/netns/$n" ] && others=yes; done
    [ -n "$others" ] || ip netns delete "$n"
  done
  for l in $links; do
    if [ "$l" = cni0 ]; then
      for v in $(ip -o link show master cni0 2>/dev/null | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'); do ip link delete "$v"; done
    fi
    ip link delete "$l" 2>/dev/null
  done
fi
for v in '' 6; do
  command -v ip${v}tables-save >/dev/null || continue
  rules=$(ip${v}tables-save 2>/dev/null) || continue
  kept=$(printf '%s\n' "$rules" | grep -v KUBE- | grep -iv flannel)
  [ "$cni_rules" = yes ] || kept=$(printf '%s\n' "$kept" | grep -v CNI-)
  [ "$kept" = "$rules" ] || printf '%s\n' "$kept" | ip${v}tables-restore
done
exit 0
"#;

/// Removes files and trees, puts back what was there before, then forgets: the record goes last. Lists on `$@`, each ended by `--`:
/// what is removed; what is put back; folders that go when they are empty; trees in which all goes but what the last list names.
const REMOVE: &str = r#"set -e
before=/var/lib/skyward/k3s/before
while [ "$1" != -- ]; do rm -rf "$1"; shift; done; shift
# What libcni keeps of k3s's own network.
rm -rf /var/lib/cni/results/cbr0-*
while [ "$1" != -- ]; do
  kept="$before/$(echo "$1" | tr / %)"
  if [ -e "$kept" ] || [ -L "$kept" ]; then
    cp -a "$kept" "$1.skyward-new"
    mv -f "$1.skyward-new" "$1"
  fi
  shift
done; shift
while [ "$1" != -- ]; do rmdir "$1" 2>/dev/null || true; shift; done; shift
swept=
while [ "$1" != -- ]; do swept="$swept $1"; shift; done; shift
for tree in $swept; do
  for c in "$tree"/* "$tree"/.[!.]*; do
    keep=no
    for k; do [ "$k" = "$c" ] && keep=yes; done
    [ $keep = yes ] || rm -rf "$c"
  done
done
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then systemctl daemon-reload; fi
sync
rm -rf "$before" /var/lib/skyward/k3s/started* /var/lib/skyward/k3s/cordoned
rm -rf /var/lib/skyward/k3s
rmdir /var/lib/skyward 2>/dev/null || true
"#;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownOutcome {
    /// Machines that something was removed from.
    pub machines: usize,
    /// Whether the kubeconfig had our context.
    pub context: bool,
}

/// Takes the cluster down on all machines, and out of the kubeconfig once every server is gone.
///
/// # Errors
/// Findings, before anything is changed; or the machines that did not get there.
pub async fn down(
    cluster: &Cluster,
    keys: HostKeys,
    kubeconfig: &Path,
    report: &Reporter,
) -> Result<DownOutcome, ClusterError> {
    let document = Kubeconfig::read(kubeconfig)?;
    let inspection = inspect(cluster, keys).await;
    let seen = inspection.facts();
    let identity = Identity::of(cluster, &seen);
    let silent = inspection.unreachable();
    let mut findings = silent.clone();
    for finding in &mut findings {
        // The others can go without it.
        finding.blocks = false;
    }
    findings.extend(strangers(cluster, &seen));
    report.findings(&findings);
    if findings.iter().any(|finding| finding.blocks) {
        inspection.close().await;
        return Err(ClusterError::Findings {
            findings: findings.into_iter().filter(|finding| finding.blocks).collect(),
        });
    }
    let machines: Vec<(usize, Host, Facts)> = inspection
        .machines
        .into_iter()
        .enumerate()
        .filter_map(|(index, seen)| seen.ok().map(|(host, facts)| (index, host, facts)))
        .collect();
    let mut failed: Vec<String> = silent.into_iter().map(|finding| finding.machine).collect();
    let removed = take_down(&machines, &identity, report, &mut failed).await;
    inspect::close(machines.into_iter().map(|(_, host, _)| host)).await;
    if !failed.is_empty() {
        return Err(ClusterError::Machines {
            of: "taking the cluster down",
            machines: cluster.machines.len(),
            failed,
            next: "bring them back and run this again: the others are done; or take them out of the configuration",
        });
    }
    let context = remove_context(cluster, &document, &identity)?;
    Ok(DownOutcome { machines: removed, context })
}

/// Machines with a record of another cluster: theirs is not ours to remove.
fn strangers(cluster: &Cluster, facts: &[Option<Facts>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        match facts.as_ref().and_then(|facts| facts.record.as_ref()) {
            Some(Err(reason)) => findings.push(Finding::new(
                machine.label(),
                format!(
                    "its record {} cannot be read: {reason}; put it right by hand",
                    record::RECORD
                ),
            )),
            Some(Ok(record)) if record.cluster != cluster.name => findings.push(Finding::new(
                machine.label(),
                format!("it is in another cluster, {}; leave the machine out", record.cluster),
            )),
            _ => {}
        }
    }
    findings
}

/// Agents at the same time, then the other servers, the one that it began on last.
async fn take_down(
    machines: &[(usize, Host, Facts)],
    identity: &Identity,
    report: &Reporter,
    failed: &mut Vec<String>,
) -> usize {
    let first = machines
        .iter()
        .find(|(index, _, facts)| *index == identity.first && facts.is_member() && facts.active);
    let of = |role: Role, is_first: bool| {
        machines.iter().filter(move |(index, host, facts)| {
            facts.recorded().is_some()
                && host.machine.role == role
                && (*index == identity.first) == is_first
        })
    };
    let mut removed = 0;
    let waves = [
        of(Role::Agent, false).collect::<Vec<_>>(),
        of(Role::Server, false).collect(),
        of(Role::Server, true).collect(),
    ];
    for wave in waves {
        let done = join_all(wave.into_iter().map(|(index, host, facts)| async move {
            // Its password would keep a machine of its name from joining again.
            if let (Some((_, server, _)), Some(record)) = (first, facts.recorded())
                && *index != identity.first
            {
                let words = ["delete", "node", &record.node, "--ignore-not-found", "--wait=false"];
                let deleted =
                    kubectl(server, "deleting its node", &words, Duration::from_secs(30)).await;
                if let Err(error) = deleted {
                    report.note(error.to_string());
                }
            }
            remove(host, facts).await.map_err(|error| (host.label(), error)).map(|()| {
                report.machine(&host.label(), MachineState::Done, "nothing of it is left");
            })
        }))
        .await;
        for ended in done {
            match ended {
                Ok(()) => removed += 1,
                Err((label, error)) => {
                    report.failed(&error);
                    failed.push(label);
                }
            }
        }
    }
    removed
}

async fn remove(host: &Host, facts: &Facts) -> Result<(), HostError> {
    let Some(record) = facts.recorded() else { return Ok(()) };
    let init = if facts.init == Init::OpenRc { "openrc" } else { "systemd" };
    let limit = Duration::from_mins(3);
    host.run(
        "stopping k3s",
        &format!("{STOP}exit 0\n"),
        &[record.unit(), init],
        Input::None,
        limit,
    )
    .await?;
    let mut words = vec![if record.cni_rules { "yes" } else { "no" }];
    words.extend(
        record::LINKS
            .into_iter()
            .filter(|path| !record.before.contains(*path))
            .filter_map(|path| path.rsplit('/').next()),
    );
    words.push("--");
    let others = record.before.iter().filter(|path| path.starts_with("/run/netns/"));
    words.extend(others.map(String::as_str));
    host.run("ending its containers", KILL, &words, Input::None, limit).await?;
    let lists = lists(record);
    let words: Vec<&str> = lists.iter().map(String::as_str).collect();
    host.run("removing its files", REMOVE, &words, Input::None, limit).await?;
    Ok(())
}

/// What goes, what comes back, which folders go when they are empty. Pure.
fn lists(record: &Record) -> Vec<String> {
    let was_there = |path: &str| record.before.contains(path);
    let images = record::paths().into_iter().filter(|path| path.starts_with(record::IMAGES));
    let gone = record::FILES
        .into_iter()
        .chain(record::TREES)
        .map(str::to_owned)
        .chain(images)
        .filter(|path| !was_there(path));
    let back = record::FILES.into_iter().filter(|path| was_there(path)).map(str::to_owned);
    let folders = record::FOLDERS.into_iter().filter(|path| !was_there(path)).map(str::to_owned);
    let swept: Vec<&str> = record::SWEPT.into_iter().filter(|path| was_there(path)).collect();
    let kept = record
        .before
        .iter()
        .filter(|path| path.rsplit_once('/').is_some_and(|(folder, _)| swept.contains(&folder)));
    let end = || std::iter::once("--".to_owned());
    let trees = swept.iter().map(|path| (*path).to_owned());
    let first = gone.chain(end()).chain(back).chain(end()).chain(folders).chain(end());
    first.chain(trees).chain(end()).chain(kept.cloned()).collect()
}

/// Takes our context out; one of another cluster stays.
fn remove_context(
    cluster: &Cluster,
    document: &Kubeconfig,
    identity: &Identity,
) -> Result<bool, ClusterError> {
    let ours = match (document.owner(&cluster.context), &identity.id) {
        // Nothing of it was left on the machines: an earlier run was killed just before this.
        (Owner::Cluster(_), None) => true,
        (Owner::Cluster(found), Some(id)) => found == *id,
        _ => false,
    };
    if ours {
        document.without(&cluster.context).write_or_remove()?;
    }
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_stays_or_comes_back() {
        let before = [
            record::BINARY,
            "/var/lib/cni",
            "/var/lib/kubelet",
            "/var/lib/kubelet/other",
            "/usr/local/bin",
            "/var/lib/rancher",
        ];
        let record = Record {
            cluster: "skyward".to_owned(),
            id: "1".to_owned(),
            role: Role::Server,
            node: "a".to_owned(),
            first: true,
            before: before.map(str::to_owned).into(),
            cni_rules: false,
        };
        let lists = lists(&record);
        let parts: Vec<&[String]> = lists.split(|word| word == "--").collect();
        let [gone, back, folders, swept, kept] = parts[..] else { panic!("{lists:?}") };
        assert!(gone.iter().all(|path| !before.contains(&path.as_str())), "{gone:?}");
        assert!(gone.contains(&"/var/lib/rancher/k3s".to_owned()));
        // A folder of another program keeps what is not ours in it.
        assert!(gone.contains(&"/var/lib/cni/networks/cbr0".to_owned()));
        assert_eq!(back, [record::BINARY]);
        assert_eq!(swept, ["/var/lib/kubelet"]);
        assert_eq!(kept, ["/var/lib/kubelet/other"]);
        assert!(folders.contains(&"/etc/rancher".to_owned()));
        assert!(!folders.contains(&"/usr/local/bin".to_owned()));
    }
}
