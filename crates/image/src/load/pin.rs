//! Pins: what keeps the kubelet's garbage collection from an image that no registry has. Pure.

/// The label by which containerd tells the kubelet that an image stays (containerd, `internal/cri/labels`).
const PINNED: &str = "io.cri-containerd.pinned";
/// The value of that label, and of ours.
const YES: &str = "pinned";
/// The prefix of the label that names a release for which an image is pinned; several may have the same one.
const RELEASE: &str = "dev.skyward.release.";

/// The release that images are pinned for; by default none, so that they stay until they are removed by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    release: String,
    kept: Option<Vec<String>>,
}

impl Pins {
    /// Pins images for the release of this namespace and name, and leaves all others as they are.
    pub fn of_release(namespace: &str, release: &str) -> Self {
        Self { release: format!("{RELEASE}{namespace}.{release}"), kept: None }
    }

    /// Unpins those of the release that are not among these references, such as the images of its history.
    #[must_use]
    pub fn keeping(self, references: Vec<String>) -> Self {
        Self { kept: Some(references), ..self }
    }

    /// The arguments of the calls of `ctr images label` that pin `references` and unpin what the release does not keep. `listing` is what
    /// `ctr images list` prints, whose last column is the labels.
    pub fn changes(&self, listing: &str, references: &[String]) -> Vec<Vec<String>> {
        let mut changes = Vec::new();
        for line in listing.lines().skip(1) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(labels)) = (words.next(), words.next_back()) else { continue };
            let has = |key: &str| labels.split(',').any(|label| label == format!("{key}={YES}"));
            let change = |labels: &[String]| [&[name.to_owned()], labels].concat();
            if references.iter().any(|reference| reference == name) {
                let release = Some(self.release.as_str()).filter(|release| !release.is_empty());
                let wanted = || std::iter::once(PINNED).chain(release);
                if !wanted().all(has) {
                    changes.push(change(&wanted().map(set).collect::<Vec<_>>()));
                }
            } else if let Some(kept) = &self.kept
                && has(&self.release)
                && !kept.iter().any(|reference| reference == name)
            {
                let is_others =
                    |label: &str| label.starts_with(RELEASE) && label != set(&self.release);
                let mut gone = vec![unset(&self.release)];
                if !labels.split(',').any(is_others) {
                    gone.push(unset(PINNED));
                }
                changes.push(change(&gone));
            }
        }
        changes
    }
}

fn set(label: &str) -> String {
    format!("{label}={YES}")
}

/// containerd removes a label without a value (`metadata/boltutil`).
fn unset(label: &str) -> String {
    format!("{label}=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_history_does_not_keep_is_unpinned_unless_another_release_does() {
        let pin = "io.cri-containerd.pinned=pinned";
        let (ours, theirs) =
            ("dev.skyward.release.web.web=pinned", "dev.skyward.release.web.other=pinned");
        let row = |name: &str, labels: &[&str]| {
            let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(",") };
            format!(
                "{name} application/vnd.oci.image.index.v1+json sha256:0 1.0 MiB linux/amd64 {labels}\n"
            )
        };
        let listing = [
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\n".to_owned(),
            row("web@new", &["io.cri-containerd.image=managed"]),
            row("web@again", &[pin, ours]),
            row("web@kept", &[pin, ours]),
            row("web@old", &[pin, ours]),
            row("web@shared", &[pin, theirs, ours]),
            row("web@foreign", &[pin]),
            row("other", &[]),
        ]
        .concat();
        let references = ["web@new", "web@again"].map(str::to_owned);
        let pins = Pins::of_release("web", "web");
        let pinned = vec!["web@new", pin, ours];
        assert_eq!(pins.changes(&listing, &references), std::slice::from_ref(&pinned));
        let old = vec!["web@old", "dev.skyward.release.web.web=", "io.cri-containerd.pinned="];
        let shared = vec!["web@shared", "dev.skyward.release.web.web="];
        assert_eq!(
            pins.keeping(vec!["web@kept".to_owned()]).changes(&listing, &references),
            [pinned, old, shared]
        );
    }
}
