//! The cluster's words, made short.

/// The prefixes that the layers of a node put before a message.
const WRAPPERS: &[&str] = &[
    "ErrImagePull: ",
    "ImagePullBackOff: ",
    "Error: ",
    "Error creating: ",
    "(combined from similar events): ",
    "Failed to create pod sandbox: ",
    "failed to create containerd task: ",
    "failed to create shim task: ",
    "OCI runtime create failed: ",
    "runc create failed: ",
];

/// A message on one line, without the wrappers that each layer of the node puts around it, and not longer than a few lines of
/// a terminal.
pub(super) fn concise(message: &str) -> String {
    let mut text = one_line(message);
    for opening in
        ["Back-off pulling image", "Failed to pull image", "Failed to apply default image tag"]
    {
        if let Some(rest) = after_quoted(&text, opening) {
            text = rest;
        }
    }
    while let Some(rest) = unwrapped(&text) {
        text = rest;
    }
    shorten(text.trim_end_matches('.'), 300)
}

/// Without the outermost wrapper, where there is one.
fn unwrapped(text: &str) -> Option<String> {
    if let Some(rest) = WRAPPERS.iter().find_map(|wrapper| text.strip_prefix(wrapper)) {
        return Some(rest.to_owned());
    }
    if let Some(rest) = text.strip_prefix("pods \"") {
        return rest.split_once("\" is forbidden: ").map(|(_, rest)| rest.to_owned());
    }
    if let Some(rest) = text.strip_prefix("rpc error: code = ") {
        return rest.split_once(" desc = ").map(|(_, rest)| rest.to_owned());
    }
    let wrappers = [
        "failed to pull and unpack image",
        "failed to resolve reference",
        "failed to resolve image",
    ];
    wrappers.iter().find_map(|wrapper| after_quoted(text, wrapper))
}

/// The text after `opening "…": `.
fn after_quoted(text: &str, opening: &str) -> Option<String> {
    let rest = text.strip_prefix(opening)?.trim_start().strip_prefix('"')?;
    let (_, rest) = rest.split_once("\": ")?;
    Some(rest.to_owned())
}

/// On one line, control characters replaced: what a container writes must not steer the terminal.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(printable));
    }
    line
}

/// The character, or a replacement where it is for the terminal and not for people.
pub(super) fn printable(character: char) -> char {
    // Bidirectional controls reorder what is read; they are not control characters by category.
    let steers = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || steers { char::REPLACEMENT_CHARACTER } else { character }
}

/// At most `limit` characters, the last of them saying that there was more.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// The end of a process in words. Codes above 128 are signals, as shells and runtimes count them.
pub(super) fn exit(code: i32, signal: Option<i32>) -> String {
    match (signal.filter(|signal| *signal > 0), code) {
        (Some(signal), _) => format!("ended by signal {}", signal_name(signal)),
        (None, 129..=192) => {
            format!("exited with code {code} (signal {})", signal_name(code - 128))
        }
        (None, 127) => "exited with code 127 (no such command)".to_owned(),
        (None, 126) => "exited with code 126 (not executable)".to_owned(),
        (None, code) => format!("exited with code {code}"),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return signal.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrappers_come_off() {
        for (message, short) in [
            (
                "Back-off pulling image \"r/a:1\": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack \
                 image \"r/a:1\": failed to resolve reference \"r/a:1\": r/a:1: not found",
                "r/a:1: not found",
            ),
            (
                "Error creating: pods \"web-1\" is forbidden: exceeded quota: pods",
                "exceeded quota: pods",
            ),
            ("Error: secret \"a\" not found", "secret \"a\" not found"),
            ("nothing\n  around it.", "nothing around it"),
        ] {
            assert_eq!(concise(message), short);
        }
    }

    #[test]
    fn ends_are_named() {
        for (code, signal, said) in [
            (2, None, "exited with code 2"),
            (137, None, "exited with code 137 (signal SIGKILL)"),
            (139, Some(0), "exited with code 139 (signal SIGSEGV)"),
            (0, Some(15), "ended by signal SIGTERM"),
            (127, None, "exited with code 127 (no such command)"),
            (255, None, "exited with code 255"),
        ] {
            assert_eq!(exit(code, signal), said);
        }
    }

    proptest! {
        #[test]
        fn no_message_steers_the_terminal_or_breaks_the_line(message in "\\PC*|.*|[\u{0}-\u{9f}\u{202a}-\u{202e}]*") {
            let short = concise(&message);
            prop_assert!(short.chars().count() <= 300);
            prop_assert!(!short.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{short:?}");
        }
    }
}
