//! Files with holes in a layer, as GNU tar writes them, and maps of holes that mean no good.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;

use anyhow::Result;
use skyward_image::layer::{Limits, walk};
use tar::{EntryType, Header};

/// Each file of the archive, and what is in it.
fn files(archive: &[u8], limits: Limits) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    walk(archive, limits, |entry, contents| {
        let mut bytes = Vec::new();
        contents.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, entry.size);
        files.push((String::from_utf8(entry.path)?, bytes));
        Ok(())
    })?;
    Ok(files)
}

#[test]
#[ignore = "needs tar"]
fn each_form_of_gnu_tar_is_read() {
    const MIB: u64 = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    // An old header has room for 4 pieces, and a block after it for 21.
    for pieces in [0, 1, 4, 5, 60] {
        let file = File::create(folder.path().join("holes")).unwrap();
        for piece in 0..pieces {
            file.write_all_at(format!("piece {piece}").as_bytes(), piece * MIB + 4096).unwrap();
        }
        file.set_len(pieces * MIB + 12_345).unwrap();
        std::fs::write(folder.path().join("plain"), "after it").unwrap();
        let whole = std::fs::read(folder.path().join("holes")).unwrap();
        let forms: [&[&str]; 4] = [
            &["--format=gnu"],
            &["--format=posix", "--sparse-version=0.0"],
            &["--format=posix", "--sparse-version=0.1"],
            &["--format=posix", "--sparse-version=1.0"],
        ];
        for form in forms {
            let mut tar = Command::new("tar");
            tar.args(["--create", "--sparse", "--directory"]).arg(folder.path()).args(form);
            let archive = tar.args(["holes", "plain"]).output().unwrap();
            assert!(archive.status.success(), "{}", String::from_utf8_lossy(&archive.stderr));
            assert!(archive.stdout.len() < whole.len() / 2 + 100_000, "tar found no holes");
            let found = files(&archive.stdout, Limits::default()).unwrap();
            assert_eq!(found.len(), 2, "{form:?}");
            assert_eq!(found[0].0, "holes", "{form:?}");
            assert!(found[0].1 == whole, "{pieces} pieces, {form:?}");
            assert_eq!(found[1], ("plain".into(), b"after it".to_vec()), "{form:?}");
        }
    }
}

/// An archive of one file, behind an extended header with `records`.
fn archive(records: &[(&str, &str)], kind: EntryType, data: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_pax_extensions(records.iter().map(|(key, value)| (*key, value.as_bytes())))
        .unwrap();
    let mut header = Header::new_gnu();
    header.set_path("GNUSparseFile.1/a").unwrap();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    header.set_cksum();
    builder.append(&header, data).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn a_map_that_cannot_be_is_refused() {
    let limits = Limits { bytes: 1 << 20, entries: 10 };
    let form_1 = |size: &str, map: &str| {
        let mut data = map.as_bytes().to_vec();
        data.resize(512, 0);
        data.extend_from_slice(b"data");
        let records = [
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "a"),
            ("GNU.sparse.realsize", size),
        ];
        files(&archive(&records, EntryType::Regular, &data), limits)
    };
    assert_eq!(form_1("8", "1\n2\n4\n").unwrap(), [("a".into(), b"\0\0data\0\0".to_vec())]);
    for (size, map, reason) in [
        ("8", "1\n6\n4\n", "map of holes cannot be read"),
        ("8", "2\n4\n2\n0\n2\n", "map of holes cannot be read"),
        ("8", "1\n18446744073709551615\n4\n", "map of holes cannot be read"),
        ("8", "18446744073709551615\n0\n4\n", "map of holes cannot be read"),
        ("8", "1\n2\n", "map of holes cannot be read"),
        ("8", "", "map of holes cannot be read"),
        ("8", "1\n-2\n4\n", "map of holes cannot be read"),
        ("9", "1\n0\n9\n", "ends in the middle"),
        ("2000000", "1\n0\n4\n", "holes of more than 1048576 bytes"),
    ] {
        let error = format!("{:#}", form_1(size, map).unwrap_err());
        assert!(error.contains(reason), "{map:?}: {error}");
    }
    let form = |records: &[(&str, &str)]| {
        format!("{:#}", files(&archive(records, EntryType::Regular, b"data"), limits).unwrap_err())
    };
    assert!(form(&[("GNU.sparse.major", "2")]).contains("a form that is not known"));
    assert!(form(&[("GNU.sparse.map", "0,4,4")]).contains("cannot be read"));
    assert!(form(&[("GNU.sparse.size", "4")]).contains("cannot be read"));
}
