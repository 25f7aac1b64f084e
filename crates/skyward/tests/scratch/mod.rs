//! A repository of someone else's.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("0.0.0.0", 0)).unwrap().local_addr().unwrap().port()
}

/// A folder with a space in its name.
pub(crate) struct Scratch {
    _folder: TempDir,
    pub(crate) root: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("my service");
        fs::create_dir(&root).unwrap();
        Self { _folder: folder, root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program with these arguments in the folder, with nothing that the tests' own cargo has set.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut skyward = Command::new(env!("CARGO_BIN_EXE_skyward"));
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("SKYWARD_") || name.starts_with("CARGO_PKG_"))
            {
                skyward.env_remove(name);
            }
        }
        skyward.current_dir(&self.root).args(arguments);
        skyward.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        skyward
    }
}
