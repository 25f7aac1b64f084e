//! A run that has nothing to do writes nothing, and two runs at one time do not mix.

mod support;

use support::control_plane::ControlPlane;
use support::deployer::Deployer;
use support::hollow::{HollowNode, Pace};
use support::proxy::Proxy;

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_second_run_sends_no_write() {
    let control_plane = ControlPlane::shared();
    let _node = HollowNode::start(control_plane, Pace::default());
    let proxy = Proxy::start(control_plane);
    let web = Deployer::new(&proxy.kubeconfig(), "noop");
    let o = web.run("apply --image acme/web:1");
    println!("{}", support::deployer::said(&o));
    for s in proxy.seen() {
        println!("{} {} {}?{}", s.number, s.method, s.path, s.query);
    }
    proxy.clear();
    let o = web.run("apply --image acme/web:1");
    println!("{}", support::deployer::said(&o));
    for s in proxy.seen() {
        println!("{} {} {}?{}", s.number, s.method, s.path, s.query);
    }
    let t = std::time::Instant::now();
    let o = web.run("apply --image acme/web:2");
    println!("{:?} {}", t.elapsed(), support::deployer::said(&o));
    println!("{:?}", web.history());
    let t = std::time::Instant::now();
    let o = web.run("apply --image acme/missing:2");
    println!("{:?} {}", t.elapsed(), support::deployer::said(&o));
    println!("{:?}", web.history());
    let t = std::time::Instant::now();
    let o = web.run("rollback 1");
    println!("{:?} {}", t.elapsed(), support::deployer::said(&o));
    println!("{:?}", web.history());
    let t = std::time::Instant::now();
    let o = web.run("remove --yes");
    println!("{:?} {}", t.elapsed(), support::deployer::said(&o));
}
