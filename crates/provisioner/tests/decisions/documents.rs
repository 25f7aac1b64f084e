//! The committed files of `infra` are those that the code generates.

use std::path::Path;

use skyward_config::ConfigArgs;
use skyward_provisioner::document::{COMMAND, files};

#[test]
fn the_generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let loaded =
        ConfigArgs::default().load_from(&root, []).unwrap_or_else(|error| panic!("{error}"));
    let aws = loaded.config.aws;
    let user_data =
        std::fs::read_to_string(root.join(&aws.user_data)).expect("the instances' script");
    let files = files(&aws, &user_data).expect("the files");
    assert_eq!(files.len(), 11);
    let mut stale = Vec::new();
    for file in files {
        let committed =
            std::fs::read_to_string(root.join("infra").join(file.name)).unwrap_or_default();
        if committed != file.text {
            stale.push(file.name);
        }
    }
    assert!(stale.is_empty(), "infra: {} are not current; renew them: {COMMAND}", stale.join(", "));
}

/// A simulated apply, and with it the picture of its timeline, is the same every time.
#[test]
fn the_same_is_generated_twice() {
    let aws = skyward_config::Aws::default();
    let generate = || files(&aws, "#!/bin/sh\nexec another-server\n").expect("the files");
    assert_eq!(generate(), generate());
}
