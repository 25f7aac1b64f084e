//! A repository whose owner has neither a cluster nor credentials, and no network.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::scratch::Scratch;

impl Scratch {
    /// Runs the program in the folder, as that owner.
    pub(crate) fn skyward(&self, arguments: &[&str]) -> Output {
        let mut skyward = self.command(arguments);
        skyward.env("KUBECONFIG", self.path("no-kubeconfig")).env("CARGO_NET_OFFLINE", "true");
        skyward.output().unwrap()
    }

    /// The files that are not cargo's own, by name.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&self.root).unwrap().display().to_string();
                match path.is_dir() {
                    true if !path.ends_with("target") => folders.push(path),
                    true => {}
                    false => drop(files.insert(name, read(&path))),
                }
            }
        }
        files
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
