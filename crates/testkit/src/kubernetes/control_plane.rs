//! etcd and kube-apiserver, and where a test wants them kube-controller-manager and kube-scheduler, on free ports.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::certificates::{self, Authority, Identity};
use super::supervisor::{Process, Supervisor};
use super::{block_on, until};
use crate::free_ports;

/// The name of the context in every kubeconfig of a control plane.
pub const CONTEXT: &str = "test";

/// The user of a kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// May do anything.
    Admin,
    /// Named `guest`: may do nothing until a `RoleBinding` says so.
    Guest,
    /// The administrator, with a certificate that has expired.
    Expired,
    /// The administrator, who trusts another authority than the API server's.
    WrongAuthority,
}

/// A running control plane. It is ended, and its folder removed, when this is dropped, or when the test process ends.
pub struct ControlPlane {
    pub(super) supervisor: Supervisor,
    pub(super) authority: Authority,
    server: String,
    api_server: String,
}

impl ControlPlane {
    /// An API server alone: objects are kept, and nothing happens to them.
    pub fn start() -> Self {
        // A port is free again when its process takes it, and someone else may have been faster.
        for _ in 0..3 {
            match Self::try_start() {
                Ok(control_plane) => return control_plane,
                Err(complaint) => {
                    eprintln!("another attempt to start a control plane: {complaint}");
                }
            }
        }
        panic!("no control plane in three attempts");
    }

    /// One with the controllers and the scheduler: what happens to objects in a cluster happens here.
    pub fn with_controllers() -> Self {
        let control_plane = Self::start();
        control_plane.start_controllers();
        control_plane
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of(User::Admin)
    }

    /// A user's kubeconfig.
    pub fn kubeconfig_of(&self, user: User) -> PathBuf {
        self.supervisor.path(match user {
            User::Admin => "admin.kubeconfig",
            User::Guest => "guest.kubeconfig",
            User::Expired => "expired.kubeconfig",
            User::WrongAuthority => "stranger.kubeconfig",
        })
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The administrator's configuration, with calls that are bounded.
    pub async fn config(&self) -> Config {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).expect("the kubeconfig");
        let options = KubeConfigOptions::default();
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
        config.read_timeout = Some(Duration::from_secs(330));
        config
    }

    /// A client for the runtime that this is called in.
    pub async fn client(&self) -> Client {
        Client::try_from(self.config().await).expect("a client")
    }

    /// A new namespace, whose name begins so.
    pub async fn namespace(&self, begin: &str) -> String {
        let metadata =
            ObjectMeta { generate_name: Some(format!("{begin}-")), ..ObjectMeta::default() };
        self.create_namespace(metadata).await
    }

    /// A new namespace of this name.
    pub async fn named_namespace(&self, name: &str) {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        self.create_namespace(metadata).await;
    }

    async fn create_namespace(&self, metadata: ObjectMeta) -> String {
        let namespace = Namespace { metadata, ..Namespace::default() };
        let api = Api::all(self.client().await);
        let made = api.create(&PostParams::default(), &namespace).await.expect("a namespace");
        made.metadata.name.expect("its name")
    }

    /// Ends the API server, as a crash does.
    pub fn stop_api_server(&self) {
        self.supervisor.signal("kube-apiserver", "KILL");
    }

    /// Starts the API server again, and waits until it is ready.
    pub fn start_api_server(&self) {
        let process = self.supervisor.run("kube-apiserver", &self.api_server);
        block_on(self.ready(&process)).unwrap_or_else(|complaint| panic!("{complaint}"));
    }

    /// Writes a kubeconfig for an identity into the folder.
    pub(super) fn identity(&self, name: &str, identity: &Identity) -> PathBuf {
        write_kubeconfig(
            &self.supervisor,
            &self.server,
            name,
            identity,
            &self.authority.certificate(),
        )
    }

    fn try_start() -> Result<Self, String> {
        let supervisor = Supervisor::start();
        let [etcd, peer, api] = free_ports();
        let server = format!("https://127.0.0.1:{api}");
        let authority = Authority::new("test");
        write_identities(&supervisor, &authority, &server);
        let etcd_process = supervisor.run(
            "etcd",
            &format!(
                "etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:{etcd} \
                 --advertise-client-urls http://127.0.0.1:{etcd} --listen-peer-urls http://127.0.0.1:{peer}"
            ),
        );
        let api_server = format!(
            "kube-apiserver --etcd-servers=http://127.0.0.1:{etcd} --bind-address=127.0.0.1 --secure-port={api} \
             --service-cluster-ip-range=10.96.0.0/16 --tls-cert-file=pki/server.crt --tls-private-key-file=pki/server.key \
             --client-ca-file=pki/authority.crt --service-account-issuer=https://kubernetes.default.svc \
             --service-account-key-file=pki/accounts.pub --service-account-signing-key-file=pki/accounts.key \
             --authorization-mode=Node,RBAC --allow-privileged=true --kubelet-preferred-address-types=InternalIP \
             --kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key"
        );
        let process = supervisor.run("kube-apiserver", &api_server);
        let control_plane = Self { supervisor, authority, server, api_server };
        block_on(control_plane.ready(&process)).map_err(|complaint| {
            if etcd_process.runs() { complaint } else { etcd_process.complaint() }
        })?;
        Ok(control_plane)
    }

    /// Waits for the API server.
    async fn ready(&self, process: &Process) -> Result<(), String> {
        let client = self.client().await;
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let request = hyper::Request::get("/readyz").body(Vec::new()).expect("a request");
            if client.request_text(request).await.is_ok() {
                return Ok(());
            }
            if !process.runs() || Instant::now() > deadline {
                return Err(process.complaint());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn start_controllers(&self) {
        // No ports of their own, and no limit that a test's many namespaces would wait for.
        let common =
            "--leader-elect=false --secure-port=0 --kube-api-qps=1000 --kube-api-burst=1000";
        self.supervisor.run(
            "kube-controller-manager",
            &format!(
                "kube-controller-manager --kubeconfig=controllers.kubeconfig --root-ca-file=pki/authority.crt \
                 --service-account-private-key-file=pki/accounts.key --use-service-account-credentials \
                 --horizontal-pod-autoscaler-sync-period=1s {common}"
            ),
        );
        self.supervisor.run(
            "kube-scheduler",
            &format!("kube-scheduler --kubeconfig=scheduler.kubeconfig {common}"),
        );
        block_on(async {
            let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await, "default");
            until("the default service account", 60, async || accounts.get("default").await.ok())
                .await;
        });
    }
}

/// Everyone who talks to the API server.
fn write_identities(supervisor: &Supervisor, authority: &Authority, server: &str) {
    let certificate = authority.certificate();
    supervisor.write("pki/authority.crt", &certificate);
    let accounts = certificates::key();
    supervisor.write("pki/accounts.key", accounts.serialize_pem());
    supervisor.write("pki/accounts.pub", accounts.public_key_pem());
    let names = ["127.0.0.1", "10.96.0.1", "localhost", "kubernetes.default.svc"];
    write_identity(supervisor, "server", &authority.sign("kube-apiserver", None, &names));
    let masters = Some("system:masters");
    let users = [
        ("admin", authority.sign("admin", masters, &[])),
        ("guest", authority.sign("guest", None, &[])),
        ("expired", authority.sign_expired("admin", masters)),
        ("controllers", authority.sign("system:kube-controller-manager", None, &[])),
        ("scheduler", authority.sign("system:kube-scheduler", None, &[])),
    ];
    for (name, identity) in &users {
        write_kubeconfig(supervisor, server, name, identity, &certificate);
    }
    let other = Authority::new("other").certificate();
    write_kubeconfig(supervisor, server, "stranger", &users[0].1, &other);
}

fn write_identity(supervisor: &Supervisor, name: &str, identity: &Identity) -> (PathBuf, PathBuf) {
    let certificate = supervisor.write(&format!("pki/{name}.crt"), &identity.certificate);
    (certificate, supervisor.write(&format!("pki/{name}.key"), &identity.key))
}

fn write_kubeconfig(
    supervisor: &Supervisor,
    server: &str,
    name: &str,
    identity: &Identity,
    authority: &str,
) -> PathBuf {
    let (certificate, key) = write_identity(supervisor, name, identity);
    let authority = supervisor.write(&format!("pki/{name}.authority.crt"), authority);
    let cluster =
        format!("{{server: '{server}', certificate-authority: '{}'}}", authority.display());
    let user = format!(
        "{{client-certificate: '{}', client-key: '{}'}}",
        certificate.display(),
        key.display()
    );
    supervisor.write(&format!("{name}.kubeconfig"), kubeconfig(&cluster, name, &user))
}

/// A kubeconfig with one context, [`CONTEXT`].
pub fn kubeconfig(cluster: &str, name: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: {CONTEXT}, cluster: {cluster}}}]\n\
         users: [{{name: {name}, user: {user}}}]\ncurrent-context: {CONTEXT}\n\
         contexts: [{{name: {CONTEXT}, context: {{cluster: {CONTEXT}, user: {name}}}}}]\n"
    )
}

/// The folder of the test's processes.
impl AsRef<Path> for ControlPlane {
    fn as_ref(&self) -> &Path {
        self.supervisor.folder()
    }
}
