//! dive's figures over real archives: its edge cases, its report, its exit code.

use std::path::Path;
use std::process::Command;

use skyward_image::dive::{self, Analysis};
use skyward_image::layer::Limits;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;

use crate::fixture::{Image, Layer, Packing, skyward_image};

fn figures(path: &Path, exact: bool) -> Analysis {
    let store = Store::open(path).unwrap();
    let image = resolve(&store, None).unwrap();
    let contents = dive::read(&store, &image, Limits::default()).unwrap();
    if exact { dive::analyze_exactly(&contents) } else { dive::analyze(&contents) }
}

/// Efficiency, wasted bytes, user wasted ratio.
type Figures = (f64, u64, f64);

/// What a case is called, its layers, dive's figures and the true ones.
fn cases() -> Vec<(&'static str, Vec<Layer>, Figures, Figures)> {
    let base =
        || Layer::new().dir("app").file("app/a", 1000).file("app/b", 3000).file("etc/c", 6000);
    vec![
        // 0/0 is not a number, which breaks no rule.
        ("one layer", vec![base()], (1.0, 0, f64::NAN), (1.0, 0, 0.0)),
        (
            "nothing twice",
            vec![base(), Layer::new().file("new", 500)],
            (1.0, 0, 0.0),
            (1.0, 0, 0.0),
        ),
        // dive counts both copies as wasted; one of them is needed.
        (
            "overwritten",
            vec![base(), Layer::new().file("app/a", 1000)],
            (10_000.0 / 11_000.0, 2000, 2.0),
            (10_000.0 / 11_000.0, 1000, 1.0),
        ),
        // A deleted file counts with size 0 against its own; there are no user bytes.
        (
            "deleted",
            vec![base(), Layer::new().remove("app/a")],
            (9000.0 / 10_000.0, 1000, f64::INFINITY),
            (0.9, 1000, 1.0),
        ),
        // A deleted folder is a path of its own, which no other layer has: dive sees no waste.
        ("rm -rf", vec![base(), Layer::new().remove("app")], (1.0, 0, f64::NAN), (0.6, 4000, 1.0)),
        // Opaque whiteouts are dropped.
        (
            "opaque",
            vec![base(), Layer::new().dir("app").opaque("app").file("app/d", 1000)],
            (1.0, 0, 0.0),
            (7000.0 / 11_000.0, 4000, 4.0),
        ),
        // Ends the layer's visit: /zz is not seen, and the path that never was subtracts 1.
        (
            "deleted twice",
            vec![base(), Layer::new().remove("gone").file("zz", 5000)],
            (9999.0 / 10_000.0, 0, 0.0),
            (1.0, 0, 0.0),
        ),
        (
            "hard link",
            vec![base(), Layer::new().file("x", 100).hardlink("y", "x"), Layer::new().remove("x")],
            (10_000.0 / 10_100.0, 100, 1.0),
            (1.0, 0, 0.0),
        ),
        ("empty", vec![Layer::new()], (1.0, 0, f64::NAN), (1.0, 0, 0.0)),
    ]
}

fn assert_figures(what: &str, found: &Analysis, expected: Figures) {
    let same = |left: f64, right: f64| {
        left.to_bits() == right.to_bits()
            || (left - right).abs() < 1e-12
            || left.is_nan() && right.is_nan()
    };
    let (efficiency, wasted, user) = expected;
    assert!(
        same(found.efficiency, efficiency)
            && found.wasted == wasted
            && same(found.user_wasted, user),
        "{what}: expected {expected:?}, found {found:?}"
    );
}

#[test]
fn dives_edge_cases_and_the_true_figures() {
    let folder = tempfile::tempdir().unwrap();
    for (what, layers, parity, exact) in cases() {
        let path = Image::new(layers, Packing::Gzip).archive(folder.path(), "image.tar");
        assert_figures(what, &figures(&path, false), parity);
        assert_figures(&format!("{what}, exact"), &figures(&path, true), exact);
    }
}

#[test]
fn every_packing_and_place_gives_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let layers = || vec![Layer::new().file("a", 100).file("b", 50), Layer::new().file("a", 30)];
    let expected = (80.0 / 180.0, 130, 130.0 / 30.0);
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let image = Image::new(layers(), packing);
        assert_figures(
            "both",
            &figures(&image.archive(folder.path(), "both.tar"), false),
            expected,
        );
        assert_figures(
            "layout",
            &figures(&image.layout(&folder.path().join(format!("{packing:?}"))), false),
            expected,
        );
        let docker = Image::new(layers(), packing).without("index.json").without("oci-layout");
        assert_figures(
            "docker",
            &figures(&docker.archive(folder.path(), "docker.tar"), false),
            expected,
        );
        let oci = Image::new(layers(), packing).without("manifest.json");
        assert_figures("oci", &figures(&oci.archive(folder.path(), "oci.tar"), false), expected);
    }
}

fn inspect(image: &Path, rules: &str, more: &[&str]) -> (String, String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, rules).unwrap();
    let output = skyward_image()
        .arg("inspect")
        .arg(image)
        .arg("--rules")
        .arg(&file)
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

const STRICT: &str = "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 1kB\n  highestUserWastedPercent: disabled\n";

#[test]
fn the_report_is_dives_and_the_exit_code_too() {
    let folder = tempfile::tempdir().unwrap();
    let layers = vec![
        Layer::new().file("a", 1000).file("b", 9000),
        Layer::new().file("a", 1000).file("c", 200),
    ];
    let path = Image::new(layers, Packing::Gzip).archive(folder.path(), "image.tar");
    let (report, _, code) = inspect(&path, STRICT, &[]);
    let expected = "  efficiency: 91.0714 %
  wastedBytes: 2000 bytes (2.0 kB)
  userWastedPercent: 166.6667 %
Inefficient Files:
Count  Wasted Space  File Path
    2        2.0 kB  /a
Results:
  SKIP: highestUserWastedPercent: rule disabled
  FAIL: highestWastedBytes: too many bytes wasted (wasted-bytes=2000 > threshold=1000)
  FAIL: lowestEfficiency: image efficiency is too low (efficiency=0.9107142857142857 < threshold=0.95)
Result:FAIL [Total:3] [Passed:0] [Failed:2] [Warn:0] [Skipped:1]
";
    let (layers, rest) = report
        .split_once("  efficiency:")
        .map(|(layers, rest)| (layers, format!("  efficiency:{rest}")))
        .unwrap();
    assert_eq!(rest, expected);
    assert_eq!(code, 1);
    assert!(layers.contains("10 kB") && layers.contains("step 1"), "{layers}");

    // On the bound is within it.
    let (report, _, code) = inspect(
        &path,
        "rules:\n  highestWastedBytes: 2000\n  lowestEfficiency: 0.9\n  highestUserWastedPercent: disabled\n",
        &[],
    );
    assert!(
        report.ends_with("Result:PASS [Total:3] [Passed:2] [Failed:0] [Warn:0] [Skipped:1]\n"),
        "{report}"
    );
    assert_eq!(code, 0);
}

#[test]
fn json_holds_the_layers_the_waste_and_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        Image::new(vec![Layer::new().file("a", 10), Layer::new().remove("a")], Packing::Zstd)
            .archive(folder.path(), "image.tar");
    let (report, _, code) = inspect(&path, STRICT, &["--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (report["wasted_bytes"].as_u64(), report["passed"].as_bool(), code),
        (Some(10), Some(false), 1)
    );
    assert_eq!(
        report["wasted_files"][0],
        serde_json::json!({ "path": "/a", "count": 2, "bytes": 10 })
    );
    assert_eq!(report["layers"].as_array().unwrap().len(), 2);
    assert!(report["user_wasted_ratio"].is_null());
}

#[test]
fn bad_rules_are_errors_and_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let path = Image::new(vec![Layer::new().file("a", 10)], Packing::Gzip)
        .archive(folder.path(), "image.tar");
    let (report, error, code) = inspect(&path, "rules:\n  lowestEficiency: 0.9\n", &[]);
    assert_eq!((report.as_str(), code), ("", 1));
    assert!(
        error.contains(
            "rules.yaml:2:3: unknown rule \"lowestEficiency\"; did you mean lowestEfficiency?"
        ),
        "{error}"
    );
}

#[test]
fn rules_that_nobody_named_need_not_be_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("skyward.toml"), "").unwrap();
    Image::new(vec![Layer::new().file("a", 10)], Packing::Gzip).archive(folder.path(), "image.tar");
    let inspect = |more: &[&str]| {
        let mut command = skyward_image();
        command.current_dir(folder.path()).args(["inspect", "image.tar"]).args(more);
        command.output().unwrap()
    };
    let ours = inspect(&[]);
    let report = String::from_utf8(ours.stdout).unwrap();
    assert!(report.ends_with("Result:PASS [Total:3] [Passed:2] [Failed:0] [Warn:0] [Skipped:1]\n"));
    assert!(String::from_utf8(ours.stderr).unwrap().contains("dive's default rules apply"));
    let named = inspect(&["--set", "image.rules=strict.yaml"]);
    assert_eq!((named.status.code(), named.stdout.len()), (Some(1), 0));
}

/// What the real dive prints from the figures on, without colours, and its exit code.
fn real_dive(path: &Path, rules: &Path) -> (String, i32) {
    let output = Command::new("dive")
        .env("CI", "true")
        .arg("--ci-config")
        .arg(rules)
        .arg(format!("docker-archive://{}", path.display()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut plain = String::new();
    let mut parts = text.split('\u{1b}');
    plain += parts.next().unwrap();
    parts.for_each(|part| plain += part.split_once('m').unwrap().1);
    let start =
        plain.find("  efficiency:").unwrap_or_else(|| panic!("dive printed no figures: {plain}"));
    (plain[start..].trim_end().to_owned(), output.status.code().unwrap())
}

#[test]
#[ignore = "needs dive"]
fn the_real_dive_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    for text in
        [STRICT, "rules:\n  highestWastedBytes: 5MB\n", "rules:\n  highestUserWastedPercent: 0.5\n"]
    {
        std::fs::write(&rules, text).unwrap();
        for (what, ..) in cases() {
            for (name, packing) in
                [("gzip", Packing::Gzip), ("zstd", Packing::Zstd), ("plain", Packing::Plain)]
            {
                let path = Image::new(layers_of(what), packing)
                    .archive(folder.path(), &format!("{name}.tar"));
                let output = skyward_image()
                    .arg("inspect")
                    .arg(&path)
                    .arg("--rules")
                    .arg(&rules)
                    .output()
                    .unwrap();
                let ours = String::from_utf8(output.stdout).unwrap();
                let ours = ours[ours.find("  efficiency:").unwrap()..].trim_end().to_owned();
                assert_eq!(
                    (ours, output.status.code().unwrap()),
                    real_dive(&path, &rules),
                    "{what}, {name}"
                );
            }
        }
    }
}

/// Layers are used up by being packed.
fn layers_of(what: &str) -> Vec<Layer> {
    cases().into_iter().find(|(name, ..)| *name == what).unwrap().1
}

#[test]
#[ignore = "needs go"]
fn dives_own_archive_gives_the_values_of_its_tests() {
    // Brings the module's source where it is not there yet, and says where it is.
    let module = "github.com/wagoodman/dive@v0.13.1";
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let data = Path::new(answer["Dir"].as_str().unwrap()).join(".data");
    let path = data.join("test-docker-image.tar");
    let found = figures(&path, false);
    let user_wasted = 0.483_491_100_140_404_9_f64;
    assert_eq!(found.efficiency.to_bits(), 0.984_421_213_418_430_9_f64.to_bits());
    assert_eq!((found.size, found.user_size, found.wasted), (1_220_598, 66_237, 32_025));
    assert_eq!(found.user_wasted.to_bits(), user_wasted.to_bits());
    // Docker 25 saved the layers of this one in random order in the OCI manifest.
    let shuffled = figures(&data.join("test-oci-docker-image.tar"), false);
    assert_eq!(
        (shuffled.wasted, format!("{:.4}", shuffled.efficiency)),
        (50_845, "0.9930".to_owned())
    );
}

#[test]
fn an_error_never_commands_the_terminal() {
    let (_, error, code) = inspect(Path::new("./absent\x1b[2J.tar"), STRICT, &[]);
    assert_eq!(code, 1);
    assert!(error.contains("absent\u{fffd}[2J.tar") && !error.contains('\x1b'), "{error:?}");
}
