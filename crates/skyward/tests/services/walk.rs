//! From `init` to `remove`, with an upgrade, a failing migration and another Secret on the way, while requests come.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use skyward_testkit::kubernetes::balancer::Balancer;
use skyward_testkit::kubernetes::load::{Closing, Load};
use skyward_testkit::sample::sample;

use crate::node;
use crate::repository::{Repository, cluster_keys, is_gone, page, ready};

/// A service, and what its owner does with it.
struct Service {
    /// The folder with its source.
    folder: &'static str,
    /// Its name: that of the package, as Kubernetes can have it.
    name: &'static str,
    /// What its owner says to `init`.
    init: &'static str,
    /// The health check that `init` finds.
    health: &'static str,
    /// What the owner adds to `[image]` of the configuration.
    image: &'static str,
    /// What the owner adds to the end of `[k3s]`.
    k3s: &'static str,
    /// The page on the owner's machine; every page ends with its signature.
    page: &'static str,
    /// What the job says at the first deployment.
    job: &'static str,
    /// Makes the second edition, and its page.
    upgrade: fn(&Repository),
    upgraded: &'static str,
    /// The page once the first edition is back.
    rolled_back: &'static str,
    /// Makes one whose job fails, and the reason.
    spoil: fn(&Repository),
    reason: &'static str,
}

const SERVICES: [Service; 3] = [
    Service {
        folder: "axum-sqlite",
        name: "notes",
        init: "init --yes --binary notes",
        health: "ready = \"/health\", live = \"/health\"",
        image: "binaries = [\"migrate\"]\nfiles = { \"migrations\" = \"/migrations\" }\n",
        k3s: "env = { DATABASE = \"/data/notes.db\" }\n\
              [[k3s.volume]]\nname = \"data\"\npath = \"/data\"\nsize = \"1Gi\"\nclass = \"notes\"\naccess = \"shared\"\n\
              [[k3s.job]]\nname = \"migrate\"\ncommand = [\"/migrate\"]\n",
        page: "Hello, World! 1 notes, schema 1, signed by",
        job: "migrated by 1_notes.sql",
        upgrade: |repository| {
            let text = "ALTER TABLE notes ADD COLUMN author TEXT;\nINSERT INTO notes (text) VALUES ('another');\n";
            repository.scratch.write("migrations/2_author.sql", text);
        },
        upgraded: "Hello, World! 2 notes, schema 2, signed by",
        // A migration is not undone.
        rolled_back: "Hello, World! 2 notes, schema 2, signed by",
        spoil: |repository| {
            let text = "DELETE FROM notes;\nALTER TABLE nowhere ADD COLUMN price;\n";
            repository.scratch.write("migrations/3_price.sql", text);
        },
        reason: "migration 3_price.sql: no such table: nowhere",
    },
    Service {
        folder: "actix-static",
        name: "acme-site",
        init: "init --yes",
        health: "ready = \"/healthz\", live = \"/healthz\"",
        image: "files = { \"static\" = \"/static\" }\ncertificates = true\ntime_zones = true\n",
        k3s: "[[k3s.job]]\nname = \"check\"\nargs = [\"check\"]\n",
        page: "Hello, World! The first edition, signed by",
        job: "site.css has 22 bytes, by authorities and time zones",
        upgrade: |repository| {
            repository.change("static/index.html", "first", "second");
        },
        upgraded: "Hello, World! The second edition, signed by",
        rolled_back: "Hello, World! The first edition, signed by",
        spoil: |repository| repository.change("static/files.txt", "site.css", "print.css"),
        reason: "files.txt names print.css: No such file or directory",
    },
    Service {
        folder: "hyper-plain",
        name: "echo",
        init: "init --yes",
        health: "health = \"tcp\"",
        image: "",
        k3s: "[[k3s.job]]\nname = \"prepare\"\nargs = [\"prepare\"]\n",
        page: "Hello, World! The first edition, signed by",
        job: "prepared for: The first edition",
        upgrade: |repository| repository.change("src/main.rs", "The first", "The second"),
        upgraded: "Hello, World! The second edition, signed by",
        rolled_back: "Hello, World! The first edition, signed by",
        spoil: |repository| {
            repository.change(
                "src/main.rs",
                "Ok(())\n}\n\n#[",
                "Err(\"no column price\".into())\n}\n\n#[",
            );
        },
        reason: "no column price",
    },
];

/// It needs the crates of the three services too, which cargo downloads.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root cc"]
fn services_of_others_from_init_to_remove() {
    for service in sample("services", SERVICES, 1) {
        let started = Instant::now();
        service.walk();
        println!("{}: {:.0?}", service.folder, started.elapsed());
    }
}

impl Service {
    fn walk(&self) {
        node().volume(self.name);
        let repository = Repository::copy(self.folder);
        self.on_this_machine(&repository);
        self.first_deployment(&repository);
        let balancer = Balancer::start(node().control_plane(), self.name, self.name);
        std::thread::sleep(Duration::from_secs(3));
        let load = Load::start(balancer.address, 4, Closing::IsResent);
        self.upgrade_and_failure(&repository);
        self.rollback_and_secret(&repository);
        std::thread::sleep(Duration::from_secs(3));
        let counts = load.stop();
        let failures = counts.failures.lock().unwrap();
        println!(
            "{}: {} requests over {} connections while all pods were replaced three times: {} sent again, {} failed",
            self.folder,
            counts.answered.load(Ordering::SeqCst),
            counts.connections.load(Ordering::SeqCst),
            counts.resent.load(Ordering::SeqCst),
            failures.len()
        );
        assert!(failures.is_empty(), "{:#?}", failures.iter().take(20).collect::<Vec<_>>());
        assert!(counts.answered.load(Ordering::SeqCst) > 1000, "too little to show anything");
        self.removal(&repository);
    }

    /// `init` and `up`, before anyone has a cluster.
    fn on_this_machine(&self, repository: &Repository) {
        repository.succeed(self.init);
        let config = repository.scratch.read("skyward.toml");
        for found in [self.health, &format!("port = {}", repository.port)] {
            assert!(config.contains(found), "{found}: {config}");
        }
        repository.change("skyward.toml", "\n[image]\n", &format!("\n[image]\n{}", self.image));
        let doctor = repository.succeed("doctor");
        assert!(!doctor.contains("LACKING"), "{doctor}");
        let up = repository.succeed("up --once");
        assert!(up.contains(&format!("200 {} nobody", self.page)), "{up}");
        assert!(up.contains("skipped: no cluster is configured"), "{up}");
    }

    /// The first deployment, for which a Secret is missing at first.
    fn first_deployment(&self, repository: &Repository) {
        for (from, to) in cluster_keys(self.name, self.name) {
            repository.change("skyward.toml", from, &to);
        }
        let secret = format!("secrets = {{ SIGNATURE = \"{}/signature\" }}\n", self.name);
        let end = format!("{secret}{}\n[aws]\n", self.k3s);
        repository.change("skyward.toml", "\n[aws]\n", &end);
        let command = format!("skyward deploy-k3s secret set {} signature", self.name);
        repository.fail("doctor", 1, &["LACKING", &command]);
        repository.fail("deploy-k3s", 1, &[&command, "nothing was applied"]);
        repository.set_secret(self.name, "signature", "alice");
        let doctor = repository.succeed("doctor");
        assert!(doctor.contains("pushed to localhost") && !doctor.contains("LACKING"), "{doctor}");
        let up = repository.succeed("up --once");
        for part in ["Revision 1 of", "2 pods run the new revision", "log of Job", self.job] {
            assert!(up.contains(part), "{part}: {up}");
        }
        assert_eq!(page(self.name), format!("{} alice", self.page));
        let logs = repository.succeed("deploy-k3s logs");
        assert!(logs.contains(self.job), "{logs}");
        repository.succeed("deploy-k3s status --exit-code");
        repository.succeed("deploy-k3s diff --exit-code");
    }

    fn upgrade_and_failure(&self, repository: &Repository) {
        (self.upgrade)(repository);
        repository.fail("deploy-k3s diff --exit-code", 3, &["spec.template.spec.containers"]);
        let upgrade = repository.succeed("deploy-k3s");
        assert!(upgrade.contains("log of Job"), "{upgrade}");
        assert_eq!(page(self.name), format!("{} alice", self.upgraded));

        let pods = ready(self.name);
        let kept: Vec<_> = ["src", "static"].map(|folder| repository.scratch.path(folder)).into();
        let saved = tempfile::tempdir().expect("a folder");
        for folder in kept.iter().filter(|folder| folder.exists()) {
            copy(folder, saved.path());
        }
        (self.spoil)(repository);
        repository.fail(
            "deploy-k3s",
            1,
            &[
                self.reason,
                "it failed with exit code 1; no pod was changed",
                "revision 2 serves again",
            ],
        );
        assert_eq!(ready(self.name), pods, "no pod was changed");
        assert_eq!(page(self.name), format!("{} alice", self.upgraded));
        repository.succeed("deploy-k3s status --exit-code");
        for folder in fs::read_dir(saved.path()).expect("what was saved") {
            copy(&folder.expect("a folder").path(), &repository.scratch.path("."));
        }
        let _ = fs::remove_file(repository.scratch.path("migrations/3_price.sql"));
    }

    fn rollback_and_secret(&self, repository: &Repository) {
        repository.succeed("deploy-k3s rollback 1");
        assert_eq!(page(self.name), format!("{} alice", self.rolled_back));
        let history = repository.run("deploy-k3s history --output json");
        let history: Value = serde_json::from_slice(&history.stdout).expect("JSON");
        let states: Vec<_> =
            history.as_array().expect("a list").iter().map(|it| &it["status"]).collect();
        assert_eq!(states, ["superseded", "superseded", "failed", "superseded", "serving"]);

        let set = repository.set_secret(self.name, "signature", "bob");
        assert!(set.contains("`skyward deploy-k3s` starts pods that have it"), "{set}");
        repository.fail("deploy-k3s diff --exit-code", 3, &["skyward.dev/secrets"]);
        repository.succeed("deploy-k3s");
        assert_eq!(page(self.name), format!("{} bob", self.upgraded));
    }

    /// What others have put into the namespace is named, with the command; then nothing is left.
    fn removal(&self, repository: &Repository) {
        let removed = repository.succeed("deploy-k3s remove --yes --volumes");
        let command = format!("skyward deploy-k3s secret remove {}", self.name);
        assert!(removed.contains(&command), "{removed}");
        assert!(ready(self.name).is_empty());
        repository.succeed(&format!("deploy-k3s secret remove {} --yes", self.name));
        repository.succeed("deploy-k3s remove --yes");
        is_gone(self.name);
    }
}

/// Copies a folder into another one, over what is there.
fn copy(folder: &std::path::Path, into: &std::path::Path) {
    let mut copy = std::process::Command::new("cp");
    assert!(copy.arg("-r").arg(folder).arg(into).status().expect("cp runs").success());
}
