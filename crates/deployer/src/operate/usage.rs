//! The CPU and memory that the pods use, as a metrics server tells.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;
use serde_json::Value;

use super::pods::Selection;
use crate::api::{ApiServer, CallError, Reason, ResourcePath};

/// The use of one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// CPU in thousandths of a core.
    pub cpu_m: u64,
    /// The most that it may use, where there is a limit.
    pub cpu_limit_m: Option<u64>,
    /// Memory in bytes.
    pub memory: u64,
    /// The most that it may use, where there is a limit.
    pub memory_limit: Option<u64>,
}

/// The use of the pods' containers; none where the cluster has no metrics server.
///
/// # Errors
/// They may not be read.
pub async fn usage(
    api: &ApiServer,
    selection: &Selection,
) -> Result<Option<Vec<Usage>>, CallError> {
    let pods = selection.list(api).await?;
    let place =
        ResourcePath::new("PodMetrics", "metrics.k8s.io/v1beta1", "pods", &selection.namespace, "");
    let measured = match api.list_values(&place, "").await {
        Ok(measured) => measured,
        // Not installed, or installed and not answering: what is asked of an aggregated API is answered by 404 or 503.
        Err(CallError {
            reason: Reason::NotFound | Reason::NoKind | Reason::Unavailable(_),
            ..
        }) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let by_pod: BTreeMap<&str, &Value> = measured
        .iter()
        .filter_map(|item| Some((item["metadata"]["name"].as_str()?, &item["containers"])))
        .collect();
    Ok(Some(pods.iter().flat_map(|pod| of_pod(pod, &by_pod)).collect()))
}

fn of_pod(pod: &Pod, measured: &BTreeMap<&str, &Value>) -> Vec<Usage> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let containers = measured.get(name).and_then(|containers| containers.as_array());
    let limit = |container: &str, what: &str| {
        let containers = &pod.spec.as_ref()?.containers;
        let resources = containers.iter().find(|it| it.name == container)?.resources.as_ref()?;
        thousandths(&resources.limits.as_ref()?.get(what)?.0)
    };
    let of_container = |item: &Value| {
        let container = item["name"].as_str()?;
        let used = |what: &str| thousandths(item["usage"][what].as_str()?);
        Some(Usage {
            pod: name.to_owned(),
            container: container.to_owned(),
            cpu_m: used("cpu")?.try_into().ok()?,
            cpu_limit_m: limit(container, "cpu").and_then(|it| it.try_into().ok()),
            memory: (used("memory")? / 1000).try_into().ok()?,
            memory_limit: limit(container, "memory").and_then(|it| (it / 1000).try_into().ok()),
        })
    };
    containers.into_iter().flatten().filter_map(of_container).collect()
}

/// A quantity of Kubernetes in thousandths, rounded up.
fn thousandths(quantity: &str) -> Option<u128> {
    let digits = quantity.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    // Six digits behind the point are more than any of them has.
    let part = format!("{part:0<6}");
    let millionths =
        whole.parse::<u128>().ok()? * 1_000_000 + part.get(..6)?.parse::<u128>().ok()?;
    let (times, by): (u128, u128) = match &quantity[digits.len()..] {
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1000),
        "" => (1, 1),
        "k" => (1000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        _ => return None,
    };
    Some((millionths * times).div_ceil(1000 * by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_all_their_units() {
        for (quantity, expected) in [
            ("0", Some(0)),
            ("1", Some(1000)),
            ("250m", Some(250)),
            ("1500000n", Some(2)),
            ("12345u", Some(13)),
            ("1.5", Some(1500)),
            ("3Ki", Some(3_072_000)),
            ("1Gi", Some(1_073_741_824_000)),
            ("2k", Some(2_000_000)),
            ("", None),
            ("x", None),
            ("1Q", None),
        ] {
            assert_eq!(thousandths(quantity), expected, "{quantity}");
        }
    }
}
