//! A node taken out of use before its machine is stopped, and back into it: its pods move to other nodes first.

use std::time::Duration;

use super::connection::Input;
use super::host::{Host, HostError, SHORT};
use super::nodes::{kubectl, nodes};
use super::record;

/// The time that kubectl gets beyond the limit of a drain, so that it can report what it waited for.
const GRACE: Duration = Duration::from_secs(30);

/// Marks a node that we drain. `$1` the mark, which exists before the node is cordoned, so that a later run knows that we did it.
const MARK: &str = r#"umask 077; : > "$1""#;
const UNMARK: &str = r#"rm -f "$1""#;

/// Cordons the node of a machine and moves its pods. A node that others cordoned stays so afterwards.
///
/// # Errors
/// A pod cannot be moved; the node is then as it was.
pub async fn drain(
    server: &Host,
    host: &Host,
    node: &str,
    limit: Duration,
) -> Result<(), HostError> {
    let nodes = nodes(server).await?;
    let Some(state) = nodes.get(node).filter(|_| nodes.len() > 1) else {
        // Its pods have no other node to move to.
        return Ok(());
    };
    if state.schedulable {
        host.text("marking it as drained by us", MARK, &[record::CORDONED]).await?;
    }
    let timeout = format!("{}s", limit.as_secs());
    let words =
        ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", &timeout];
    let operation = format!("moving the pods of {node}");
    if let Err(error) = kubectl(server, &operation, &words, limit + GRACE).await {
        // The node is left as it was: the pods that cannot move stay, and new ones may come.
        if state.schedulable {
            open(server, host, node).await?;
        }
        return Err(HostError { machine: host.label(), ..error });
    }
    Ok(())
}

/// Opens the node for pods again, where we closed it.
///
/// # Errors
/// The machine or the server does not answer.
pub async fn open(server: &Host, host: &Host, node: &str) -> Result<(), HostError> {
    let operation = "looking for our mark";
    let script = r#"[ -e "$1" ]"#;
    let asked = host.ask(operation, script, &[record::CORDONED], Input::None, SHORT).await?;
    if asked.code != Some(0) {
        return Ok(());
    }
    kubectl(server, &format!("opening {node} for pods"), &["uncordon", node], SHORT).await?;
    host.text("removing our mark", UNMARK, &[record::CORDONED]).await?;
    Ok(())
}
