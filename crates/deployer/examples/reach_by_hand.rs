#![allow(missing_docs)]
use skyward_config::{K3s, Service};
use skyward_deployer::cluster::{Cluster, Target as Where};
use skyward_deployer::event::Event;
use skyward_deployer::release::*;
use skyward_deployer::rollout::*;
use std::time::Duration;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let cluster = Cluster::connect(&Where {
        kubeconfig: Some("/tmp/skyward-cluster/admin.kubeconfig".into()),
        context: Some("test".into()),
    })
    .await
    .unwrap();
    let t = std::time::Instant::now();
    let mut sink = |e: Event| {
        eprintln!("{:6.2} {}", t.elapsed().as_secs_f64(), serde_json::to_string(&e).unwrap())
    };
    let release = Release {
        service: Service { name: "good".into(), ..Service::default() },
        k3s: K3s { namespace: "rollout".into(), ..K3s::default() },
        image: String::new(),
        user: 1,
        way_in: WayIn::Host("web.invalid".into()),
        disk_is_counted: true,
    };
    println!(
        "{:#?} {:.2}",
        reachable(&cluster, &release, Duration::from_secs(20), &mut sink).await,
        t.elapsed().as_secs_f64()
    );
}
