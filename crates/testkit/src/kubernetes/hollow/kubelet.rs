//! The life of one pod.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Pace;
use super::status::{self, State};

/// The behaviour of a container, by its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Serves,
    Unready,
    Missing,
    Ends { code: i32, reason: &'static str },
}

impl Behaviour {
    fn of(image: &str) -> Self {
        match image {
            image if image.contains("missing") => Self::Missing,
            image if image.contains("crash") => Self::Ends { code: 1, reason: "Error" },
            image if image.contains("oom") => Self::Ends { code: 137, reason: "OOMKilled" },
            image if image.contains("unready") => Self::Unready,
            _ => Self::Serves,
        }
    }
}

/// Runs a pod from its binding until it is gone.
pub(super) async fn live(client: Client, pod: Pod, pace: Pace, mut ends: watch::Receiver<bool>) {
    let uid = pod.uid().expect("a uid");
    let name = pod.name_any();
    let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().expect("a namespace"));
    let life = Life {
        client,
        pods: pods.clone(),
        pod,
        address: status::new_address(),
        since: status::time(),
    };
    tokio::select! {
        () = life.run(pace) => {}
        _ = ends.wait_for(|ends| *ends) => {}
    }
    // The end of the watch is the end of the node.
    if ends.wait_for(|ends| *ends).await.is_err() {
        return;
    }
    tokio::time::sleep(pace.stop).await;
    let preconditions = Some(Preconditions { uid: Some(uid), resource_version: None });
    let parameters =
        DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() };
    while let Err(error) = pods.delete(&name, &parameters).await {
        if matches!(&error, kube::Error::Api(status) if matches!(status.code, 404 | 409)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

struct Life {
    client: Client,
    pods: Api<Pod>,
    pod: Pod,
    address: String,
    since: String,
}

impl Life {
    /// Never ends by itself, except for a pod that is as it should be.
    async fn run(&self, pace: Pace) {
        tokio::time::sleep(pace.start).await;
        let image = self.image();
        match Behaviour::of(&image) {
            Behaviour::Serves if self.job_code().is_some() => {
                self.end(self.job_code().unwrap_or_default(), pace).await;
            }
            Behaviour::Serves => self.report(State::Running { ready: true }, 0, None).await,
            Behaviour::Unready => self.unready(pace).await,
            Behaviour::Missing => self.missing(&image, pace).await,
            Behaviour::Ends { code, reason } => self.crash(code, reason, pace).await,
        }
    }

    /// The exit code of a job's process, by its arguments: `fail` fails, `hang` never ends, and all others are done at once. None for what
    /// is no job.
    fn job_code(&self) -> Option<i32> {
        self.pod.metadata.labels.as_ref()?.get("batch.kubernetes.io/job-name")?;
        let arguments = self.containers()[0].args.as_deref().unwrap_or_default();
        let is_asked_to = |what: &str| arguments.iter().any(|argument| argument == what);
        (!is_asked_to("hang")).then(|| i32::from(is_asked_to("fail")))
    }

    /// Runs for a moment, and ends for good.
    async fn end(&self, code: i32, pace: Pace) {
        self.report(State::Running { ready: true }, 0, None).await;
        tokio::time::sleep(pace.start).await;
        let (phase, reason) =
            if code == 0 { ("Succeeded", "Completed") } else { ("Failed", "Error") };
        let mut status = status::of(&self.pod, &State::Ended { code, reason }, 0, None);
        status["phase"] = json!(phase);
        self.patch(&json!({ "status": status })).await;
    }

    async fn unready(&self, pace: Pace) {
        self.report(State::Running { ready: false }, 0, None).await;
        loop {
            let text = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            self.event("Unhealthy", text).await;
            tokio::time::sleep(pace.again).await;
        }
    }

    async fn missing(&self, image: &str, pace: Pace) {
        let why = format!(
            "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
        );
        loop {
            self.event("Failed", &format!("Failed to pull image \"{image}\": {why}")).await;
            let state = State::Waiting { reason: "ErrImagePull", message: why.clone() };
            self.report(state, 0, None).await;
            tokio::time::sleep(pace.again).await;
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {why}");
            self.event("BackOff", &format!("Back-off pulling image \"{image}\"")).await;
            self.report(State::Waiting { reason: "ImagePullBackOff", message }, 0, None).await;
            tokio::time::sleep(pace.again).await;
        }
    }

    async fn crash(&self, code: i32, reason: &'static str, pace: Pace) {
        let ended = State::Ended { code, reason };
        let mut last = None;
        for restarts in 0.. {
            self.report(State::Running { ready: false }, restarts, last.as_ref()).await;
            tokio::time::sleep(pace.start).await;
            self.report(ended.clone(), restarts, last.as_ref()).await;
            last = Some(ended.clone());
            // The first restart is at once, as a kubelet's is.
            if restarts > 0 {
                let pod = &self.pod;
                let message = format!(
                    "back-off 10s restarting failed container={} pod={}_{}({})",
                    self.containers()[0].name,
                    pod.name_any(),
                    pod.namespace().unwrap_or_default(),
                    pod.uid().unwrap_or_default(),
                );
                self.event("BackOff", &message.replacen("back-off 10s", "Back-off", 1)).await;
                let state = State::Waiting { reason: "CrashLoopBackOff", message };
                self.report(state, restarts, last.as_ref()).await;
                tokio::time::sleep(pace.again).await;
            }
        }
    }

    fn containers(&self) -> &[k8s_openapi::api::core::v1::Container] {
        self.pod.spec.as_ref().map_or(&[], |spec| &spec.containers)
    }

    fn image(&self) -> String {
        self.containers()[0].image.clone().unwrap_or_default()
    }

    /// Writes the pod's status: all containers are in one state.
    async fn report(&self, state: State, restarts: i32, last: Option<&State>) {
        let mut status = status::of(&self.pod, &state, restarts, last);
        status["podIP"] = json!(self.address);
        status["podIPs"] = json!([{ "ip": self.address }]);
        status["startTime"] = json!(self.since);
        self.patch(&json!({ "status": status })).await;
    }

    async fn patch(&self, patch: &Value) {
        let name = self.pod.name_any();
        while let Err(error) =
            self.pods.patch_status(&name, &PatchParams::default(), &Patch::Strategic(patch)).await
        {
            match error {
                kube::Error::Api(status) if status.code == 404 => return,
                kube::Error::Api(status) if status.code == 422 => {
                    panic!("a wrong status: {status}")
                }
                // An API server that is away comes back.
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Writes an event, as far as that is possible: events are told at most once.
    async fn event(&self, reason: &str, message: &str) {
        let namespace = self.pod.namespace().unwrap_or_default();
        let event = json!({
            "metadata": { "generateName": format!("{}.", self.pod.name_any()), "namespace": namespace },
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": self.pod.name_any(),
                "uid": self.pod.uid(), "fieldPath": format!("spec.containers{{{}}}", self.containers()[0].name),
            },
            "reason": reason, "message": message, "type": "Warning", "count": 1,
            "source": { "component": "kubelet", "host": super::NAME },
            "firstTimestamp": status::time(), "lastTimestamp": status::time(),
        });
        let event: Event = serde_json::from_value(event).expect("an event");
        let events: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let _ = events.create(&PostParams::default(), &event).await;
    }
}
