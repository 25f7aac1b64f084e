//! `deploy-k3s` where no cluster is configured: it offers `cluster up`, and after it deploys in the same run. The machine is the
//! operator's own, in namespaces; the API server behind the stand-in for k3s is a real one.

use std::fs;
use std::io::copy;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Command, Output};
use std::sync::mpsc;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use skyward_testkit::kubernetes::control_plane::ControlPlane;
use skyward_testkit::machines::{Machine, OLD, World, differences, release, write};

use crate::support::cluster;

const CONFIGURATION: &str = "[service]\nname = \"web\"\n[k3s]\nairgap = \"files\"\nnode_timeout_s = 30\nnamespace = \"offered\"\n\
    ingress = \"none\"\nmin_ready_s = 0\npre_stop_s = 0\n";

/// The program, on the machine itself.
fn deployer(machine: &Machine, words: &str) -> Command {
    let mut command = machine.command();
    command.args(["/srv/host/deployer", "--config", "/srv/host/skyward.toml"]);
    command.args(words.split_whitespace()).stdin(std::process::Stdio::null());
    command
}

fn run(machine: &Machine, words: &str) -> (Output, String) {
    let output = deployer(machine, words).output().expect("the deployer");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

fn machine() -> World {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_skyward-deployer"));
    let world = World::new(program, 1);
    let machine = &world.machines[0];
    fs::copy(program, machine.own("deployer")).expect("a copy");
    fs::create_dir(machine.own("files")).expect("a folder");
    release(&machine.own("files"), OLD);
    write(&machine.own("skyward.toml"), 0o644, CONFIGURATION);
    world
}

#[test]
#[ignore = "needs sshd ip ssh setpriv script root"]
fn without_a_cluster_one_is_offered_and_nothing_is_done_unasked() {
    let world = machine();
    let machine = &world.machines[0];
    let before = machine.snapshot();
    let (output, said) = run(machine, "--image acme/web:1");
    println!("$ cargo xtask deploy-k3s\n{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no cluster is configured; nothing was changed"), "{said}");
    assert!(
        said.contains("`cargo xtask deploy-k3s cluster up` (k3s v1.36.3+k3s1 on this machine)"),
        "{said}"
    );
    // On a terminal it asks, and takes no for an answer.
    let line = "/srv/host/deployer --config /srv/host/skyward.toml --image acme/web:1";
    let mut command = machine.command();
    command.args(["sh", "-c", &format!("echo n | script -qec '{line}' /dev/null")]);
    let output = command.output().expect("script");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains(
            "Set one up now (`cluster up`: k3s v1.36.3+k3s1 on this machine), then deploy? [y/N]"
        ),
        "{shown}"
    );
    assert!(shown.contains("nothing was changed"), "{shown}");
    assert_eq!(machine.snapshot(), before);
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_cluster_is_set_up_and_deployed_to_in_one_run() {
    let control_plane = cluster();
    let world = machine();
    let machine = &world.machines[0];
    let before = machine.snapshot();
    write(&world.path("cluster/k3s.yaml"), 0o600, &inlined(control_plane));
    lead_to(&world, control_plane.server());
    let (output, said) = run(machine, "--cluster-up --image acme/web:1");
    println!("$ cargo xtask deploy-k3s --cluster-up --image acme/web:1\n{said}");
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Cluster skyward has 1 node, ready."), "{said}");
    assert!(said.contains("cluster  skyward at https://127.0.0.1:6443"), "{said}");
    assert!(said.contains("Revision 1 of web serves."), "{said}");
    // From then on the cluster is found by its name, without a word.
    let (_, said) = run(machine, "--image acme/web:1");
    assert!(said.contains("Nothing to do: revision 1 of web serves."), "{said}");
    let (output, said) = run(machine, "remove --yes");
    assert!(output.status.success(), "{said}");
    let (output, said) = run(machine, "cluster down --yes");
    assert!(output.status.success(), "{said}");
    let mut after = machine.snapshot();
    // The folder of the kubeconfig stays, as that of any other program would.
    after.remove("root/.kube");
    assert_eq!(differences(&before, &after), [""; 0]);
}

/// The administrator's kubeconfig with its files in it, as k3s writes one.
fn inlined(control_plane: &ControlPlane) -> String {
    let encode = |name: &str| {
        let bytes =
            fs::read(AsRef::<std::path::Path>::as_ref(control_plane).join(name)).expect(name);
        let bytes = serde_json::to_value(k8s_openapi::ByteString(bytes)).expect("base64");
        bytes.as_str().expect("text").to_owned()
    };
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: default, cluster: {{server: 'https://127.0.0.1:6443', certificate-authority-data: {}}}}}]\n\
         contexts: [{{name: default, context: {{cluster: default, user: default}}}}]\ncurrent-context: default\n\
         users: [{{name: default, user: {{client-certificate-data: {}, client-key-data: {}}}}}]\n",
        encode("pki/authority.crt"),
        encode("pki/admin.crt"),
        encode("pki/admin.key")
    )
}

/// Leads what comes to port 6443 of the machine to the real API server, from the moment that its k3s starts.
fn lead_to(world: &World, server: &str) {
    let network =
        fs::File::open(format!("/proc/{}/ns/net", world.machines[0].pid())).expect("a namespace");
    let (sender, accepted) = mpsc::channel::<TcpStream>();
    let started = world.path("cluster/started");
    std::thread::spawn(move || {
        while !started.exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("the machine's network");
        let listener = TcpListener::bind("127.0.0.1:6443").expect("a port");
        for stream in listener.incoming().flatten() {
            if sender.send(stream).is_err() {
                return;
            }
        }
    });
    let address = server.trim_start_matches("https://").to_owned();
    std::thread::spawn(move || {
        for from in accepted {
            let to = TcpStream::connect(&address).expect("the API server");
            let (mut from2, mut to2) =
                (from.try_clone().expect("a clone"), to.try_clone().expect("a clone"));
            let (mut from, mut to) = (from, to);
            std::thread::spawn(move || {
                let _ = copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let _ = copy(&mut to2, &mut from2);
                let _ = from2.shutdown(std::net::Shutdown::Write);
            });
        }
    });
}
