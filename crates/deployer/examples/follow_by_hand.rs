#![allow(missing_docs)]
use skyward_deployer::cluster::{Cluster, Target as Where};
use skyward_deployer::event::Event;
use skyward_deployer::manifest::*;
use skyward_deployer::rollout::*;
use std::time::Duration;
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let a: Vec<String> = std::env::args().collect();
    let cluster = Cluster::connect(&Where {
        kubeconfig: Some("/tmp/skyward-cluster/admin.kubeconfig".into()),
        context: Some("test".into()),
    })
    .await
    .unwrap();
    let id = ObjectId { kind: Kind::Deployment, namespace: Some(a[1].clone()), name: a[2].clone() };
    let live = cluster.get(&id).await.unwrap().unwrap();
    let target = Target::of(&live).unwrap();
    let t = std::time::Instant::now();
    let mut sink = |e: Event| {
        eprintln!("{:6.2} {}", t.elapsed().as_secs_f64(), serde_json::to_string(&e).unwrap())
    };
    let out =
        follow(&cluster, &target, Duration::from_secs(a[3].parse().unwrap()), &mut sink).await;
    println!("{:6.2} {out:#?}", t.elapsed().as_secs_f64());
}
