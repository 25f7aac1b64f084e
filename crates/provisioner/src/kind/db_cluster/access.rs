//! The scopes in IAM of the database's calls.

use crate::resource::prelude::*;

/// The database and its subnet group, read.
pub(crate) const READ_DATABASE: Scope = Scope::read((2, "ReadDatabase"), Area::Data, own);
/// A new database or subnet group.
pub(crate) const DATABASE_NEW: Scope =
    Scope::new((21, "DatabaseNew"), Area::Data, own, Condition::New);
/// The resources that a new cluster refers to.
pub(super) const DATABASE_WITH: Scope = Scope::new(
    (22, "DatabaseWith"),
    Area::Data,
    |stack| {
        let name = stack.names.database();
        let (members, group) = (format!("db:{name}-*"), format!("subgrp:{name}"));
        stack.arns("rds", &["cluster-pg:default*", &members, "og:default*", &group])
    },
    Condition::Always,
);
/// The instances that RDS makes for a cluster.
pub(super) const DATABASE_MEMBERS: Scope = Scope::new(
    (23, "DatabaseMembers"),
    Area::Data,
    |stack| {
        let name = stack.names.database();
        let (cluster, group) = (format!("cluster:{name}"), format!("subgrp:{name}"));
        let members = format!("db:{name}-*");
        stack.arns("rds", &[&cluster, &members, "og:default*", "pg:default*", &group])
    },
    Condition::Always,
);
/// The stack's database and its subnet group.
pub(crate) const DATABASE_OWN: Scope =
    Scope::new((24, "DatabaseOwn"), Area::Data, own, Condition::Own);
/// The snapshots of the database.
pub(super) const SNAPSHOT: Scope = Scope::new(
    (25, "Snapshot"),
    Area::Data,
    |stack| vec![stack.arn("rds", &format!("cluster-snapshot:{}-*", stack.names.database()))],
    Condition::Always,
);
/// The snapshot that a new database is made from.
pub(super) const RESTORED: Scope = Scope::new(
    (39, "Restored"),
    Area::Data,
    |stack| {
        let snapshot = stack.aws.restore_from.iter();
        snapshot.map(|name| stack.arn("rds", &format!("cluster-snapshot:{name}"))).collect()
    },
    Condition::Always,
);
/// The secret that RDS makes for the password.
pub(super) const SECRET: Scope = Scope::new(
    (26, "Secret"),
    Area::Data,
    |stack| vec![stack.arn("secretsmanager", "secret:rds!cluster-*")],
    Condition::Always,
);
/// The keys that the storage and the secret are encrypted with.
pub(super) const KEY: Scope = Scope::new(
    (27, "Key"),
    Area::Data,
    |stack| vec![stack.arn("kms", "key/*")],
    Condition::Other(|stack| {
        let services = ["rds", "secretsmanager"];
        let domain = stack.names.partition().domain;
        let services = services.map(|name| format!("{name}.{}.{domain}", stack.aws.region));
        json!({ "StringEquals": { "kms:ViaService": services } })
    }),
);

fn own(stack: &PolicyStack<'_>) -> Vec<String> {
    let name = stack.names.database();
    stack.arns("rds", &[&format!("cluster:{name}"), &format!("subgrp:{name}")])
}
