//! References in all their forms.

use proptest::prelude::*;
use skyward_image::registry::Reference;

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn defaults_are_dockers() {
    for (text, full) in [
        ("web", "docker.io/library/web"),
        ("acme/web:1", "docker.io/acme/web:1"),
        ("index.docker.io/web", "docker.io/library/web"),
        ("localhost/web", "localhost/web"),
        ("localhost:5000/web:1", "localhost:5000/web:1"),
        ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
        ("[::1]:5000/web:v1", "[::1]:5000/web:v1"),
        ("ghcr.io/acme/web-api__x.y:v1.2_3", "ghcr.io/acme/web-api__x.y:v1.2_3"),
        ("HOST/web", "HOST/web"),
        ("web:5000", "docker.io/library/web:5000"),
    ] {
        let reference: Reference = text.parse().expect(text);
        assert_eq!(reference.to_string(), full);
    }
    let both: Reference = format!("ghcr.io/a/b:t@sha256:{HEX}").parse().expect("tag and digest");
    assert_eq!(both.tag(), Some("t"));
    assert_eq!(both.selector(), format!("sha256:{HEX}"));
}

#[test]
fn what_is_wrong_is_said() {
    for (text, reason) in [
        ("", "empty"),
        ("https://ghcr.io/a", "scheme"),
        ("ghcr.io/Acme/web", "lower case"),
        ("ghcr.io/", "empty part"),
        ("ghcr.io/a//b", "empty part"),
        ("a/b_-c", "joined by"),
        ("a___b", "joined by"),
        ("-a", "joined by"),
        ("a:", "the tag ``"),
        ("a:.b", "the tag `.b`"),
        ("localhost:99999/a", "port `99999`"),
        ("localhost:0/a", "port `0`"),
        ("a.-b/c", "not a host name"),
        ("[::zz]/c", "not an IPv6"),
        ("a@sha256:12", "not a digest"),
        ("a b", "joined by"),
    ] {
        let error = text.parse::<Reference>().expect_err(text).to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert!("a".repeat(248).parse::<Reference>().is_err(), "library/ and 248 are 256");
}

proptest! {
    #[test]
    fn display_parses_to_the_same_value(
        registry in prop_oneof![Just(String::new()), "[a-z][a-z0-9]{0,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/", Just("localhost:5000/".to_owned())],
        repository in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,3}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in any::<bool>(),
    ) {
        // Without a registry, a first part with a dot would be one.
        prop_assume!(!registry.is_empty() || !repository.contains('/'));
        let tagged = tag.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
        let digested = if digest { format!("@sha256:{HEX}") } else { String::new() };
        let text = format!("{registry}{repository}{tagged}{digested}");
        let reference: Reference = text.parse().expect("a reference of the grammar");
        prop_assert_eq!(reference.tag(), tag.as_deref());
        prop_assert_eq!(&reference.to_string().parse::<Reference>().expect("its own form"), &reference);
        prop_assert!(reference.repository().ends_with(&repository));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(&reference.to_string().parse::<Reference>().expect("its own form"), &reference);
        }
    }
}

#[test]
fn names_are_completed_as_docker_does() {
    for (repository, full) in [
        ("web", "docker.io/library/web"),
        ("docker.io/web", "docker.io/library/web"),
        ("acme/web", "docker.io/acme/web"),
        ("docker.io/acme/web", "docker.io/acme/web"),
        ("ghcr.io/acme/web", "ghcr.io/acme/web"),
        ("localhost/web", "localhost/web"),
        ("localhost:5000/web", "localhost:5000/web"),
    ] {
        assert_eq!(repository.parse::<Reference>().expect(repository).name(), full);
        let names = repository.contains('.') || repository.starts_with("localhost");
        assert_eq!(Reference::names_registry(repository), names, "{repository}");
    }
}

#[test]
fn a_port_is_no_tag() {
    for (name, expected) in [
        ("docker.io/library/web:1.2", "docker.io/library/web"),
        ("localhost:5000/web:1", "localhost:5000/web"),
        ("localhost:5000/web", "localhost:5000/web"),
    ] {
        assert_eq!(name.parse::<Reference>().expect(name).name(), expected);
    }
}
