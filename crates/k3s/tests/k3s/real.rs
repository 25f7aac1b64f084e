//! A real k3s on this machine, where there is one: `K3S_BINARY` names it. For machines that may be changed, such as those of CI.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use skyward_k3s::token::hex;

/// What k3s and its service leave on a machine.
const TRACES: [&str; 8] = [
    "/usr/local/bin/k3s",
    "/etc/rancher",
    "/var/lib/rancher",
    "/var/lib/skyward",
    "/etc/systemd/system/k3s.service",
    "/run/k3s",
    "/var/lib/kubelet",
    "/sys/class/net/cni0",
];

#[test]
#[ignore = "needs K3S_BINARY root systemctl"]
fn a_real_single_node_cluster_lives_and_goes() {
    let binary = PathBuf::from(std::env::var_os("K3S_BINARY").expect("K3S_BINARY"));
    let there: Vec<_> = TRACES.into_iter().filter(|path| Path::new(path).exists()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(&binary).arg("--version").output().expect("k3s --version");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = version.split_whitespace().nth(2).expect("a version").to_owned();
    let (arch, name) = match std::env::consts::ARCH {
        "aarch64" => ("arm64", "k3s-arm64"),
        _ => ("amd64", "k3s"),
    };
    let files = folder.path().join("files");
    fs::create_dir(&files).expect("a folder");
    fs::copy(&binary, files.join(name)).expect("a copy");
    let sum = hex(&Sha256::digest(fs::read(&binary).expect("k3s")));
    fs::write(files.join(format!("sha256sum-{arch}.txt")), format!("{sum}  {name}\n"))
        .expect("a list");
    let config = folder.path().join("skyward.toml");
    let text = format!(
        "[k3s]\nversion = \"{version}\"\nairgap = \"files\"\nkubeconfig = \"kubeconfig\"\ncluster = \"real\"\n"
    );
    fs::write(&config, text).expect("a configuration");
    let run = |words: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skyward-k3s"));
        command.args(words.split(' ')).arg("--config").arg(&config);
        let output = command.stdin(std::process::Stdio::null()).output().expect("the deployer");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("$ {words}\n{said}{}", String::from_utf8_lossy(&output.stdout));
        (output.status.success(), said)
    };
    let up = run("cluster up");
    let again = run("cluster up");
    let status = run("cluster status --exit-code");
    // Whatever happened, the machine is given back.
    let down = run("cluster down --yes");
    assert!(up.0 && again.0 && status.0 && down.0);
    assert!(again.1.contains("Nothing to do: cluster real has 1 node, ready."));
    let left: Vec<_> = TRACES.into_iter().filter(|path| Path::new(path).exists()).collect();
    assert_eq!(left, there);
    assert!(!folder.path().join("kubeconfig").exists());
}
