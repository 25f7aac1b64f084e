//! The certificates of a control plane, made for each of them.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};

/// A certificate and its key, as PEM.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, key()).expect("an authority"))
    }

    /// Its own certificate, as PEM.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a user or a server: Kubernetes takes the common name for the user's, the organization for the
    /// group's.
    pub fn sign(&self, name: &str, group: Option<&str>, addresses: &[&str]) -> Identity {
        self.signed(&parameters(name, group, addresses))
    }

    /// A certificate that was good until the year 2001.
    pub fn sign_expired(&self, name: &str, group: Option<&str>) -> Identity {
        let mut parameters = parameters(name, group, &[]);
        parameters.not_before = date_time_ymd(2000, 1, 1);
        parameters.not_after = date_time_ymd(2001, 1, 1);
        self.signed(&parameters)
    }

    fn signed(&self, parameters: &CertificateParams) -> Identity {
        let key = key();
        let certificate: Certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A key, by elliptic curve: made in no time.
pub fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn parameters(name: &str, group: Option<&str>, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<_> = addresses.iter().map(|&address| address.to_owned()).collect();
    let mut parameters = CertificateParams::new(addresses).expect("addresses");
    parameters.distinguished_name.push(DnType::CommonName, name);
    if let Some(group) = group {
        parameters.distinguished_name.push(DnType::OrganizationName, group);
    }
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters
}
