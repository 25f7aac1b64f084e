//! Debian's `docker-registry`, started on a free port with a folder of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// `alice` with the password `s3cret`, by bcrypt (`htpasswd -nbB -C 4 alice s3cret`).
const HTPASSWD: &str = "alice:$2y$04$OFY80n70r92MENjZeabMm.4yb/eCTJCMe.DC5X8RObG9/3Y/jOtOq\n";

/// A running registry. It is ended, and its folder removed, when this is dropped.
pub struct Distribution {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    process: Arc<Mutex<Child>>,
}

impl Distribution {
    /// One that anyone may write to.
    pub fn open() -> Self {
        Self::start("")
    }

    /// One that asks for `alice` and `s3cret`.
    pub fn with_login() -> Self {
        Self::start("auth: {htpasswd: {realm: test, path: FOLDER/htpasswd}}\n")
    }

    fn start(auth: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The port is free again when the registry takes it.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let path = folder.path().display().to_string();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {path}/data}}, delete: {{enabled: true}}}}\n\
             http: {{addr: {address}}}\n{}",
            auth.replace("FOLDER", &path)
        );
        fs::write(folder.path().join("config.yml"), config).expect("the configuration");
        fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("the passwords");
        let process = Arc::new(Mutex::new(run(&folder)));
        let registry = Self { address, folder, process };
        registry.wait();
        registry
    }

    /// Ends the process as a crash does (SIGKILL).
    pub fn kill(&self) {
        kill(&self.process);
    }

    /// What ends the process, for another thread.
    pub fn killer(&self) -> impl Fn() + Send + Sync + 'static {
        let process = Arc::clone(&self.process);
        move || kill(&process)
    }

    /// Starts it again after `kill`, on what is in its folder.
    pub fn restart(&self) {
        *self.process.lock().unwrap() = run(&self.folder);
        self.wait();
    }

    pub fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// The tags of a repository, as they are stored.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let path = format!("data/docker/registry/v2/repositories/{repository}/_manifests/tags");
        let entries = fs::read_dir(self.folder.path().join(path)).into_iter().flatten().flatten();
        let mut tags: Vec<String> = entries
            .filter(|entry| entry.path().join("current/link").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        tags.sort();
        tags
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            assert!(
                Instant::now() < deadline,
                "docker-registry does not listen on {}",
                self.address
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn run(folder: &tempfile::TempDir) -> Child {
    Command::new("docker-registry")
        .arg("serve")
        .arg(folder.path().join("config.yml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("docker-registry starts")
}

fn kill(process: &Mutex<Child>) {
    let mut process = process.lock().unwrap();
    // It may have ended before.
    let _ = process.kill();
    let _ = process.wait();
}

impl Drop for Distribution {
    fn drop(&mut self) {
        self.kill();
    }
}
