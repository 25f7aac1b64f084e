//! The keys of `[service]` in skyward.toml and the service's own settings are the same ones.

use std::collections::BTreeSet;

use skyward_server::settings::table::SETTINGS;

/// Keys that say how the service is built and started; they are none of its settings.
const NOT_FOR_THE_SERVICE: [&str; 4] = ["args", "binary", "env", "package"];

#[test]
fn every_setting_is_a_key_and_every_key_a_setting() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../config/schema.json")).unwrap();
    let keys = schema["$defs"]["Service"]["properties"].as_object().unwrap().keys();
    let keys: BTreeSet<String> =
        keys.filter(|key| !NOT_FOR_THE_SERVICE.contains(&key.as_str())).cloned().collect();
    let settings: BTreeSet<String> =
        SETTINGS.iter().map(|setting| setting.key.replace('-', "_")).collect();
    assert_eq!(keys, settings);
}
