//! Deliveries of the image through its library: a cargo, engines and a registry that stand in, and the reference that the
//! pods get.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use skyward_config::{ConfigArgs, Delivery, Loaded};
use skyward_deployer::event::Event;
use skyward_deployer::image::{Candidate, Delivered, ImageError, Tools, given, settled};
use skyward_image::registry::Reference;
use tempfile::TempDir;

/// A folder with a configuration, a static binary that does nothing, and programs that stand in.
struct Place {
    folder: TempDir,
    loaded: Loaded,
    events: RefCell<Vec<String>>,
}

impl Place {
    fn new(repository: &str, delivery: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!(
            "[image]\nrepository = \"{repository}\"\nplatforms = [\"linux/amd64\"]\n[k3s]\ndelivery = \"{delivery}\"\n"
        );
        fs::write(folder.path().join("skyward.toml"), text).expect("a file");
        fs::write(folder.path().join("web"), static_binary()).expect("a file");
        let config = Some(folder.path().join("skyward.toml"));
        let loaded = ConfigArgs { config, ..ConfigArgs::default() }.load().expect("valid");
        Self { folder, loaded, events: RefCell::default() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Nothing is compiled, and only the programs of the folder are found.
    fn tools(&self) -> Tools {
        let mut tools = Tools::of_this_machine().expect("tools");
        let platform = "linux/amd64".parse().expect("a platform");
        tools.build.given = vec![(platform, self.at("web"))];
        tools.path = Some(self.folder.path().into());
        tools
    }

    async fn build(&self, tools: Tools) -> Result<Candidate, ImageError> {
        let loaded = self.loaded.clone();
        Candidate::build(&loaded, tools, &|event: Event| self.note(event)).await
    }

    async fn deliver(&self, candidate: Candidate) -> Result<Delivered, ImageError> {
        candidate.deliver(&|event: Event| self.note(event)).await
    }

    async fn delivered(&self) -> Result<Delivered, ImageError> {
        let candidate = self.build(self.tools()).await?;
        self.deliver(candidate).await
    }

    fn note(&self, event: Event) {
        self.events.borrow_mut().push(match event {
            Event::Done(done) if done.object == "image" => {
                format!("ready: {}\n", done.outcome.unwrap_or_default())
            }
            Event::Note { text } => format!("note: {text}\n"),
            // The library's own steps.
            _ => return,
        });
    }

    fn events(&self) -> String {
        self.events.borrow().concat()
    }

    fn script(&self, name: &str, text: &str) {
        // Written elsewhere and moved: a file that a sibling test's child still has open for writing cannot be run.
        let (path, draft) = (self.at(name), self.at("draft"));
        fs::write(&draft, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("a program");
        fs::rename(&draft, path).expect("a script");
    }
}

/// The head of an ELF file for x86-64 without segments: nothing in it asks for a library.
fn static_binary() -> Vec<u8> {
    let mut head = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    head.resize(16, 0);
    head.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    head.resize(52, 0);
    head.extend([64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    head
}

fn digest_of(delivered: &Delivered) -> String {
    delivered.digest.clone().expect("a digest")
}

/// A registry on this machine that has every blob and manifest; each tag leads to `root`. Returns its `host:port`.
fn full_registry(root: &Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let root = Arc::clone(root);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = request.split(' ').nth(1).unwrap_or_default();
            let last = path.rsplit('/').next().unwrap_or_default();
            let root = root.lock().expect("no panic").clone();
            let digest = if last.starts_with("sha256:") { last } else { &root };
            let body = if request.starts_with("HEAD") { "" } else { INDEX };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n\
                 Docker-Content-Digest: {digest}\r\nConnection: close\r\n\r\n{body}",
                INDEX.len()
            );
        }
    });
    format!("localhost:{}", address.port())
}

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

#[tokio::test]
async fn what_names_a_registry_is_pushed() {
    let root = Arc::default();
    let registry = full_registry(&root);
    let place = Place::new(&format!("{registry}/acme/web"), "auto");
    let candidate = place.build(place.tools()).await.expect("built");
    let digest = digest_of(candidate.named());
    digest.clone_into(&mut root.lock().expect("no panic"));
    let reference = format!("{registry}/acme/web@{digest}");
    assert_eq!(candidate.named().reference, reference, "known before it is sent");
    let delivered = place.deliver(candidate).await.expect("pushed");
    assert_eq!(delivered, Delivered { reference, digest: Some(digest) });
    let events = place.events();
    assert!(events.ends_with("ready: the registry has it already\n"), "{events}");
}

#[tokio::test]
async fn what_names_none_is_loaded_into_the_one_engine_of_kubernetes() {
    let place = Place::new("web", "auto");
    let candidate = place.build(place.tools()).await.expect("built");
    let digest = digest_of(candidate.named());
    let reference = format!("docker.io/library/web@{digest}");
    assert_eq!(candidate.named().reference, reference);
    let log = place.at("log").display().to_string();
    place.script("k3s", &format!("echo \"$@\" >> {log}; echo name type {digest}"));
    place.script("ctr", "exit 1");
    assert_eq!(place.deliver(candidate).await.expect("loaded").reference, reference);
    let events = place.events();
    assert!(events.ends_with("ready: loaded into k3s on this machine\n"), "{events}");
    let log = fs::read_to_string(log).expect("it was called");
    assert!(log.contains("ctr --namespace k8s.io images import "), "{log}");
}

#[tokio::test]
async fn a_machine_without_kubernetes_says_what_to_configure() {
    let place = Place::new("web", "load");
    assert_eq!(
        place.delivered().await.expect_err("no engine").to_string(),
        "cannot load the image: there is no container engine to load into: k3s: there is no `k3s` in PATH; containerd: there is \
         no `ctr` in PATH; set image.repository to a registry that the nodes pull from, or k3s.delivery to \"none\" if they \
         have it"
    );
}

#[tokio::test]
async fn without_delivery_the_tag_is_pinned_where_the_registry_can_be_asked() {
    let digest = skyward_image::digest::of(INDEX.as_bytes()).to_string();
    let registry = full_registry(&Arc::new(Mutex::new(digest.clone())));
    let place = Place::new(&format!("{registry}/acme/web"), "none");
    let delivered = place.delivered().await.expect("it is there");
    assert_eq!(delivered.digest, Some(digest));

    // A port that nobody listens on.
    let gone =
        TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address");
    let place = Place::new(&format!("localhost:{}/acme/web", gone.port()), "none");
    let reference = format!("localhost:{}/acme/web:latest", gone.port());
    let expected = Delivered { reference, digest: None };
    assert_eq!(place.delivered().await.expect("the nodes may reach it"), expected);
    let events = place.events();
    assert!(events.starts_with("note: cannot resolve the image: "), "{events}");
    assert!(events.contains("; the nodes get the tag\n"), "{events}");
    assert!(events.contains("has no digest"), "{events}");
}

#[tokio::test]
async fn a_cargo_that_answers_something_else_or_is_not_there_is_named() {
    let place = Place::new("web", "load");
    place.script("cargo", "echo hello");
    for (program, said) in [("cargo", "cargo metadata"), ("no-cargo", "no-cargo")] {
        let mut tools = place.tools();
        tools.build.given.clear();
        tools.build.cargo = Some(place.at(program).into());
        let error = place.build(tools).await.expect_err(program).to_string();
        assert!(error.starts_with("cannot build the image: "), "{error}");
        assert!(error.contains(said), "{error}");
        assert!(error.ends_with("; correct that, or name an image with --image"), "{error}");
    }
}

/// The compiler of an interrupted run would hold the processor, and cargo's lock, for minutes.
#[tokio::test]
async fn a_build_that_is_dropped_ends_its_compiler() {
    let place = Place::new("web", "load");
    fs::write(place.at("Cargo.toml"), "[profile.image]\n").expect("a file");
    let folder = place.folder.path().display().to_string();
    let metadata = serde_json::json!({
        "packages": [{"id": "web", "name": "skyward-service", "version": "1.0.0"}],
        "workspace_members": ["web"], "workspace_root": folder, "resolve": {"nodes": []},
    });
    // A compiler of its own, as cargo has.
    place.script(
        "cargo",
        &format!(
            "case $1 in metadata) echo '{metadata}';; build) sleep 600 & echo $! > {folder}/draft-pid; mv {folder}/draft-pid \
             {folder}/pid; wait;; esac"
        ),
    );
    let mut tools = place.tools();
    tools.build.given.clear();
    tools.build.cargo = Some(place.at("cargo").into());
    let pid = place.at("pid");
    let building = place.build(tools);
    let started = async {
        while !pid.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        built = building => panic!("{built:?}"),
        () = started => {}
    }
    let pid = fs::read_to_string(pid).expect("a number");
    let process = format!("/proc/{}/stat", pid.trim());
    let runs = || fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..2000 {
        if !runs() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("process {pid} still runs");
}

#[test]
fn a_registry_has_a_dot_a_port_or_is_this_machine() {
    for (repository, expected) in [
        ("web", Delivery::Load),
        ("acme/web", Delivery::Load),
        ("web.example/", Delivery::Push),
        ("web.v1", Delivery::Load),
        ("docker.io/acme/web", Delivery::Push),
        ("localhost/web", Delivery::Push),
        ("registry:5000/web", Delivery::Push),
    ] {
        assert_eq!(settled(Delivery::Auto, repository), expected, "{repository}");
        let names = Reference::names_registry(repository);
        assert_eq!(names, expected == Delivery::Push, "{repository}");
        assert_eq!(settled(Delivery::None, repository), Delivery::None);
    }
}

#[tokio::test]
async fn what_is_foreseen_has_the_name_that_the_nodes_know() {
    for (built, expected) in [
        ("web", "docker.io/library/web"),
        ("docker.io/web", "docker.io/library/web"),
        ("acme/web", "docker.io/acme/web"),
        ("docker.io/acme/web", "docker.io/acme/web"),
        ("localhost:5000/web", "localhost:5000/web"),
    ] {
        let place = Place::new(built, "load");
        let candidate = place.build(place.tools()).await.expect("built");
        let named = candidate.named();
        assert_eq!(named.reference, format!("{expected}@{}", digest_of(named)));
    }
}

#[test]
fn an_image_that_a_flag_names_is_taken_as_it_is() {
    let notes = Cell::new(0);
    let sink = |_: Event| notes.set(notes.get() + 1);
    let digest = format!("sha256:{}", "5f".repeat(32));
    let reference = format!("ghcr.io/acme/web:1@{digest}");
    let pinned = given(&reference, &sink).expect("a reference");
    assert_eq!((pinned.reference, pinned.digest), (reference, Some(digest)));
    assert_eq!(given("web:1", &sink).expect("a reference").digest, None);
    let error = given("", &sink).expect_err("empty").to_string();
    assert_eq!(notes.get(), 1, "the tag is worth a note");
    assert!(error.starts_with("--image: "), "{error}");
    assert!(error.contains("image reference: it is empty"), "{error}");
}

#[test]
fn what_no_node_understands_is_refused() {
    for (reference, accepted) in [
        ("web", true),
        ("web:Latest_1", true),
        ("Registry.example:5000/acme/web", true),
        ("[::1]:5000/web", true),
        ("acme/Web", false),
        ("Acme/web", false),
        ("web:", false),
        ("registry:5000/", false),
        (":1", false),
        ("web 1", false),
        ("web@sha256:12", false),
        ("web@latest", false),
    ] {
        assert_eq!(given(reference, &|_: Event| {}).is_ok(), accepted, "{reference}");
    }
}
