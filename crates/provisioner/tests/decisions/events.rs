//! The provisioner's events in `docs/events.schema.json`, held against those of a simulated apply.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};
use skyward_aws::simulated::Account;
use skyward_config::Aws;
use skyward_provisioner::event::Event;
use skyward_provisioner::run::{self, Context};
use skyward_terminal::{render, schema};

const USER_DATA: &str = include_str!("../../../../infra/user-data.sh");

fn own(event: &str, description: &str, properties: &Value) -> Value {
    let mut properties = properties.clone();
    let required: Vec<String> = properties.as_object().expect("fields").keys().cloned().collect();
    properties["event"] = json!({ "type": "string", "const": event });
    let required = [vec!["event".to_owned()], required].concat();
    json!({ "type": "object", "description": description, "properties": properties, "required": required })
}

/// The part of the file that is the provisioner's.
fn part() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let number = |description: &str| json!({ "type": "number", "description": description });
    let maybe = |kind: &str, description: &str| json!({ "type": [kind, "null"], "description": description });
    let list = |description: &str| json!({ "type": "array", "items": { "type": "object" }, "description": description });
    json!({ "anyOf": [
        own("account", "The account and the stack that are worked on.", &json!({
            "account": text("The account's number."),
            "arn": text("The caller."),
            "region": text("The region."),
            "stack": text("The stack."),
        })),
        own("plan", "All that is to be done: the document that `plan --output json` prints.", &json!({
            "stack": text("The stack."),
            "region": text("The region."),
            "changes": list("The resources that change, each with `id`, `kind`, `action`, and what differs."),
            "unchanged": json!({ "type": "integer", "description": "How many resources stay as they are." }),
            "expected_s": number("How long it usually takes."),
        })),
        own("timeline", "The time that each step took, with the critical path.", &json!({
            "spans": list("The steps that were done, in the order in which they began."),
            "seconds": number("From the first call to the last."),
            "critical_s": number("Without the times in which nothing of the critical path was under way."),
        })),
        own("page", "The load balancer's answer to a browser.", &json!({
            "url": text("The address."),
            "text": text("The words of the page."),
        })),
        own("outputs", "What the stack offers. No secret is in it.", &json!({
            "page": maybe("string", "The address of the page behind the load balancer."),
            "database": maybe("string", "The endpoint of the database's writer."),
            "database_reader": maybe("string", "The endpoint of its readers."),
            "database_port": maybe("integer", "The port of both."),
            "database_secret": maybe("string", "The secret that holds the database's user and password, by ARN."),
            "bucket": maybe("string", "The bucket for assets."),
        })),
    ] })
}

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.schema.json")
}

#[test]
fn the_events_are_in_the_schema() {
    schema::hold(&file(), "provisioner", &part()).unwrap();
}

#[test]
fn every_event_of_an_apply_and_a_destroy_is_as_the_schema_says() {
    let text = std::fs::read_to_string(file()).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let lines = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&lines);
    let sink = move |event: Event| told.borrow_mut().push(render::json(&event));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let (account, aws) = (Account::new(1), Aws { name: "web".into(), ..Aws::default() });
        let client = account.client();
        let context = Context::new(&client, &aws, USER_DATA, &sink);
        run::apply(&context, &|_| true).await.expect("applied");
        run::destroy(&context, &|_| true).await.expect("destroyed");
    });
    let lines = lines.borrow();
    assert!(lines.len() > 200, "{}", lines.len());
    for line in lines.iter() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        assert!(validator.is_valid(&value), "{line}");
    }
    for kind in ["account", "plan", "planned", "started", "progress", "done", "timeline", "outputs"]
    {
        let has = format!("\"event\":\"{kind}\"");
        assert!(lines.iter().any(|line| line.contains(&has)), "{kind}");
    }
}
