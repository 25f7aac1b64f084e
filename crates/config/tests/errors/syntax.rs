use skyward_config::{Input, resolve};

use crate::{EMPTY, check, problems};

#[test]
fn text_that_is_no_toml() {
    let (line, text) = (
        "a line is [section], key = value or # comment",
        "text is written in quotes on one line, such as key = \"value\"",
    );
    for (toml, expected) in [
        (
            "[service",
            "1: syntax: unclosed table; the name of a section is in brackets, alone on its line, such as [service]",
        ),
        ("service.name = web", &*format!("1: syntax: string values must be quoted; {text}")),
        ("service.name = \"web", &format!("1: syntax: invalid basic string; {text}")),
        (
            "service.name = \"\"\"web\n\n",
            "1: syntax: invalid multi-line basic string; text over several lines is put between \"\"\" and \"\"\"",
        ),
        ("service.port =", &format!("1: syntax: the value is missing; {line}")),
        ("\n\nservice.port\n", &format!("3: syntax: key with no value; {line}")),
        (
            "service.port = 080",
            "1: syntax: unexpected leading zero; a number is written as 8000 or 8_000",
        ),
        ("image.sbom = True", "1: syntax: invalid boolean; it is true or false, in small letters"),
        (
            "image.output = \"C:\\q\"",
            "1: syntax: missing escaped value; a backslash in text is written twice, or the text is put in single quotes",
        ),
        (
            "image.tags = [\"a\"",
            "1: syntax: unclosed array; a list is written in brackets with commas between, such as [\"a\", \"b\"]",
        ),
        (
            "image.tags = [\n  \"a\" \"b\",\n]\n",
            "2: syntax: missing comma between array elements; a list is written in brackets with commas between, such as [\"a\", \"b\"]",
        ),
        (
            "[service]\nport = 1\nport = 2",
            "3: service.port: the key is set twice; keep one of the two",
        ),
        ("[service]\n[service]", "2: service: the key is set twice; keep one of the two"),
        (
            "[service]\nenv = { A = \"1\", A = \"2\" }",
            "2: service.env.A: the key is set twice; keep one of the two",
        ),
        (
            "[environment.staging.k3s]\n\n[environment.staging.k3s]",
            "3: environment.staging.k3s: the key is set twice; keep one of the two",
        ),
        (
            "service.port = 1\nservice.port = 1",
            "2: service.port: the key is set twice; keep one of the two",
        ),
        (
            "[service]\nport = 1\nport.x = 2",
            "3: service.port.x: cannot extend value of type integer with a dotted key; a key has one value, or further keys below it",
        ),
    ] {
        check(toml, &format!("skyward.toml:{expected}"));
    }
    let deep = format!("service.args = {}", "[".repeat(100_000));
    check(
        &deep,
        "skyward.toml:1: syntax: cannot recurse further; max recursion depth met; nothing here nests deeper than a section, a key and a list or table",
    );
}

#[test]
fn all_errors_at_once_in_the_order_of_the_lines() {
    check(
        "\
[service]
port = 70000
args = [\"a\", \"b\"
name = web
nonsense
env = {
  A = 1,
  B = \"b\"
  C = \"c\"
}
admin_port = 70000

[image
sbom = \"this is in no section, and so not judged\"
user = 08

[k3s]
replicas = 0
replicas = 1

[environment.production.service]
port = \"80\"
",
        "\
skyward.toml:2: service.port: 70000 is out of range; a port is a whole number from 0 to 65535
skyward.toml:3: syntax: unclosed array; a list is written in brackets with commas between, such as [\"a\", \"b\"]
skyward.toml:4: syntax: string values must be quoted; text is written in quotes on one line, such as key = \"value\"
skyward.toml:5: syntax: key with no value; a line is [section], key = value or # comment
skyward.toml:9: syntax: missing comma between key-value pairs; a table is written in braces with commas between, such as { NAME = \"value\" }
skyward.toml:11: service.admin_port: 70000 is out of range; a port is a whole number from 0 to 65535
skyward.toml:13: syntax: unclosed table; the name of a section is in brackets, alone on its line, such as [service]
skyward.toml:15: syntax: unexpected leading zero; a number is written as 8000 or 8_000
skyward.toml:18: k3s.replicas: 0 is out of range; a number of replicas is a whole number from 1 to 1000
skyward.toml:19: k3s.replicas: the key is set twice; keep one of the two
skyward.toml:22: environment.production.service.port: \"80\" is text; a port is a whole number from 0 to 65535",
    );
}

/// Text that looks like further statements is part of the value that it is in, also where another line is wrong.
#[test]
fn whole_statements_over_several_lines_are_not_blamed_for_others() {
    check(
        "\
[service]
port = eighty
env = { A = \"1\",
B = \"2\" }
args = [
\"\"\"
[k3s]
replicas = 0
\"\"\",
]
name = 1
",
        "\
skyward.toml:2: syntax: string values must be quoted; text is written in quotes on one line, such as key = \"value\"
skyward.toml:11: service.name: 1 is a whole number, not text in quotes; a name is a DNS label: 1 to 63 of a-z, 0-9 and -, begins with a letter and does not end with -",
    );
}

#[test]
fn thousands_of_errors_are_counted_and_not_all_printed() {
    let text =
        (0..3000).map(|number| format!("service.x{number} = 1")).collect::<Vec<_>>().join("\n");
    let all = resolve(&Input { bytes: text.as_bytes(), ..EMPTY }).expect_err("unknown keys");
    assert_eq!(all.iter().count(), 3000);
    let shown = all.to_string();
    assert_eq!(shown.lines().count(), 102);
    assert!(shown.ends_with("\n… and 2900 more\n3000 errors in the configuration"), "{shown}");
}

#[test]
fn text_that_is_no_utf8() {
    for (bytes, expected) in [
        (
            &b"[service]\nname = \"\xff\""[..],
            "skyward.toml:2: syntax: byte 18 of the file (0xff, byte 9 of the line) is not UTF-8; save the file as UTF-8",
        ),
        (
            b"\xff\xfe[\0s\0]\0",
            "skyward.toml:1: syntax: byte 0 of the file (0xff, byte 1 of the line) is not UTF-8 (it looks like UTF-16); save the file as UTF-8",
        ),
    ] {
        assert_eq!(problems(Input { bytes, ..EMPTY }), expected);
    }
    assert!(
        resolve(&Input { bytes: b"\xef\xbb\xbf[service]\r\nport = 1\r\n", ..EMPTY }).is_ok(),
        "a byte order mark"
    );
}
