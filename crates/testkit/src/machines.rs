//! Machines of the test's own: each has a root, a network and processes of its own, and a real sshd.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// The release that is installed first, and the one after.
pub const OLD: &str = "v1.36.3+k3s1";
pub const NEW: &str = "v1.37.1+k3s1";

/// Machines, and the network that they share with the operator. Several worlds know nothing of each other.
pub struct World {
    pub folder: tempfile::TempDir,
    operator: Namespace,
    pub machines: Vec<Machine>,
    /// All that operators have said, and logs that were emptied.
    said: Mutex<Vec<u8>>,
}

/// A machine, running until it is dropped.
pub struct Machine {
    pub name: String,
    pub address: String,
    folder: PathBuf,
    namespace: Namespace,
}

/// Processes in namespaces of their own; all of them end with this.
struct Namespace {
    child: Child,
    /// The first process inside, as this system numbers it.
    pid: u32,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Namespace {
    /// Runs a script as the first process of the namespaces that unshare's options name.
    fn start(options: &[&str], script: &[&str]) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare"]).args(options);
        command.args(["--fork", "--kill-child", "--"]).args(script);
        let child = command.stdin(Stdio::null()).spawn().expect("setpriv and unshare");
        let path = format!("/proc/{0}/task/{0}/children", child.id());
        let pid = until("the first process", || {
            fs::read_to_string(&path).ok()?.split_whitespace().next()?.parse().ok()
        });
        Self { child, pid }
    }

    /// A command within: its network, and with `mount` its root.
    fn command(&self, kinds: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid.to_string()]).args(kinds).arg("--");
        command
    }

    fn ip(&self, words: &str) {
        let mut command = self.command(&["--net"]);
        let output = command.arg("ip").args(words.split(' ')).output().expect("nsenter and ip");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "ip {words}: {said}");
    }
}

/// Waits for what processes of the test do by themselves.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: it does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn write(path: &Path, mode: u32, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

impl World {
    /// So many machines, named `m1` and on; the operator's program is `deployer`.
    pub fn new(program: &Path, count: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        for name in ["cluster", "home/.ssh", "bin", "files", "newer"] {
            fs::create_dir_all(at.join(name)).expect("a folder");
        }
        fs::set_permissions(at.join("home/.ssh"), fs::Permissions::from_mode(0o700)).expect("mode");
        keygen(&at.join("home/.ssh/id_ed25519"));
        // The default against quantum computers takes most of what a short connection does, and these are many.
        write(&at.join("home/.ssh/config"), 0o600, "KexAlgorithms curve25519-sha256\n");
        write(&at.join("cluster/certificate.pem"), 0o644, &certificate(2041, 2, 3));
        let ssh =
            include_str!("machines/standin/ssh.sh").replace("@FOLDER@", &at.display().to_string());
        write(&at.join("bin/ssh"), 0o755, &ssh);
        release(&at.join("files"), OLD);
        release(&at.join("newer"), NEW);
        fs::copy(program, at.join("bin/deployer")).expect("a copy");
        let home = at.join("home");
        let script = "mount --make-rprivate / && mount --bind \"$1\" /root && touch \"$2\" && exec sleep infinity";
        let marker = at.join("operator-is-up");
        let words = [home.display().to_string(), marker.display().to_string()];
        let operator = Namespace::start(
            &["--net", "--mount"],
            &["sh", "-c", script, "operator", &words[0], &words[1]],
        );
        until("the operator's namespace", || marker.exists().then_some(()));
        for words in [
            "link set lo up",
            "link add br0 type bridge",
            "address add 10.77.0.1/24 dev br0",
            "link set br0 up",
        ] {
            operator.ip(words);
        }
        let mut world = Self { folder, operator, machines: Vec::new(), said: Mutex::default() };
        for _ in 0..count {
            world.add("");
        }
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps what was said, to be searched.
    pub fn hear(&self, bytes: &[u8]) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
    }

    /// All that was kept.
    pub fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One more machine, on which a script has run before sshd answers.
    pub fn add(&mut self, prepare: &str) -> usize {
        let index = self.machines.len();
        let number = index + 1;
        let name = format!("m{number}");
        let folder = self.path(&name);
        for sub in ["host", "layers"] {
            fs::create_dir_all(folder.join(sub)).expect("a folder");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("mode");
        keygen(&folder.join("host/host_key"));
        let config = "HostKey /srv/host/host_key\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUsePAM no\nStrictModes no\n\
                      AuthorizedKeysFile /root/.ssh/authorized_keys /srv/host/authorized_keys\nPidFile none\nMaxSessions 50\nMaxStartups 100\n";
        write(&folder.join("host/sshd_config"), 0o644, config);
        write(&folder.join("systemctl"), 0o755, include_str!("machines/standin/systemctl.sh"));
        let key = fs::read_to_string(self.path("home/.ssh/id_ed25519.pub")).expect("a key");
        write(&folder.join("authorized_keys"), 0o600, &key);
        write(&folder.join("host/authorized_keys"), 0o644, &key);
        if !prepare.is_empty() {
            write(&folder.join("host/prepare"), 0o644, prepare);
        }
        let script = folder.join("machine.sh");
        write(&script, 0o755, include_str!("machines/standin/machine.sh"));
        let words: Vec<String> = [&script, &folder, Path::new(&name), &self.path("cluster")]
            .map(|path: &Path| path.display().to_string())
            .into();
        let mut line = vec!["bash"];
        line.extend(words.iter().map(String::as_str));
        let options = ["--net", "--mount", "--uts", "--pid"];
        let namespace = Namespace::start(&options, &line);
        until("the machine", || folder.join("host/up").exists().then_some(()));
        let address = format!("10.77.0.{}", 10 + number);
        let pid = namespace.pid;
        self.operator.ip(&format!("link add v{number} type veth peer name eth0 netns {pid}"));
        self.operator.ip(&format!("link set v{number} master br0 up"));
        for words in [
            "link set lo up".to_owned(),
            format!("address add {address}/24 dev eth0"),
            "link set eth0 up".to_owned(),
        ] {
            namespace.ip(&words);
        }
        let machine = Machine { name, address, folder, namespace };
        until("sshd", || self.answers(&machine).then_some(()));
        self.machines.push(machine);
        index
    }

    fn answers(&self, machine: &Machine) -> bool {
        let script = format!("exec 3<>/dev/tcp/{}/22", machine.address);
        let mut command = self.operator.command(&["--net"]);
        command.args(["bash", "-c", &script]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Writes each machine's true key where ssh looks for it.
    pub fn know_hosts(&self) {
        let line = |machine: &Machine| {
            let key = fs::read_to_string(machine.folder.join("host/host_key.pub")).expect("a key");
            format!("{} {key}", machine.address)
        };
        let lines: String = self.machines.iter().map(line).collect();
        write(&self.path("home/.ssh/known_hosts"), 0o600, &lines);
    }

    /// A command in the operator's place: its network, its home, its ssh.
    pub fn operator(&self) -> Command {
        let mut command = self.operator.command(&["--net", "--mount"]);
        command.arg("env").arg("-i").arg(format!(
            "PATH={}:{}",
            self.path("bin").display(),
            std::env::var("PATH").expect("a path")
        ));
        command.arg(format!("HOME={}", self.path("home").display()));
        // What a killed operator leaves there goes with the test.
        command.arg(format!("TMPDIR={}", self.folder.path().display()));
        command
    }

    /// Takes a machine off the network, or puts it back. One that is back answers when this returns: the operator's side
    /// remembers for a while that nobody had the address.
    pub fn link(&self, index: usize, state: &str) {
        self.operator.ip(&format!("link set v{} {state}", index + 1));
        if state == "up" {
            let address = &self.machines[index].address;
            until(&format!("an answer of {address}"), || {
                let mut command = self.operator.command(&["--net"]);
                command.args(["ssh-keyscan", "-T", "2", address]);
                let output = command.output().expect("nsenter and ssh-keyscan");
                (!output.stdout.is_empty()).then_some(())
            });
        }
    }

    /// The words that take a machine off the network, for a script.
    pub fn cut_command(&self, index: usize) -> String {
        format!("nsenter --target {} --net -- ip link set v{} down", self.operator.pid, index + 1)
    }
}

impl Machine {
    /// Runs a script on it, past ssh.
    pub fn run(&self, script: &str) -> String {
        let root = format!("--root=/proc/{}/root", self.namespace.pid);
        let kinds = ["--net", "--mount", "--uts", "--pid", &root];
        let mut command = self.namespace.command(&kinds);
        let output =
            command.args(["sh", "-c", &format!("cd / && {script}")]).output().expect("nsenter");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {script}: {said}", self.name);
        String::from_utf8(output.stdout).expect("text")
    }

    /// The first process on it, whose namespaces are the machine's.
    pub fn pid(&self) -> u32 {
        self.namespace.pid
    }

    /// A command on the machine itself, past ssh.
    pub fn command(&self) -> Command {
        let root = format!("--root=/proc/{}/root", self.namespace.pid);
        let mut command = self.namespace.command(&["--net", "--mount", "--uts", "--pid", &root]);
        command.args([
            "env",
            "-C",
            "/",
            "-i",
            "HOME=/root",
            "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]);
        command
    }

    /// Its file of the test's own, such as the log of its shell.
    pub fn own(&self, name: &str) -> PathBuf {
        self.folder.join("host").join(name)
    }

    /// Everything on it that is not as this system's own: paths with kind, mode, owner and content, and its network links. The
    /// upper layer of its root is exactly that.
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let upper = format!("{}/layers/upper", self.folder.display());
        let mut command = self.namespace.command(&["--mount"]);
        let script = "cd \"$1\" && find . -printf '%P\\t%y %m %U:%G %l\\n' && find . -type f -exec sha256sum {} +";
        let output = command.args(["sh", "-c", script, "x", &upper]).output().expect("nsenter");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut found = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some((path, state)) = line.split_once('\t') {
                found.insert(path.to_owned(), state.to_owned());
            } else if let Some((sum, path)) = line.split_once("  ./") {
                *found.get_mut(path).expect("a file that was listed") += sum;
            }
        }
        found.insert(
            "links".to_owned(),
            self.run("ls /sys/class/net; awk '{ print $2 }' /proc/mounts"),
        );
        found.insert(
            "settings".to_owned(),
            self.run("cd /proc/sys && head -n 1 vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops"),
        );
        found.insert("rules".to_owned(), self.rules());
        found.insert("processes".to_owned(), self.run("cat /proc/[0-9]*/comm | sort | uniq -c | grep -v -E 'sshd|sh$|cat|sort|uniq|grep' || true"));
        // A folder that the overlay copied up so that something in it could be written is this system's own.
        found.retain(|path, state| !(state.starts_with("d ") && Self::is_of_system(path, state)));
        found
    }

    /// Its own files that not only their owner may read: how many there are, and all that they hold.
    pub fn readable_by_others(&self) -> (usize, Vec<u8>) {
        let upper = format!("{}/layers/upper", self.folder.display());
        let ask = |action: &str| {
            let script = format!("cd \"$1\" && find . -type f -perm /044 {action}");
            let mut command = self.namespace.command(&["--mount"]);
            let output =
                command.args(["sh", "-c", &script, "x", &upper]).output().expect("nsenter");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        (ask("").split(|byte| *byte == b'\n').count() - 1, ask("-exec cat {} +"))
    }

    /// The rules of its packet filter, asked for by this system's own programs.
    fn rules(&self) -> String {
        let mut command = self.namespace.command(&["--net"]);
        let script = "for v in iptables ip6tables; do $v-save | grep -E '^-A|^:KUBE-|^:FLANNEL'; done; exit 0";
        let output = command.args(["sh", "-c", script]).output().expect("nsenter");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn is_of_system(path: &str, state: &str) -> bool {
        let Ok(data) = fs::symlink_metadata(Path::new("/").join(path)) else { return false };
        let own = format!("d {:o} {}:{} ", data.mode() & 0o7777, data.uid(), data.gid());
        data.is_dir() && state == own
    }
}

/// The differences between two snapshots of a machine.
pub fn differences(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| format!("{key}: {:?} → {:?}", before.get(key), after.get(key)))
        .collect()
}

fn keygen(path: &Path) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path);
    assert!(command.status().expect("ssh-keygen").success());
}

/// A certificate that ends on this day.
pub fn certificate(year: i32, month: u8, day: u8) -> String {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.not_after = rcgen::date_time_ymd(year, month, day);
    let key = rcgen::KeyPair::generate().expect("a key");
    parameters.self_signed(&key).expect("a certificate").pem()
}

/// A folder of files as a release has them.
pub fn release(folder: &Path, version: &str) {
    release_with(folder, version, &format!("images of {version}\n"));
}

/// A folder of files as a release has them, with these bytes as its images.
pub fn release_with(folder: &Path, version: &str, content: &str) {
    let (arch, name) = match std::env::consts::ARCH {
        "aarch64" => ("arm64", "k3s-arm64"),
        _ => ("amd64", "k3s"),
    };
    let k3s = include_str!("machines/standin/k3s.sh").replace("@VERSION@", version);
    let images = format!("k3s-airgap-images-{arch}.tar.zst");
    write(&folder.join(name), 0o644, &k3s);
    write(&folder.join(&images), 0o644, content);
    let sum = |text: &str| {
        Sha256::digest(text).iter().fold(String::new(), |sum, byte| format!("{sum}{byte:02x}"))
    };
    let list = format!("{}  {name}\n{}  {images}\n", sum(&k3s), sum(content));
    write(&folder.join(format!("sha256sum-{arch}.txt")), 0o644, &list);
}
