//! The role of the instances: they read and write the assets, and are reached by Session Manager instead of SSH.

use skyward_aws::{
    AttachRolePolicy, CreateRole, DeleteRole, DeleteRolePolicy, DetachRolePolicy, GetRole,
    GetRolePolicy, ListAttachedRolePolicies, ListRolePolicies, PutRolePolicy, TagRole, UntagRole,
    UpdateAssumeRolePolicy,
};

use super::InstanceProfile;
use crate::resource::prelude::*;

/// The name of the policy in the role.
const POLICY: &str = "assets";

/// The managed policy that Session Manager needs.
fn session_manager(names: &Names) -> String {
    format!("arn:{}:iam::aws:policy/AmazonSSMManagedInstanceCore", names.partition().id)
}

/// The managed policies of the role.
fn managed<'a>(aws: &'a Aws, names: &Names) -> impl Iterator<Item = String> + use<'a> {
    std::iter::once(session_manager(names)).chain(aws.policies.iter().cloned())
}

/// A list of one as the one in it.
fn one_or_all(all: &[String]) -> Value {
    if let [one] = all { json!(one) } else { json!(all) }
}

/// The secret that RDS makes for the database, which alone carries the tag of this cluster.
fn secret_statement(names: &Names) -> Value {
    let (partition, region, account) = (names.partition().id, names.region(), names.account());
    let arn =
        |service: &str, rest: &str| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
    let cluster = arn("rds", &format!("cluster:{}", names.database()));
    json!({
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": arn("secretsmanager", "secret:rds!cluster-*"),
        "Condition": { "StringEquals": { "aws:ResourceTag/aws:rds:primaryDBClusterArn": cluster } },
    })
}

/// The role and the instance profile, read.
pub(crate) const READ_ROLE: Scope = Scope::read((4, "ReadRole"), Area::Compute, arns);
/// A new role or instance profile.
pub(crate) const ROLE_NEW: Scope = Scope::new((30, "RoleNew"), Area::Compute, arns, Condition::New);
/// The stack's role and instance profile.
pub(crate) const ROLE_OWN: Scope = Scope::new((31, "RoleOwn"), Area::Compute, arns, Condition::Own);
/// The managed policies that the role may be given.
const ATTACH_POLICY: Scope = Scope::new(
    (32, "AttachPolicy"),
    Area::Compute,
    |stack| vec![stack.iam(&format!("role/{}", stack.names.role()))],
    Condition::Other(|stack| {
        json!({
            "ArnEquals": { "iam:PolicyARN": one_or_all(&managed(stack.aws, &stack.names).collect::<Vec<_>>()) },
            "StringEquals": { resource_tag(): stack.aws.name },
        })
    }),
);

fn arns(stack: &PolicyStack<'_>) -> Vec<String> {
    let name = stack.names.role();
    vec![stack.iam(&format!("instance-profile/{name}")), stack.iam(&format!("role/{name}"))]
}

/// The role of the instances: a policy of its own, and managed ones by ARN.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Role {
    pub(crate) name: String,
    pub(crate) trust: Value,
    pub(crate) policy_name: String,
    pub(crate) policy: Value,
    /// Policies in it that someone else has put there.
    pub(crate) others: BTreeSet<String>,
    pub(crate) managed: BTreeSet<String>,
}

/// The role, its own policy, those of others in it, and the managed ones.
pub(crate) struct Answer {
    role: model::Role,
    policy: Value,
    others: BTreeSet<String>,
    managed: BTreeSet<String>,
}

impl Role {
    /// Creates it; false where it exists already.
    async fn create(&self, step: &StepContext<'_>) -> Result<bool, CallError> {
        let (run, name) = (step.run, &self.name);
        let call = CreateRole { name: name.clone(), trust: self.trust.clone(), tags: step.tags() };
        if run.caller.create(call).await?.is_some() {
            return Ok(true);
        }
        let look = async || {
            let role = run.caller.find(GetRole { name: name.clone() }).await?;
            Ok(role.map(|role| ((), role.tags)))
        };
        step.adopt("IAM role", name, look).await.map(|()| false)
    }

    async fn set_managed(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (caller, role) = (step.run.caller, || self.name.clone());
        let attached = caller.find(ListAttachedRolePolicies { role: role() }).await?;
        let attached = attached.unwrap_or_default();
        for arn in self.managed.difference(&attached) {
            caller.change(AttachRolePolicy { role: role(), arn: arn.clone() }).await?;
        }
        for arn in attached.difference(&self.managed) {
            caller.delete(DetachRolePolicy { role: role(), arn: arn.clone() }).await?;
        }
        Ok(())
    }
}

/// Deletes all policies in a role but one.
async fn delete_policies(step: &StepContext<'_>, role: &str, but: &str) -> Result<(), CallError> {
    let (caller, role) = (step.run.caller, || role.to_owned());
    let policies = caller.find(ListRolePolicies { role: role() }).await?.unwrap_or_default();
    for policy in policies.into_iter().filter(|policy| policy != but) {
        caller.delete(DeleteRolePolicy { role: role(), policy }).await?;
    }
    Ok(())
}

impl Resource for Role {
    const ID: &'static str = "role";
    const NAME: &'static str = "IAM role";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<InstanceProfile>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ_ROLE]: GetRole, GetRolePolicy, ListRolePolicies, ListAttachedRolePolicies;
        Apply [ROLE_NEW] "iam:TagRole" on ROLE_NEW: CreateRole;
        Apply [ROLE_NEW]: TagRole;
        Apply [ROLE_OWN]: UpdateAssumeRolePolicy, PutRolePolicy, UntagRole;
        Apply [ATTACH_POLICY]: AttachRolePolicy;
        ApplyAndDestroy [ROLE_OWN]: DeleteRole, DeleteRolePolicy, DetachRolePolicy;
    };

    type Answer = Option<Answer>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let bucket = stack.names.partition().s3(&stack.names.bucket("assets"));
        let statement = |actions: &[&str], resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
        let mut statements = vec![
            statement(&["s3:ListBucket"], &bucket),
            statement(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], &format!("{bucket}/*")),
        ];
        if stack.aws.database_url_file {
            statements.push(secret_statement(&stack.names));
        }
        let spec = Self {
            name: stack.names.role(),
            trust: json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Principal": { "Service": stack.names.partition().ec2() }, "Action": "sts:AssumeRole" }],
            }),
            policy_name: POLICY.into(),
            policy: json!({
                "Version": "2012-10-17",
                "Statement": statements,
            }),
            others: BTreeSet::new(),
            managed: managed(stack.aws, &stack.names).collect(),
        };
        vec![Wanted::new("role", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        Vec::new()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let name = reader.names.role();
        let role = reader.find(GetRole { name: name.clone() }).await.as_ref().clone()?;
        if role.tags.get(STACK_TAG).is_none_or(|stack| stack != reader.names.stack()) {
            let (others, managed) = (BTreeSet::new(), BTreeSet::new());
            return Some(Answer { role, policy: Value::Null, others, managed });
        }
        let (policy, others, managed) = tokio::join!(
            reader.find(GetRolePolicy { role: name.clone(), policy: POLICY.into() }),
            reader.find(ListRolePolicies { role: name.clone() }),
            reader.find(ListAttachedRolePolicies { role: name.clone() }),
        );
        let mut others = others.as_ref().clone().unwrap_or_default();
        others.remove(POLICY);
        let policy = policy.as_ref().clone().unwrap_or_default();
        let managed = managed.as_ref().clone().unwrap_or_default();
        Some(Answer { role, policy, others, managed })
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(Answer { role, policy, others, managed }) = answer else { return };
        let spec = Self {
            name: role.name.clone(),
            trust: role.trust.clone(),
            policy_name: POLICY.into(),
            policy: policy.clone(),
            others: others.clone(),
            managed: managed.clone(),
        };
        observation.keep_named(&role.name, Found::new("role", &role.name, spec, &role.tags));
    }

    /// Each part is a call of its own, and each can be repeated.
    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, name) = (step.run, self.name.clone());
        let exists = step.existing().is_some();
        let is_new = !exists && self.create(step).await?;
        run.remember(step.id(), &name);
        if !is_new && (!exists || step.differs("trust")) {
            let (name, trust) = (name.clone(), self.trust.clone());
            run.caller.change(UpdateAssumeRolePolicy { name, trust }).await?;
        }
        if !exists || step.differs("policy") {
            let (role, policy) = (name.clone(), self.policy_name.clone());
            let call = PutRolePolicy { role, policy, document: self.policy.clone() };
            run.caller.change(call).await?;
        }
        if !exists || step.differs("others") {
            delete_policies(step, &name, &self.policy_name).await?;
        }
        if !exists || step.differs("managed") {
            self.set_managed(step).await?;
        }
        step.update_tags::<Self>(&name).await
    }

    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let (caller, role) = (step.run.caller, name.to_owned());
        let call = ListAttachedRolePolicies { role: role.clone() };
        for arn in caller.find(call).await?.unwrap_or_default() {
            caller.delete(DetachRolePolicy { role: role.clone(), arn }).await?;
        }
        let policy = POLICY.to_owned();
        caller.delete(DeleteRolePolicy { role: role.clone(), policy }).await?;
        delete_policies(step, name, POLICY).await?;
        step.delete(DeleteRole { name: role }).await
    }

    async fn set_tags(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let name = || name.to_owned();
        step.change_tags(
            |tags| TagRole { name: name(), tags },
            |names| UntagRole { name: name(), names },
        )
        .await
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Some(NameLimit { name: &self.name, longest: 64 })
    }

    fn detail(&self) -> String {
        self.name.clone()
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let policy = template.document(&self.policy);
        let properties = json!({
            "RoleName": self.name,
            "AssumeRolePolicyDocument": template.document(&self.trust),
            "Policies": [{ "PolicyName": self.policy_name, "PolicyDocument": policy }],
            "ManagedPolicyArns": self.managed,
            "Tags": template.tags(id),
        });
        template.add(&logical_name(id), "AWS::IAM::Role", properties);
    }
}
