//! The configuration file: every problem is a line that a terminal can show, at a line that the file has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_config::{Input, Origin, resolve};

fuzz_target!(|data: &[u8]| {
    let flag = Origin::Flag("--environment");
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    for environment in [None, Some(("staging", &flag))] {
        let input =
            Input { file: "skyward.toml", bytes: data, environment, variables: &[], flags: &[] };
        let Err(problems) = resolve(&input) else { continue };
        assert!(problems.iter().next().is_some(), "an error without a problem");
        for problem in problems.iter() {
            assert!(!problem.message.contains(char::is_control), "{:?}", problem.message);
            assert!(!problem.key.contains(char::is_control), "{:?}", problem.key);
            if let Origin::File { line, .. } = &problem.origin {
                assert!((1..=lines).contains(line), "line {line} of {lines}");
            }
        }
    }
});
