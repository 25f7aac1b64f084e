//! The readiness of the user's own objects, by the rules of kstatus (sigs.k8s.io/cli-utils, `pkg/kstatus/status`).

use serde_json::Value;

/// The state of an object that others bring about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It is as it should be.
    Current,
    /// It is on its way there.
    InProgress(String),
    /// It will not get there.
    Failed(String),
}

/// Tells how an object is.
pub(super) fn readiness(object: &Value) -> Readiness {
    use Readiness::{Current, Failed, InProgress};
    let status = &object["status"];
    let observed = status["observedGeneration"].as_i64();
    if observed.is_some_and(|observed| Some(observed) != object["metadata"]["generation"].as_i64())
    {
        return InProgress("its controller has not looked at it yet".to_owned());
    }
    let condition = |kind: &str| {
        let mut conditions = status["conditions"].as_array().into_iter().flatten();
        conditions.find(|it| it["type"] == kind)
    };
    let is = |kind: &str| condition(kind).filter(|it| it["status"] == "True");
    let said = |condition: &Value| {
        let text = |name: &str| condition[name].as_str().filter(|text| !text.is_empty());
        text("message").or_else(|| text("reason")).unwrap_or("no reason is given").to_owned()
    };
    if let Some(stalled) = is("Stalled") {
        return Failed(said(stalled));
    }
    if let Some(reconciling) = is("Reconciling") {
        return InProgress(said(reconciling));
    }
    match object["kind"].as_str().unwrap_or_default() {
        "Deployment" => {
            let late =
                condition("Progressing").filter(|it| it["reason"] == "ProgressDeadlineExceeded");
            late.map_or_else(|| replicas(object, "availableReplicas"), |late| Failed(said(late)))
        }
        "StatefulSet" => replicas(object, "readyReplicas"),
        "ReplicaSet" => {
            counted(object["spec"]["replicas"].as_i64().unwrap_or(1), status, "availableReplicas")
        }
        "DaemonSet" => match status["desiredNumberScheduled"].as_i64() {
            None => InProgress("its pods are not counted yet".to_owned()),
            Some(wanted) => counted(wanted, status, "numberAvailable"),
        },
        "Job" => match (is("Complete"), is("Failed")) {
            (Some(_), _) => Current,
            (None, Some(failed)) => Failed(said(failed)),
            (None, None) => InProgress("it runs".to_owned()),
        },
        "Pod" => match status["phase"].as_str() {
            Some("Succeeded") => Current,
            Some("Failed") => Failed("it has failed".to_owned()),
            _ if is("Ready").is_some() => Current,
            phase => InProgress(phase.unwrap_or("Pending").to_owned()),
        },
        // One that waits for its first pod is as it should be.
        "PersistentVolumeClaim" if status["phase"] == "Lost" => {
            Failed("its volume is lost".to_owned())
        }
        "Service" if object["spec"]["type"] == "LoadBalancer" => {
            let addresses = status["loadBalancer"]["ingress"].as_array();
            if addresses.is_some_and(|addresses| !addresses.is_empty()) {
                Current
            } else {
                InProgress("it has no address yet".to_owned())
            }
        }
        // Where there is such a condition it counts; what has no status is there, and that is all.
        _ => match condition("Ready") {
            Some(ready) if ready["status"] != "True" => InProgress(said(ready)),
            _ => Current,
        },
    }
}

fn replicas(object: &Value, ready: &str) -> Readiness {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let status = &object["status"];
    match counted(wanted, status, "updatedReplicas") {
        Readiness::Current => counted(wanted, status, ready),
        other => other,
    }
}

fn counted(wanted: i64, status: &Value, field: &str) -> Readiness {
    let found = status[field].as_i64().unwrap_or(0);
    if found >= wanted {
        return Readiness::Current;
    }
    Readiness::InProgress(format!("{found} of {wanted} pods ({field})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_judged_by_what_it_says_of_itself() {
        let word = |object: Value| match readiness(&object) {
            Readiness::Current => "current",
            Readiness::InProgress(_) => "waits",
            Readiness::Failed(_) => "failed",
        };
        let ready = |status: &str| json!({"kind": "Widget", "status": {"conditions": [{"type": "Ready", "status": status}]}});
        for (object, expected) in [
            (json!({"kind": "ConfigMap"}), "current"),
            (ready("True"), "current"),
            (ready("False"), "waits"),
            (
                json!({"kind": "Widget", "metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
                "waits",
            ),
            (
                json!({"kind": "Widget", "status": {"conditions": [{"type": "Stalled", "status": "True"}]}}),
                "failed",
            ),
            (
                json!({"kind": "Deployment", "spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "availableReplicas": 1}}),
                "waits",
            ),
            (
                json!({"kind": "Deployment", "spec": {"replicas": 2}, "status": {"updatedReplicas": 2, "availableReplicas": 2}}),
                "current",
            ),
            (
                json!({"kind": "StatefulSet", "status": {"updatedReplicas": 1, "readyReplicas": 1}}),
                "current",
            ),
            (json!({"kind": "DaemonSet", "status": {}}), "waits"),
            (json!({"kind": "DaemonSet", "status": {"desiredNumberScheduled": 0}}), "current"),
            (
                json!({"kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True"}]}}),
                "failed",
            ),
            (json!({"kind": "Job", "status": {}}), "waits"),
            (json!({"kind": "Service", "spec": {"type": "LoadBalancer"}}), "waits"),
            (json!({"kind": "Service", "spec": {"type": "ClusterIP"}}), "current"),
            (json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}), "current"),
        ] {
            assert_eq!(word(object.clone()), expected, "{object}");
        }
    }
}
