//! Texts that reach the API server as they are.

use super::RenderError;
use crate::release::Release;

/// Refuses characters that an apply cannot carry: the API server reads its JSON as YAML 1.1, which has no control
/// characters above U+007E unescaped, and takes some of them for ends of lines. Lower ones are escaped by JSON.
pub(super) fn check(release: &Release) -> Result<(), RenderError> {
    let (service, k3s) = (&release.service, &release.k3s);
    let arguments = service.args.iter().map(|text| ("service.args".to_owned(), text));
    let maps = [
        ("service.env", &service.env),
        ("k3s.env", &k3s.env),
        ("k3s.ingress_annotations", &k3s.ingress_annotations),
    ];
    let entries = maps
        .into_iter()
        .flat_map(|(key, map)| map.iter().map(move |(name, text)| (format!("{key}.{name}"), text)));
    for (key, text) in arguments.chain(entries) {
        if let Some(refused) = text.chars().find(|letter| is_refused(*letter)) {
            let number = u32::from(refused);
            let reason = format!(
                "it holds U+{number:04X}, which the API server does not take; leave it out"
            );
            return Err(RenderError { key, reason });
        }
    }
    Ok(())
}

fn is_refused(letter: char) -> bool {
    matches!(
        letter,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}
