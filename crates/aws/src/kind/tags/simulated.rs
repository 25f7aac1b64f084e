//! The operations that tag a resource of any kind, by its id or its ARN.

use crate::kind::simulated::prelude::*;
use crate::world::Registered;

impl World {
    pub(crate) fn create_tags(&mut self, call: CreateTags) -> Answer<()> {
        self.retag_all(&call.resources, &|tags| tags.extend(call.tags.clone()))
    }

    pub(crate) fn delete_tags(&mut self, call: DeleteTags) -> Answer<()> {
        self.retag_all(&call.resources, &|tags| tags.retain(|name, _| !call.names.contains(name)))
    }

    /// Changes the tags of all of EC2's resources that a call names, or of none.
    fn retag_all(&mut self, ids: &[String], change: &dyn Fn(&mut Tags)) -> Answer<()> {
        let mut found = Vec::new();
        for id in ids {
            let Some(kind) = self.tagged_as(id.split('-').next().unwrap_or_default()) else {
                return refuse("InvalidID", format!("The ID '{id}' is not valid"));
            };
            if !self.contains(kind, id) || self.tags(kind, id).is_none() {
                return refuse(kind.missing, format!("{id} does not exist"));
            }
            found.push((kind, id));
        }
        for (kind, id) in found {
            self.retag(kind, id, change);
        }
        Ok(())
    }

    /// The kind of an ARN and the rest of it: `loadbalancer` of `…:loadbalancer/app/…`, `cluster` of `…:cluster:…`.
    fn kind_of(&self, arn: &str) -> Option<&'static Registered> {
        let resource = arn.splitn(6, ':').nth(5)?;
        self.tagged_as(resource.split(['/', ':']).next()?)
    }

    pub(crate) fn describe_elb_tags(
        &mut self,
        call: DescribeElbTags,
    ) -> Answer<BTreeMap<String, Tags>> {
        if call.resources.len() > 20 {
            return refuse("ValidationError", "At most 20 resources can be described at once");
        }
        let mut found = BTreeMap::new();
        for arn in call.resources {
            let kind = self.kind_of(&arn);
            let Some(tags) = kind.and_then(|kind| self.tags(kind, &arn)) else {
                let code = kind.map_or("LoadBalancerNotFound", |kind| kind.missing);
                return refuse(code, format!("'{arn}' not found"));
            };
            found.insert(arn, tags.clone());
        }
        Ok(found)
    }

    pub(crate) fn add_elb_tags(&mut self, call: AddElbTags) -> Answer<()> {
        self.retag_elb(&call.resource, &|tags| tags.extend(call.tags.clone()))
    }

    pub(crate) fn remove_elb_tags(&mut self, call: RemoveElbTags) -> Answer<()> {
        self.retag_elb(&call.resource, &|tags| {
            tags.retain(|name, _| !call.names.contains(name));
        })
    }

    fn retag_elb(&mut self, arn: &str, change: &dyn Fn(&mut Tags)) -> Answer<()> {
        let kind = self.kind_of(arn);
        if kind.is_some_and(|kind| self.retag(kind, arn, change)) {
            return Ok(());
        }
        let code = kind.map_or("LoadBalancerNotFound", |kind| kind.missing);
        refuse(code, format!("'{arn}' not found"))
    }

    /// The kind and the name behind an ARN of RDS.
    fn rds_name<'a>(&self, arn: &'a str) -> Answer<(&'static Registered, &'a str)> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        match self.kind_of(arn).filter(|kind| self.contains(kind, name)) {
            Some(kind) => Ok((kind, name)),
            None => refuse("DBClusterNotFoundFault", format!("{arn} not found.")),
        }
    }

    pub(crate) fn list_rds_tags(&mut self, call: ListRdsTags) -> Answer<Tags> {
        let (kind, name) = self.rds_name(&call.arn)?;
        match self.tags(kind, name) {
            Some(tags) => Ok(tags.clone()),
            None => refuse(kind.missing, format!("{} not found.", call.arn)),
        }
    }

    pub(crate) fn add_rds_tags(&mut self, call: AddRdsTags) -> Answer<()> {
        let (kind, name) = self.rds_name(&call.arn)?;
        self.retag(kind, name, &|tags| tags.extend(call.tags.clone()));
        Ok(())
    }

    pub(crate) fn remove_rds_tags(&mut self, call: RemoveRdsTags) -> Answer<()> {
        let (kind, name) = self.rds_name(&call.arn)?;
        self.retag(kind, name, &|tags| tags.retain(|name, _| !call.names.contains(name)));
        Ok(())
    }
}
