//! Files that GitHub's runners read: the summary of a job, and its outputs. Nothing is written anywhere else.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;

use anyhow::{Context, Result};

/// Adds Markdown to the page of the run, where `GITHUB_STEP_SUMMARY` asks for it.
pub(crate) fn summary(markdown: &str) -> Result<()> {
    append(std::env::var_os("GITHUB_STEP_SUMMARY"), &format!("{markdown}\n"))
}

/// Adds lines of `name=value` to the step's outputs, where `GITHUB_OUTPUT` asks for them.
pub(crate) fn output(lines: &str) -> Result<()> {
    append(std::env::var_os("GITHUB_OUTPUT"), lines)
}

fn append(file: Option<OsString>, text: &str) -> Result<()> {
    let Some(file) = file.filter(|name| !name.is_empty()) else { return Ok(()) };
    let write =
        || OpenOptions::new().create(true).append(true).open(&file)?.write_all(text.as_bytes());
    write().with_context(|| format!("writing to {}, which GitHub's variables name", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_added_where_a_file_is_named() {
        let file = std::env::temp_dir().join(format!("xtask-github-{}", std::process::id()));
        let _ = std::fs::remove_file(&file);
        append(None, "nowhere").unwrap();
        append(Some(OsString::new()), "nowhere").unwrap();
        append(Some(file.clone().into()), "a=1\n").unwrap();
        append(Some(file.clone().into()), "b=2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a=1\nb=2\n");
        std::fs::remove_file(&file).unwrap();
        let error = append(Some(file.join("inside").into()), "a").unwrap_err();
        assert!(format!("{error:#}").contains("which GitHub's variables name"), "{error:#}");
    }
}
