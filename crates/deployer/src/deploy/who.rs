//! Who deploys, as the history shows it.

/// `user@host`, from the variables and the file that say so.
pub fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).or_else(owner);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.as_deref().map(str::trim).filter(|host| !host.is_empty());
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.unwrap_or("unknown"))
}

/// The name of the user who owns this process, where the machine has one for its number.
fn owner() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let number = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let named = users.lines().map(|line| line.split(':')).find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    Some(named.unwrap_or(format!("uid {number}")))
}
