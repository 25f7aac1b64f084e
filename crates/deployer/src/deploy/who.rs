//! Who deploys, as the history shows it.

/// `user@host`, from the variables and the file that say so.
pub fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.as_deref().map(str::trim).filter(|host| !host.is_empty());
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.unwrap_or("unknown"))
}
