//! What a run decides to do, for every state that it may find.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skyward_deployer::deploy::{ApplyPlan, DeployError, Observed, rollback_target};
use skyward_deployer::history::{Owned, Revision, Status, hash};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};

const NAME: &str = "web";

fn id(kind: Kind, name: &str) -> ObjectId {
    let namespace = (kind != Kind::Namespace).then(|| "ns".to_owned());
    ObjectId { kind, namespace, name: name.to_owned() }
}

/// An object with one field that may differ.
fn manifest(kind: Kind, name: &str, value: &str) -> Manifest {
    let id = id(kind, name);
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": {
            "name": name,
            "namespace": id.namespace,
            "labels": { "app.kubernetes.io/managed-by": "skyward", "app.kubernetes.io/instance": NAME },
        },
        "spec": { "value": value, "replicas": 2 },
    });
    Manifest { id, object }
}

/// The object as the API server has it: with a UID, defaults, and a finished rollout where it has one.
fn live(manifest: &Manifest) -> Value {
    let mut object = manifest.object.clone();
    object["metadata"]["uid"] = json!(format!("uid of {}", manifest.id));
    object["metadata"]["generation"] = json!(3);
    object["spec"]["defaulted"] = json!(true);
    object["spec"]["selector"] = json!({ "matchLabels": { "app": NAME } });
    object["spec"]["template"] = json!({});
    object["status"] = json!({
        "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
    });
    object
}

fn owned(manifest: &Manifest) -> Owned {
    Owned { id: manifest.id.clone(), uid: format!("uid of {}", manifest.id) }
}

fn revision(number: u32, status: Status, manifests: &[Manifest]) -> Revision {
    Revision {
        number,
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        by: "me@here".to_owned(),
        image: "web@sha256:00".to_owned(),
        status,
        reason: None,
        rollback_of: None,
        canary: None,
        hash: hash(manifests),
        manifests: manifests.to_vec(),
        inventory: manifests.iter().map(owned).collect(),
    }
}

fn wanted() -> Vec<Manifest> {
    vec![
        manifest(Kind::Namespace, "ns", "a"),
        manifest(Kind::Service, NAME, "a"),
        manifest(Kind::Deployment, NAME, "a"),
    ]
}

fn state(revisions: Vec<Revision>, manifests: &[Manifest]) -> Observed {
    let live: BTreeMap<_, _> = manifests.iter().map(|it| (it.id.clone(), live(it))).collect();
    Observed { revisions, live }
}

fn plan(state: &Observed) -> ApplyPlan {
    ApplyPlan::new(state, &wanted(), NAME, false).unwrap()
}

#[test]
fn what_serves_already_is_left_alone() {
    let plan = plan(&state(vec![revision(4, Status::Deployed, &wanted())], &wanted()));
    assert!(plan.settled);
    assert!(plan.stale.is_empty() && plan.prune.is_empty() && plan.abandoned.is_empty());
}

#[test]
fn a_first_run_makes_everything_as_revision_1() {
    let plan = plan(&Observed::default());
    assert_eq!((plan.number, plan.stale.len(), plan.settled), (1, 3, false));
    assert!(!plan.namespace_is_there);
}

#[test]
fn only_what_differs_is_applied() {
    let mut drifted = state(vec![revision(4, Status::Deployed, &wanted())], &wanted());
    let service = id(Kind::Service, NAME);
    drifted.live.get_mut(&service).unwrap()["spec"]["value"] = json!("changed by hand");
    let plan = plan(&drifted);
    assert_eq!(plan.stale.into_iter().collect::<Vec<_>>(), [service]);
    assert_eq!((plan.number, plan.settled), (5, false));
}

#[test]
fn a_field_that_is_no_longer_rendered_is_taken_away_though_the_live_object_holds_all_that_is() {
    let mut before = wanted();
    before[1].object["spec"]["more"] = json!("was rendered once");
    let plan = plan(&state(vec![revision(4, Status::Deployed, &before)], &before));
    assert_eq!(plan.stale.into_iter().collect::<Vec<_>>(), [id(Kind::Service, NAME)]);
}

#[test]
fn a_rollout_that_is_not_done_is_not_settled() {
    let mut rolling = state(vec![revision(4, Status::Deployed, &wanted())], &wanted());
    rolling.live.get_mut(&id(Kind::Deployment, NAME)).unwrap()["status"]["availableReplicas"] =
        json!(1);
    let plan = plan(&rolling);
    assert!(plan.in_place && !plan.settled);
}

#[test]
fn an_interrupted_run_is_gone_on_with_if_it_wanted_the_same_and_given_up_if_not() {
    let mut pending = revision(2, Status::Pending, &wanted());
    pending.inventory.clear();
    let good = revision(1, Status::Deployed, &wanted());
    let same = plan(&state(vec![good.clone(), pending.clone()], &wanted()));
    assert_eq!((same.number, same.abandoned.as_slice()), (2, [].as_slice()));
    assert_eq!(same.stale.len(), 3, "nobody knows how far it came");

    pending.manifests.push(manifest(Kind::Ingress, NAME, "only it wanted this"));
    let mut all = wanted();
    all.push(manifest(Kind::Ingress, NAME, "only it wanted this"));
    let other = plan(&state(vec![good, pending], &all));
    assert_eq!((other.number, other.abandoned.as_slice()), (3, [2].as_slice()));
    assert_eq!(other.prune, [owned(&all[3])], "what it made bears our labels, and is not wanted");
}

#[test]
fn what_is_no_longer_wanted_is_pruned_by_uid_the_last_applied_first_and_never_the_namespace() {
    let mut before = wanted();
    before.push(manifest(Kind::HorizontalPodAutoscaler, NAME, "a"));
    before.push(manifest(Kind::Ingress, NAME, "a"));
    let all = state(vec![revision(1, Status::Deployed, &before)], &before);
    assert_eq!(plan(&all).prune, [owned(&before[4]), owned(&before[3])]);
    assert!(!plan(&all).settled);
    let nothing = ApplyPlan::new(&all, &[], NAME, false).unwrap();
    assert!(nothing.prune.iter().all(|owned| owned.id.kind != Kind::Namespace));
}

#[test]
fn an_object_of_others_is_named_with_its_owner_and_taken_over_only_when_asked() {
    for (labels, managers, owner) in [
        (json!({ "app.kubernetes.io/managed-by": "Helm" }), json!([]), "Helm"),
        (json!({}), json!([{ "manager": "kubectl-apply" }]), "kubectl-apply"),
        (json!({}), json!([]), "someone who left no name"),
        (
            json!({ "app.kubernetes.io/managed-by": "skyward", "app.kubernetes.io/instance": "shop" }),
            json!([]),
            "skyward, of its release shop",
        ),
    ] {
        let mut theirs = state(Vec::new(), &wanted());
        let service = theirs.live.get_mut(&id(Kind::Service, NAME)).unwrap();
        service["metadata"]["labels"] = labels;
        service["metadata"]["managedFields"] = managers;
        match ApplyPlan::new(&theirs, &wanted(), NAME, false) {
            Err(DeployError::Foreign { id: found, owner: told }) => {
                assert_eq!((found, told.as_str()), (id(Kind::Service, NAME), owner));
            }
            other => panic!("{owner}: {other:?}"),
        }
        assert_eq!(ApplyPlan::new(&theirs, &wanted(), NAME, true).unwrap().stale.len(), 3);
    }
}

#[test]
fn a_namespace_of_others_is_used_and_never_changed() {
    let mut theirs = state(Vec::new(), &wanted()[..1]);
    let namespace = id(Kind::Namespace, "ns");
    theirs.live.get_mut(&namespace).unwrap()["metadata"]["labels"] = json!({});
    let plan = plan(&theirs);
    assert!(plan.manifests.iter().all(|manifest| manifest.id != namespace));
    assert!(plan.notes[0].contains("does not enforce restricted Pod Security"), "{:?}", plan.notes);
    assert!(plan.namespace_is_there);
}

#[test]
fn a_namespace_that_goes_away_ends_the_run() {
    let mut going = state(Vec::new(), &wanted()[..1]);
    let namespace = going.live.get_mut(&id(Kind::Namespace, "ns")).unwrap();
    namespace["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
    let error = ApplyPlan::new(&going, &wanted(), NAME, true).unwrap_err();
    assert!(error.to_string().contains("it is being deleted"), "{error}");
}

#[test]
fn rollback_goes_to_the_newest_good_revision_that_says_something_else() {
    let other = |value| vec![manifest(Kind::Deployment, NAME, value)];
    let revisions = [
        revision(1, Status::Deployed, &other("a")),
        revision(2, Status::Deployed, &other("b")),
        revision(3, Status::Failed, &other("c")),
        revision(4, Status::Deployed, &other("b")),
    ];
    let target = |revisions, number| {
        rollback_target(NAME, revisions, number).map(|it| it.number).map_err(|it| it.to_string())
    };
    assert_eq!(target(&revisions, None), Ok(1));
    assert_eq!(target(&revisions, Some(3)), Ok(3));
    assert!(target(&revisions, Some(9)).unwrap_err().contains("there is no revision 9"));
    assert!(target(&revisions[..1], None).unwrap_err().contains("no good revision before 1"));
    assert!(target(&revisions[2..3], None).unwrap_err().contains("no revision has ever served"));
}
