//! `image.certificates` and `image.time_zones`, as those read them that expect them.

use std::fs;
use std::process::Command;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use crate::fixture::{service, skyward_image};

#[test]
fn certificates_and_time_zones_are_read_by_those_who_need_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    service::write(root);
    let both = ["image.certificates=true", "image.time_zones=true"];
    let output = service::pack(root, &both);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("certificates: ") && said.contains("time zones: "), "{said}");
    // The same from another machine, whatever that has in /etc and /usr.
    assert_eq!(service::pack(root, &both).stdout, output.stdout);
    assert_ne!(service::pack(root, &[]).stdout, output.stdout);

    service::pack(root, &both);
    let unpacked = root.join("unpacked");
    let mut unpack = skyward_image();
    unpack.current_dir(root).args(["unpack", "target/oci/web.tar", "unpacked"]);
    assert!(unpack.output().unwrap().status.success());
    let bytes = fs::read(unpacked.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    let certificates: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().unwrap();
    let (taken, refused) = RootCertStore::empty().add_parsable_certificates(certificates);
    assert!(taken > 100 && refused == 0, "{taken} taken, {refused} refused");

    // The libc of this machine reads them where it is told that they are.
    for (zone, expected) in [("Europe/Berlin", "02:00 CEST"), ("Asia/Kolkata", "05:30 IST")] {
        let mut date = Command::new("date");
        date.env("TZDIR", unpacked.join("usr/share/zoneinfo")).env("TZ", zone);
        let output = date.args(["--date", "2050-07-01T00:00Z", "+%H:%M %Z"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
    }

    let inspected =
        skyward_image().current_dir(root).args(["inspect", "--output", "json"]).output();
    let inspected: Value = serde_json::from_slice(&inspected.unwrap().stdout).unwrap();
    assert_eq!((&inspected["efficiency"], &inspected["passed"]), (&1.0.into(), &true.into()));
}

#[test]
fn a_path_is_not_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    let own = "image.files={ \"Cargo.toml\" = \"/etc/ssl/certs/ca-certificates.crt\" }";
    let output = service::pack(folder.path(), &["image.certificates=true", own]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("image.certificates and image.files both make /etc/ssl/certs"),
        "{error}"
    );
}
