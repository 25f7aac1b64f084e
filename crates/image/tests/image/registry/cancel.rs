//! Work that its caller ends: no request, no compiler and no engine lives on behind it.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use skyward_config::ConfigArgs;
use skyward_image::build::{self, Options};
use skyward_image::registry::{RegistryError, Settings};
use skyward_image::{Cancelled, Monitor, load};

use crate::fixture::service;
use crate::support::archive::archive;
use crate::support::fake::{Act, Fake, Reply};
use crate::support::image::MemoryImage;
use crate::support::{push_with, retry, script, settings};

/// Waits until `done` is true.
fn eventually(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn is_gone(pid: &str) -> bool {
    // A zombie has ended; its parent has not looked yet.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
}

#[test]
fn a_push_that_is_ended_waits_for_no_retry() {
    let fake =
        Fake::start(|_, _| Act::Answer(Reply::error(503, "UNAVAILABLE").with("Retry-After", 60)));
    let image = MemoryImage::single(1, &[100]);
    let (sender, receiver) = channel();
    let monitor = Monitor::new(move |event| {
        if retry(event).is_some() {
            let _ = sender.send(());
        }
    });
    let ended = monitor.clone();
    thread::spawn(move || {
        receiver.recv().expect("a retry");
        ended.cancel();
    });
    // A real clock: the wait of a minute is what is cut short.
    let real = Settings { monitor, ..Settings::default() };
    let started = Instant::now();
    let error = push_with(&image, &[fake.reference("web:1")], real).expect_err("it is ended");
    assert!(matches!(*error.source, RegistryError::Interrupted), "{}", error.source);
    assert!(started.elapsed() < Duration::from_secs(30));
    let (settings, _, _) = settings();
    settings.monitor.cancel();
    let before = fake.log().len();
    push_with(&image, &[fake.reference("web:1")], settings).expect_err("it is ended already");
    assert_eq!(fake.log().len(), before, "no request is sent");
}

#[test]
fn a_compile_that_is_ended_ends_cargo_and_all_that_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    service::write(folder.path());
    let cargo = folder.path().join("cargo");
    let pids = folder.path().join("pids");
    // As cargo with a compiler that has a linker: each of them waits for the next.
    let hang = format!(
        "echo $$ >> {0}; sh -c 'echo $$ >> {0}; sleep 1000 & echo $! >> {0}; wait' & wait",
        pids.display()
    );
    let metadata = format!(
        r#"{{"packages":[{{"id":"web","name":"fixture-web","version":"1.0.0","license":null,"description":null,"repository":null,"source":null}}],"workspace_members":["web"],"workspace_root":"{}","resolve":{{"nodes":[]}}}}"#,
        folder.path().display()
    );
    script(&cargo, &format!("case $1 in metadata) echo '{metadata}';; *) {hang};; esac"));
    let args =
        ConfigArgs { config: Some(folder.path().join("skyward.toml")), ..ConfigArgs::default() };
    let loaded = args.load_from(folder.path(), std::iter::empty()).expect("a configuration");
    let options = Options { cargo: Some(cargo.into()), forward_cargo: true, ..Options::default() };
    let monitor = Monitor::default();
    let guard = monitor.cancel_on_drop();
    let build = thread::spawn(move || build::build(&loaded, &options, &monitor));
    let started = || fs::read_to_string(&pids).unwrap_or_default();
    eventually("three processes are started", || started().lines().count() == 3);
    drop(guard);
    let error = build.join().expect("no panic").expect_err("it is ended");
    assert!(error.is::<Cancelled>(), "{error:#}");
    let started = started();
    eventually("all of them end", || started.lines().all(is_gone));
}

#[test]
fn an_engine_that_loads_is_ended_with_what_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "acme/web", "1");
    let pid = folder.path().join("pid");
    let text = format!("test $1 = load || exit 0; sleep 1000 & echo $! > {}; wait", pid.display());
    script(&folder.path().join("podman"), &text);
    let path = std::env::join_paths([folder.path(), Path::new("/bin"), Path::new("/usr/bin")]);
    let monitor = Monitor::default();
    let options = load::Options {
        path: Some(path.expect("a PATH")),
        monitor: monitor.clone(),
        ..load::Options::default()
    };
    let into = [load::Destination::Engine(load::Engine::Podman)];
    let loading = thread::spawn(move || load::load_into(&archive, &into, &options));
    let started = || fs::read_to_string(&pid).unwrap_or_default().trim().to_owned();
    eventually("the engine loads", || !started().is_empty());
    monitor.cancel();
    assert!(loading.join().expect("no panic").is_err());
    eventually("its child ends", || is_gone(&started()));
}
