//! What is said of wrong input, to the letter.

mod image;
mod processes;
mod settings;
mod syntax;
mod values;

use skyward_config::{Input, resolve};

const EMPTY: Input<'static> =
    Input { file: "skyward.toml", bytes: b"", environment: None, variables: &[], flags: &[] };

/// All problems of an input, without the line that counts them.
#[track_caller]
fn problems(input: Input<'_>) -> String {
    let text = resolve(&input).expect_err("the input is wrong").to_string();
    let (problems, count) = text.rsplit_once('\n').expect("the last line counts");
    let expected = match problems.lines().count() {
        1 => "1 error in the configuration".to_owned(),
        several => format!("{several} errors in the configuration"),
    };
    assert_eq!(count, expected);
    problems.to_owned()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(problems(Input { bytes: text.as_bytes(), ..EMPTY }), expected, "for:\n{text}");
}
