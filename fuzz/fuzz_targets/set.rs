//! Values from `--set` and from variables: every problem is a line that a terminal can show.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_config::{Input, resolve};

fuzz_target!(|text: &str| {
    let flags: Vec<_> = text.split('\n').map(str::to_owned).collect();
    let variables: Vec<_> = text
        .split('\n')
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| {
            (format!("SKYWARD_{}", key.to_uppercase().replace('.', "__")), value.to_owned())
        })
        .collect();
    for (variables, flags) in [(&[][..], &flags[..]), (&variables[..], &[][..])] {
        let input = Input { file: "skyward.toml", bytes: b"", environment: None, variables, flags };
        let Err(problems) = resolve(&input) else { continue };
        for problem in problems.iter() {
            assert!(!problem.message.contains(char::is_control), "{:?}", problem.message);
            assert!(!problem.key.contains(char::is_control), "{:?}", problem.key);
        }
    }
});
