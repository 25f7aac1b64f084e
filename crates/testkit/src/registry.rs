//! Debian's `docker-registry`, started on a free port with a folder of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
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

    /// One that speaks https, with a certificate for `localhost` and 127.0.0.1.
    pub fn with_tls() -> Self {
        Self::start("  tls: {certificate: FOLDER/leaf.pem, key: FOLDER/leaf.key}\n")
    }

    /// The certificate of the authority that signed the registry's.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    fn start(extra: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The port is free again when the registry takes it.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let path = folder.path().display().to_string();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {path}/data}}, delete: {{enabled: true}}}}\n\
             http:\n  addr: {address}\n{}",
            extra.replace("FOLDER", &path)
        );
        fs::write(folder.path().join("config.yml"), config).expect("the configuration");
        fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("the passwords");
        if extra.contains("tls") {
            certificates(folder.path());
        }
        let process = Arc::new(Mutex::new(run(&folder)));
        let registry = Self { address, folder, process };
        registry.wait();
        registry
    }

    /// Ends the process as a crash does (SIGKILL).
    pub fn kill(&self) {
        kill(&self.process);
    }

    /// Returns a function that ends the process, for another thread.
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

/// An authority and a certificate that it signs, both for this test alone.
fn certificates(folder: &Path) {
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        .expect("the names");
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout authority.key -out authority.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout leaf.key -out leaf.csr",
        "x509 -req -in leaf.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile names -out leaf.pem",
    ] {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
