//! A service's settings, each declared once, in [`SETTINGS`].
//!
//! From a setting's one declaration come the flag, the variable and the line of `--help` of every service that
//! `skyward-server` runs, and the key of `[service]` in `skyward.toml` with its type, default, JSON Schema, validation
//! and line in the reference. This module and those below it need no dependency, so that a service's image carries
//! nothing of what reads the file: everything else is behind the feature `file`.

mod form;
mod health;
mod words;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

#[cfg(feature = "file")]
pub(crate) use form::is_host;
pub use form::{Cidr, Form, NotCidr, Plain, Unit};
pub use health::{Ask, Health, HealthPaths, HealthWord, ProbePort, Probes};
pub use words::{LogFormat, Threads};

/// The start of the name of every variable that is a setting. The two underscores keep it apart from what Kubernetes
/// sets for a Service called "skyward".
pub const PREFIX: &str = "SKYWARD_SERVICE__";

/// The keys of `[service]` that say how the service is built and started; they are not settings of the service itself.
pub const BUILD_KEYS: [&str; 5] = ["package", "binary", "args", "env", "health"];

/// The longest time that can be set: more is a mistake in the unit.
const HOUR: u64 = 3_600_000;

const PORT: Form = Form::Whole { what: "a port", unit: Unit::Port, least: 0, most: 65_535 };
const DEADLINE: Form =
    Form::Whole { what: "a deadline", unit: Unit::Millisecond, least: 1, most: HOUR };
const DELAY: Form = Form::Whole { what: "a delay", unit: Unit::Millisecond, least: 0, most: HOUR };
const CONNECTIONS: Form =
    Form::Whole { what: "a number of connections", unit: Unit::One, least: 1, most: 1_000_000 };
/// A connection's buffer grows to twice the size of a head.
const HEAD_BYTES: Form =
    Form::Whole { what: "the size of a head", unit: Unit::Byte, least: 256, most: 65_536 };
const BODY_BYTES: Form =
    Form::Whole { what: "the size of a body", unit: Unit::Byte, least: 0, most: 1 << 40 };
const RATE: Form = Form::Whole { what: "a rate", unit: Unit::Byte, least: 0, most: 1 << 30 };
const SHARE: Form =
    Form::Whole { what: "a number of connections", unit: Unit::One, least: 0, most: 1_000_000 };

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in `[service]`.
    pub key: &'static str,
    /// The form of its value.
    pub form: Form,
    /// Its meaning, in sentences.
    pub help: &'static str,
    /// Its default, as its variable would say it.
    pub default: fn() -> String,
    /// Puts a value into the settings; the type is that of the form.
    put: fn(&mut Settings, Plain),
}

impl Setting {
    /// Finds a setting by its key.
    pub fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// The flag, without its dashes: `admin-port`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The environment variable: `SKYWARD_SERVICE__ADMIN_PORT`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// Sets the value that `text` stands for.
    ///
    /// # Errors
    /// When it is not of the setting's form: says why, and what would be right.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let plain =
            self.form.read(text).ok_or_else(|| format!("{text:?} is not valid; {}", self.form))?;
        (self.put)(settings, plain);
        Ok(())
    }
}

/// A type of the settings: how it is made of a form's plain value, and written in a variable.
trait Value: Sized {
    fn of(plain: Plain) -> Option<Self>;
    fn text(&self) -> String;
}

macro_rules! value {
    ($type:ty, $plain:pat => $value:expr, $this:ident => $text:expr) => {
        impl Value for $type {
            fn of(plain: Plain) -> Option<Self> {
                if let $plain = plain { $value } else { None }
            }

            fn text(&self) -> String {
                let $this = self;
                $text
            }
        }
    };
}

value!(IpAddr, Plain::Address(address) => Some(address), address => address.to_string());
value!(String, Plain::Text(text) => Some(text), text => text.clone());
value!(LogFormat, Plain::Text(text) => text.parse().ok(), format => format.as_str().into());
value!(Threads, Plain::Text(text) => text.parse().ok(), threads => threads.as_str().into());
value!(u16, Plain::Whole(number) => number.try_into().ok(), number => number.to_string());
value!(u32, Plain::Whole(number) => number.try_into().ok(), number => number.to_string());
value!(u64, Plain::Whole(number) => Some(number), number => number.to_string());
value!(Vec<String>, Plain::List(items) => Some(items), items => items.join(","));

/// Declares the settings: the rows of [`SETTINGS`], and the types [`Settings`] and [`Service`].
///
/// Those that are `told` are always told to a service; those that are `kept` stay as the service's image has them where
/// the configuration says nothing.
macro_rules! settings {
    (
        told { $($(#[doc = $told_help:literal])+ $told:ident: $told_type:ty = $told_default:expr, $told_form:expr;)+ }
        kept { $($(#[doc = $kept_help:literal])+ $kept:ident: $kept_type:ty = $kept_default:expr, $kept_form:expr;)+ }
    ) => {
        /// Every setting, in the order of the help.
        pub static SETTINGS: &[Setting] = &[
            $(Setting {
                key: stringify!($told),
                form: $told_form,
                help: concat!($($told_help),+).trim_ascii(),
                default: || <$told_type as Value>::text(&$told_default),
                put: |settings, plain| if let Some(value) = Value::of(plain) { settings.$told = value },
            },)+
            $(Setting {
                key: stringify!($kept),
                form: $kept_form,
                help: concat!($($kept_help),+).trim_ascii(),
                default: || <$kept_type as Value>::text(&$kept_default),
                put: |settings, plain| settings.$kept = Value::of(plain),
            },)+
        ];

        /// The settings of a running service. A field that is `None` was not set, and has the default that the method
        /// of the same name returns.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $told_help])+ pub $told: $told_type,)+
            $($(#[doc = $kept_help])+ pub $kept: Option<$kept_type>,)+
        }

        impl Settings {
            $($(#[doc = $kept_help])+ pub fn $kept(&self) -> $kept_type {
                self.$kept.clone().unwrap_or_else(|| $kept_default)
            })+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($told: $told_default,)+ $($kept: None,)+ }
            }
        }

        /// `[service]`: how the web service is built and started, and its settings. A setting that is `None` is left to
        /// the service, whose image may have it built in; [`Service::settings`] has the defaults.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "file", serde(default, deny_unknown_fields))]
        pub struct Service {
            $($(#[doc = $told_help])+ pub $told: $told_type,)+
            /// The cargo package that is the service.
            pub package: String,
            /// The binary of that package. Without it: the package's name.
            #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
            pub binary: Option<String>,
            /// Further arguments for the service's command line.
            pub args: Vec<String>,
            /// Environment variables of the service, name to value. They are plain text: a secret does not belong here.
            pub env: BTreeMap<String, String>,
            /// The health checks. Without it: `/readyz` and `/livez` on `admin_port`, as `skyward-server` answers them.
            #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
            pub health: Option<Health>,
            $($(#[doc = $kept_help])+
            #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
            pub $kept: Option<$kept_type>,)+
        }

        impl Default for Service {
            fn default() -> Self {
                Self {
                    $($told: $told_default,)+
                    package: NAME.into(),
                    binary: None,
                    args: Vec::new(),
                    env: BTreeMap::new(),
                    health: None,
                    $($kept: None,)+
                }
            }
        }

        impl Service {
            /// The settings alone.
            pub fn settings(&self) -> Settings {
                Settings { $($told: self.$told.clone(),)+ $($kept: self.$kept.clone(),)+ }
            }

            /// The settings that the service is told, as their variables say them.
            fn told(&self) -> BTreeMap<String, String> {
                let mut told = BTreeMap::new();
                let mut tell = |key: &str, text| told.insert(format!("{PREFIX}{}", key.to_ascii_uppercase()), text);
                $(tell(stringify!($told), self.$told.text());)+
                $(if let Some(value) = &self.$kept { tell(stringify!($kept), value.text()); })+
                if !self.has_admin_port() {
                    told.remove(&format!("{PREFIX}ADMIN_PORT"));
                }
                told
            }
        }
    };
}

/// The name of the sample service, of its package and of its image.
pub(crate) const NAME: &str = "skyward-service";

settings! {
    told {
        /// Name of the service in its own lines, in labels and on Kubernetes.
        name: String = NAME.into(), Form::Name;
        /// Address to listen on.
        host: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED), Form::Address;
        /// Port of the service. 0 takes a free one, and the start-up line names it.
        port: u16 = 8000, PORT;
        /// Port of /livez, /readyz, /healthz and /metrics. 0 takes a free one.
        admin_port: u16 = 9000, PORT;
        /// Form of the access log.
        log_format: LogFormat = LogFormat::Default, Form::Word(LogFormat::WORDS);
    }
    kept {
        /// Time for the head of a request to arrive.
        header_timeout_ms: u64 = 10_000, DEADLINE;
        /// Time between two requests on a connection, and between two parts that the application gives of an answer.
        /// Longer than that of the load balancer (ALB 60 s, Traefik 90 s), which else sends requests into connections
        /// that are being closed.
        idle_timeout_ms: u64 = 120_000, DEADLINE;
        /// Time between two parts of a request's body.
        body_timeout_ms: u64 = 15_000, DEADLINE;
        /// Time between two parts of an answer that the client takes.
        write_timeout_ms: u64 = 15_000, DEADLINE;
        /// Time from the head of a request to the beginning of its answer, without the time that the client takes for
        /// the body.
        request_timeout_ms: u64 = 30_000, DEADLINE;
        /// Bytes a second that a client must send of a body, or take of an answer, once it has kept the service waiting
        /// for as long as an answer may take to begin; 0 for any rate.
        min_rate_bytes: u64 = 1_024, RATE;
        /// Connections open at one time. For one more, the one that has been idle for the longest is closed; where none
        /// is idle, the new one is answered with 503. Where nothing is set and the limit of open files is lower, as many
        /// as it allows.
        max_connections: u32 = 4_096, CONNECTIONS;
        /// Connections open at one time from one address (of IPv6, one /64), trusted proxies excepted; one more is
        /// answered with 503. 0 for no such bound.
        max_connections_per_client: u32 = 0, SHARE;
        /// Upgraded connections, such as websockets, open at one time; one more is answered with 503.
        max_upgrades: u32 = 1_024, SHARE;
        /// Time without a byte in either direction on an upgraded connection.
        upgrade_idle_timeout_ms: u64 = 300_000, DEADLINE;
        /// Size of a request's head; a larger one is answered with 431 or 414.
        max_header_bytes: u32 = 16 * 1024, HEAD_BYTES;
        /// Size of a request's body; a larger one is answered with 413.
        max_body_bytes: u64 = 1024 * 1024, BODY_BYTES;
        /// Time to keep accepting after SIGTERM or SIGINT, while /readyz answers 503.
        drain_delay_ms: u64 = 1_000, DELAY;
        /// Time for the last request of an idle connection, once the service no longer accepts.
        drain_grace_ms: u64 = 500, DELAY;
        /// Time from the signal to the end at the latest. Less than the orchestrator waits (Docker 10 s, Kubernetes
        /// 30 s).
        drain_cap_ms: u64 = 8_000, DELAY;
        /// Networks of the proxies whose X-Forwarded-For is believed.
        trusted_proxies: Vec<String> = Vec::new(), Form::Networks;
        /// Hosts to answer for, with *.HOST for all below it; requests for others are answered with 421.
        allowed_hosts: Vec<String> = Vec::new(), Form::Hosts;
        /// Threads that serve connections.
        threads: Threads = Threads::PerCore, Form::Word(Threads::WORDS);
    }
}

impl Service {
    /// The name of the binary: `binary`, or the package's name.
    pub fn binary(&self) -> &str {
        self.binary.as_deref().unwrap_or(&self.package)
    }

    /// The variables that tell the service its settings, and those of `env` over them. A setting that the configuration
    /// leaves open is left to the service.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut variables = self.told();
        variables.extend(self.env.clone());
        variables
    }
}

/// Two settings whose values do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Their keys.
    pub keys: [&'static str; 2],
    /// The reason, and what would be right.
    pub reason: String,
}

impl Settings {
    /// Finds the settings that do not go together, each of them valid alone.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let (port, delay, cap) = (self.port, self.drain_delay_ms(), self.drain_cap_ms());
        let mut conflicts = Vec::new();
        if port != 0 && port == self.admin_port {
            let reason = format!(
                "{port} is both the port of the service and that of its probes; the two must differ, or be 0"
            );
            conflicts.push(Conflict { keys: ["port", "admin_port"], reason });
        }
        if delay > cap {
            let reason = format!(
                "the delay of {delay} ms is longer than the cap of {cap} ms; both count from the same signal, so the delay must not be longer"
            );
            conflicts.push(Conflict { keys: ["drain_delay_ms", "drain_cap_ms"], reason });
        }
        conflicts
    }
}
