//! The rules over what is in the image and what is started from it.

use skyward_config::Input;

use crate::{EMPTY, problems};

#[test]
fn what_the_image_would_not_have_is_refused() {
    for (text, expected) in [
        ("[image]\nentrypoint = [\"/other\"]", "\"/other\" is not there, but /skyward-service"),
        ("[image]\nentrypoint = [\"web\"]", "\"web\" is not a path from /"),
        ("[image]\nbinaries = [\"skyward-service\"]", "\"skyward-service\" is the service itself"),
        ("[image]\nbinaries = [\"tmp\"]", "would be /tmp, which every container has already"),
        (
            "[service]\nname = \"migrate\"\n[image]\nbinaries = [\"migrate\"]",
            "/migrate would be the service's own binary, after its name",
        ),
        (
            "[image]\nbinaries = [\"migrate\"]\nfiles = { a = \"/migrate/a\" }",
            "/migrate is a binary in the image; choose another path",
        ),
        (
            "[[k3s.job]]\nname = \"migrate\"\ncommand = [\"/migrate\"]",
            "the command of \"migrate\" is not in the image: \"/migrate\" is not there, but /skyward-service; add the binary to image.binaries",
        ),
        (
            "[image]\nbinaries = [\"tool\"]\n[[k3s.worker]]\nname = \"mail\"\ncommand = [\"mailer\"]",
            "\"mailer\" is not a path from /; name one that the image has, such as /skyward-service, /tool",
        ),
    ] {
        let said = problems(Input { bytes: text.as_bytes(), ..EMPTY });
        assert!(said.contains(expected), "{text}: {said}");
    }
}

/// What the configuration cannot know of is left to whoever does: the build, or the cluster.
#[test]
fn what_may_be_there_is_not_refused() {
    let job = "[[k3s.job]]\nname = \"a\"\ncommand = [\"/tools/run\"]";
    for text in [
        format!("[image]\nfiles = {{ tools = \"/tools\" }}\n{job}"),
        format!("[k3s]\ndelivery = \"none\"\n{job}"),
        format!("[k3s]\nreplicas = 1\n[[k3s.volume]]\nname = \"t\"\npath = \"/tools\"\nsize = \"1Gi\"\n{job}"),
        "[image]\nbinaries = [\"run\"]\nentrypoint = [\"/run\", \"x\"]\n[[k3s.job]]\nname = \"a\"\ncommand = [\"/run\"]".to_owned(),
    ] {
        let input = Input { bytes: text.as_bytes(), ..EMPTY };
        let said = skyward_config::resolve(&input).err().map(|problems| problems.to_string());
        assert_eq!(said, None, "{text}");
    }
}
