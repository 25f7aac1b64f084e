use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use skyward_aws::model::Tags;
use skyward_aws::sdk::Sdk;
use skyward_aws::sdk::aws_credential_types::Credentials;

use crate::wire::Wire;

/// The server, while a test of this process needs it: it takes seconds to start, so those that run at once share it.
static SHARED: Mutex<Weak<Moto>> = Mutex::new(Weak::new());

/// A moto on a free port of this machine. It ends with the last test that needs it.
pub(crate) struct Moto {
    child: Child,
    address: String,
    wire: Wire,
}

impl Moto {
    /// The server, and a client in a region. A test has a region of its own, where it is alone but for what has no region
    /// (buckets and roles, whose names have the region in them).
    pub(crate) async fn client(region: &str) -> (Arc<Self>, Sdk) {
        let moto = Self::shared();
        let sdk = Sdk::with(loader(region).endpoint_url(&moto.wire.url)).await;
        (moto, sdk)
    }

    /// Where the server is, for a process.
    pub(crate) fn url(&self) -> &str {
        &self.wire.url
    }

    /// How many calls have come through the relay.
    pub(crate) fn calls(&self) -> u64 {
        self.wire.calls()
    }

    /// A client that is not behind the relay.
    pub(crate) async fn direct(&self, region: &str) -> Sdk {
        Sdk::with(loader(region).endpoint_url(format!("http://{}", self.address))).await
    }

    /// A client of what the provisioner does not do itself: putting objects into a bucket.
    pub(crate) async fn s3(&self, region: &str) -> skyward_aws::sdk::aws_sdk_s3::Client {
        let config = loader(region).endpoint_url(&self.wire.url).load().await;
        let config = skyward_aws::sdk::aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        skyward_aws::sdk::aws_sdk_s3::Client::from_conf(config)
    }

    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let moto = Arc::new(Self::start());
            *shared = Arc::downgrade(&moto);
            moto
        })
    }

    fn start() -> Self {
        let mut child = Command::new("moto_server")
            .args(["--host", "127.0.0.1", "--port", "0"])
            // AWS's own policies are a large file that it reads on demand only.
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server is in PATH");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("http://").map(|(_, address)| address.trim().to_owned())
        });
        // It logs every request, and would wait for ever on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        match address {
            Some(address) => Self { child, wire: Wire::to(&address), address },
            None => panic!("moto_server ended with {}", child.wait().expect("it was started")),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a client of the tests connects: with credentials of nobody.
pub(crate) fn loader(region: &str) -> skyward_aws::sdk::aws_config::ConfigLoader {
    let nobody = Credentials::new("nobody", "nothing", None, None, "tests");
    Sdk::loader(region).expect("no bundle is named").credentials_provider(nobody)
}

/// The tags of a resource of the stack `test`.
pub(crate) fn tags(resource: &str) -> Tags {
    [
        ("skyward:stack", "test"),
        ("skyward:resource", resource),
        ("Name", "a name with spaces: é&<>"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
