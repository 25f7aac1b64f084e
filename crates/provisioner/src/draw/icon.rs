//! The icons of the pictures.

/// A drawing of our own, in AWS's colours for its groups of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    User,
    InternetGateway,
    NatGateway,
    Endpoint,
    LoadBalancer,
    Instance,
    Database,
    Cluster,
    Bucket,
}

impl Icon {
    /// The drawing, in a square of 48.
    pub(super) fn drawing(self) -> &'static str {
        match self {
            Self::User => {
                r#"<path class="person" d="M6 46 C6 32 14 27 24 27 S42 32 42 46 Z"/><circle class="person" cx="24" cy="14" r="11"/>"#
            }
            Self::InternetGateway => {
                r#"<circle class="ring" cx="24" cy="24" r="22"/><path class="ink" d="M13 34 V24 A11 11 0 0 1 35 24 V34 M19 34 V25 A5 5 0 0 1 29 25 V34 M13 34 H19 M29 34 H35"/>"#
            }
            Self::NatGateway => {
                r#"<circle class="ring" cx="24" cy="24" r="22"/><path class="ink" d="M12 16 H18 L26 24 H37 M12 24 H26 M12 32 H18 L26 24 M32 18.5 L37.5 24 L32 29.5"/>"#
            }
            Self::Endpoint => {
                r#"<circle class="ring" cx="24" cy="24" r="22"/><path class="ink" d="M11 24 H19 M29 24 H37 M24 19 A5 5 0 1 0 24 29 A5 5 0 1 0 24 19"/>"#
            }
            Self::LoadBalancer => {
                r#"<rect class="tile-balancer" width="48" height="48" rx="6"/><circle class="on" cx="15" cy="24" r="7"/><path class="on" d="M22 24 H32 M21 20 L31 13 M21 28 L31 35"/><circle class="on" cx="35" cy="12" r="3.6"/><circle class="on" cx="36" cy="24" r="3.6"/><circle class="on" cx="35" cy="36" r="3.6"/>"#
            }
            Self::Instance => {
                r#"<rect class="tile-instance" width="48" height="48" rx="6"/><path class="on" d="M14 14 H34 V34 H14 Z M20 20 H28 V28 H20 Z M19 14 V8 M24 14 V8 M29 14 V8 M19 40 V34 M24 40 V34 M29 40 V34 M14 19 H8 M14 24 H8 M14 29 H8 M40 19 H34 M40 24 H34 M40 29 H34"/>"#
            }
            Self::Database => {
                r#"<rect class="tile-database" width="48" height="48" rx="6"/><path class="on" d="M12 14 V34 C12 40 36 40 36 34 V14 M12 24 C12 30 36 30 36 24"/><ellipse class="on" cx="24" cy="14" rx="12" ry="5"/>"#
            }
            Self::Cluster => {
                r#"<rect class="tile-database" width="48" height="48" rx="6"/><path class="on" d="M7 17 V33 C7 38 23 38 23 33 V17 M7 25 C7 30 23 30 23 25 M29 10 V17 C29 20 41 20 41 17 V10 M29 32 V39 C29 42 41 42 41 39 V32 M23 22 L29 15 M23 28 L29 34"/><ellipse class="on" cx="15" cy="17" rx="8" ry="3.6"/><ellipse class="on" cx="35" cy="10" rx="6" ry="2.6"/><ellipse class="on" cx="35" cy="32" rx="6" ry="2.6"/>"#
            }
            Self::Bucket => {
                r#"<rect class="tile-bucket" width="48" height="48" rx="6"/><path class="on" d="M10 14 L14 36 C15 40 33 40 34 36 L38 14"/><ellipse class="on" cx="24" cy="14" rx="14" ry="5"/><path class="on" d="M24 27 C32 32 40 34 41 30 S37 24 36.5 23.5"/><circle class="on-fill" cx="24" cy="27" r="2.6"/>"#
            }
        }
    }
}
