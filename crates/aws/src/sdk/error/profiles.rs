//! The profiles of AWS's configuration files, where `AWS_PROFILE` names none of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The variables that name the files, and where these are without ("Configuration and credential file settings in the AWS CLI").
const FILES: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")];

/// That the profile of the environment is not there, and which are.
pub(super) fn absent() -> Option<String> {
    let name = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty())?;
    let mut files = Vec::new();
    let mut profiles = BTreeSet::new();
    for (variable, place) in FILES {
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(place));
        let path = std::env::var_os(variable).map(PathBuf::from).or_else(home)?;
        profiles.extend(names(&std::fs::read_to_string(&path).unwrap_or_default()));
        files.push(path.display().to_string());
    }
    if profiles.contains(&name) {
        return None;
    }
    let there = match profiles.len() {
        0 => "there is none".to_owned(),
        _ => format!("there are {}", profiles.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Some(format!(
        "AWS_PROFILE is {name}, and no profile of that name is in {}: {there}",
        files.join(" or ")
    ))
}

/// The names of the profiles of a file.
fn names(text: &str) -> impl Iterator<Item = String> {
    let sections = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split(']').next());
    sections.filter_map(|section| match section.trim().split_once(char::is_whitespace) {
        None => Some(section.trim().to_owned()),
        Some(("profile", name)) => Some(name.trim().to_owned()),
        // A single sign-on session or a set of services.
        Some(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn profiles_are_those_of_both_kinds_of_files() {
        let config = "[default]\nregion = x\n# [no]\n[profile web]\n[sso-session a]\n [ profile  my shop ] \n[services s]\n";
        assert_eq!(names(config).collect::<Vec<_>>(), ["default", "web", "my shop"]);
        assert_eq!(names("[web]\naws_access_key_id = [x\n").collect::<Vec<_>>(), ["web"]);
    }
}
