//! A terminal of a given width, for the tests of this package and of xtask.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Runs a command on a terminal of so many columns, and returns its end and what it shows.
pub(crate) fn run(command: &mut Command, columns: u16) -> (ExitStatus, String) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs: OwnedFd = File::options()
        .read(true)
        .write(true)
        .open(PathBuf::from(name.into_string().unwrap()))
        .unwrap()
        .into();
    let mut child = command
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs.try_clone().unwrap())
        .spawn()
        .unwrap();
    // The command keeps copies that would hold the terminal open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    drop(theirs);
    let mut shown = Vec::new();
    // Linux ends the reading with an error where nobody holds the terminal any more.
    let _ = File::from(ours).read_to_end(&mut shown);
    (child.wait().unwrap(), String::from_utf8_lossy(&shown).into_owned())
}

/// The text without its escape sequences.
pub(crate) fn plain(shown: &str) -> String {
    let mut text = String::new();
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
        } else {
            text.push(character);
        }
    }
    text
}
