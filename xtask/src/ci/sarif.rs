//! Findings as SARIF 2.1.0, for auditors that do not write it themselves, and what GitHub's code scanning needs of all of them.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Something that an auditor found, at a place in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The auditor's name of what it looked for.
    pub(super) rule: String,
    /// One of SARIF's levels: error, warning or note.
    pub(super) level: &'static str,
    pub(super) message: String,
    /// Relative to the workspace.
    pub(super) file: String,
    /// From 1.
    pub(super) line: u64,
    /// From 1.
    pub(super) column: u64,
}

/// The document of one tool's findings.
pub(super) fn document(tool: &str, findings: &[Finding]) -> Value {
    let rules: BTreeSet<_> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    let rules: Vec<_> = rules.into_iter().map(|rule| json!({ "id": rule })).collect();
    let results: Vec<_> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": tool, "rules": rules } }, "results": results }],
    })
}

fn result(finding: &Finding) -> Value {
    json!({
        "ruleId": finding.rule,
        "level": finding.level,
        "message": { "text": finding.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.file) },
            "region": { "startLine": finding.line.max(1), "startColumn": finding.column.max(1) },
        } }],
    })
}

/// A path as a reference by RFC 3986, which SARIF asks for: all but what is nowhere special is escaped.
fn uri(path: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}

/// Gives a document what code scanning asks for: a list of results in each run, empty where there are none, and a category, because
/// one tool may look at several things. Returns how many results there are, and how many of them the source says are meant.
pub(super) fn complete(document: &mut Value, category: &str) -> Result<(usize, usize)> {
    let (mut found, mut suppressed) = (0, 0);
    let runs = document["runs"].as_array_mut().context("the document has no runs")?;
    for run in runs {
        run["automationDetails"] = json!({ "id": format!("{category}/") });
        if run["results"].is_null() {
            run["results"] = json!([]);
        }
        for result in run["results"].as_array_mut().context("a run's results are a list")? {
            drop_empty_regions(result);
            found += 1;
            let meant = result["suppressions"].as_array().is_some_and(|all| !all.is_empty());
            suppressed += usize::from(meant);
        }
    }
    Ok((found, suppressed))
}

/// Removes regions that say neither a line nor an offset, which SARIF's schema refuses: kube-score writes one for each finding.
fn drop_empty_regions(result: &mut Value) {
    let locations = result.get_mut("locations").and_then(Value::as_array_mut);
    let places = locations.into_iter().flatten();
    for place in places.filter_map(|location| location.get_mut("physicalLocation")) {
        let says = |key: &str| place["region"][key].is_u64();
        if !["startLine", "charOffset", "byteOffset"].into_iter().any(says)
            && let Some(place) = place.as_object_mut()
        {
            place.remove("region");
        }
    }
}

/// The findings in the output of `cargo clippy --message-format=json`: one message a line, of which those of the compiler have a place.
pub(super) fn of_cargo(lines: &str) -> Vec<Finding> {
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut findings: Vec<Finding> = Vec::new();
    for message in messages.filter(|message| message["reason"] == "compiler-message") {
        let message = &message["message"];
        let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(span) = spans.iter().find(|span| span["is_primary"] == true) else { continue };
        let finding = Finding {
            rule: text(&message["code"]["code"], "rustc"),
            level: if message["level"] == "error" { "error" } else { "warning" },
            message: text(&message["message"], ""),
            file: text(&span["file_name"], ""),
            line: span["line_start"].as_u64().unwrap_or(1),
            column: span["column_start"].as_u64().unwrap_or(1),
        };
        // A library is compiled twice, once for its tests.
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

/// The findings in the JSON of actionlint.
pub(super) fn of_actionlint(list: &Value) -> Vec<Finding> {
    let of = |found: &Value| Finding {
        rule: text(&found["kind"], "actionlint"),
        level: "error",
        message: text(&found["message"], ""),
        file: text(&found["filepath"], ""),
        line: found["line"].as_u64().unwrap_or(1),
        column: found["column"].as_u64().unwrap_or(1),
    };
    list.as_array().map_or(&[][..], Vec::as_slice).iter().map(of).collect()
}

/// The findings in the JSON of cfn-lint.
pub(super) fn of_cfn_lint(list: &Value) -> Vec<Finding> {
    let of = |found: &Value| Finding {
        rule: text(&found["Rule"]["Id"], "cfn-lint"),
        level: match found["Level"].as_str() {
            Some("Error") => "error",
            Some("Warning") => "warning",
            _ => "note",
        },
        message: text(&found["Message"], ""),
        file: text(&found["Filename"], ""),
        line: found["Location"]["Start"]["LineNumber"].as_u64().unwrap_or(1),
        column: found["Location"]["Start"]["ColumnNumber"].as_u64().unwrap_or(1),
    };
    list.as_array().map_or(&[][..], Vec::as_slice).iter().map(of).collect()
}

fn text(value: &Value, otherwise: &str) -> String {
    value.as_str().unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, level: &'static str, line: u64, column: u64) -> Finding {
        let (message, file) = ("m".to_owned(), "a/b".to_owned());
        Finding { rule: rule.to_owned(), level, message, file, line, column }
    }

    #[test]
    fn cargo_tells_each_finding_once() {
        let line = json!({ "reason": "compiler-message", "message": {
            "code": { "code": "clippy::x" }, "level": "warning", "message": "m",
            "spans": [
                { "is_primary": false, "file_name": "z", "line_start": 1, "column_start": 1 },
                { "is_primary": true, "file_name": "a/b", "line_start": 3, "column_start": 4 },
            ],
        } });
        let summary =
            json!({ "reason": "compiler-message", "message": { "level": "error", "spans": [] } });
        let other = json!({ "reason": "build-finished", "success": true });
        let lines = format!("{line}\nno JSON\n{line}\n{summary}\n{other}\n");
        assert_eq!(of_cargo(&lines), [finding("clippy::x", "warning", 3, 4)]);
    }

    #[test]
    fn lists_of_auditors_are_read() {
        let actionlint = json!([{ "kind": "syntax-check", "message": "m", "filepath": "a/b", "line": 5, "column": 6 }]);
        assert_eq!(of_actionlint(&actionlint), [finding("syntax-check", "error", 5, 6)]);
        let cfn_lint = json!([{
            "Rule": { "Id": "W1" }, "Level": "Warning", "Message": "m", "Filename": "a/b",
            "Location": { "Start": { "LineNumber": 7, "ColumnNumber": 8 } },
        }]);
        assert_eq!(of_cfn_lint(&cfn_lint), [finding("W1", "warning", 7, 8)]);
        assert_eq!(of_cfn_lint(&json!([])), []);
    }

    /// The properties that SARIF 2.1.0 requires (sections 3.13 to 3.30), and no line or column below 1.
    #[test]
    fn a_document_has_what_the_standard_requires() {
        let mut document =
            document("t", &[finding("r", "note", 0, 0), finding("r", "error", 2, 3)]);
        document["runs"][0]["results"][1]["suppressions"] = json!([{ "kind": "inSource" }]);
        assert_eq!(complete(&mut document, "c").unwrap(), (2, 1));
        let run = &document["runs"][0];
        assert_eq!(
            (&document["version"], &run["tool"]["driver"]["name"]),
            (&json!("2.1.0"), &json!("t"))
        );
        assert_eq!(run["tool"]["driver"]["rules"], json!([{ "id": "r" }]));
        assert_eq!(run["automationDetails"]["id"], "c/");
        let result = &run["results"][0];
        assert_eq!(
            (&result["ruleId"], &result["level"], &result["message"]["text"]),
            (&json!("r"), &json!("note"), &json!("m"))
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a/b");
        assert_eq!(place["region"], json!({ "startLine": 1, "startColumn": 1 }));
    }

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(uri(".github/workflows/ci.yml"), ".github/workflows/ci.yml");
        assert_eq!(uri("a b/100%/ü.rs"), "a%20b/100%25/%C3%BC.rs");
    }

    #[test]
    fn a_region_without_a_place_is_left_out() {
        let location = |region: Value| json!({ "physicalLocation": { "region": region } });
        let mut result = json!({
            "locations": [location(json!({ "snippet": {} })), location(json!({ "startLine": 3 }))],
        });
        drop_empty_regions(&mut result);
        assert_eq!(result["locations"][0], json!({ "physicalLocation": {} }));
        assert_eq!(result["locations"][1], location(json!({ "startLine": 3 })));
        drop_empty_regions(&mut json!({ "message": { "text": "m" } }));
    }

    /// kube-score leaves the results out where there are none.
    #[test]
    fn missing_results_are_none() {
        let mut document = json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
        assert_eq!(complete(&mut document, "c").unwrap(), (0, 0));
        assert_eq!(document["runs"][0]["results"], json!([]));
        assert!(complete(&mut json!({}), "c").is_err());
    }
}
