//! A group of a netCDF file, or the whole of a file without groups.

use ::netcdf::{File, Group, Variable};

/// Where names of variables are looked for: in a group, then in those around it.
pub(super) struct Scope<'f> {
    node: Node<'f>,
    parent: Option<&'f Scope<'f>>,
}

enum Node<'f> {
    /// Of the classic formats, which have no groups.
    File(&'f File),
    Group(Group<'f>),
}

impl<'f> Scope<'f> {
    /// The outermost one.
    pub(super) fn root(file: &'f File) -> Self {
        let node = file.root().map_or(Node::File(file), Node::Group);
        Self { node, parent: None }
    }

    /// The variables of this group alone.
    pub(super) fn variables(&self) -> Vec<Variable<'_>> {
        match &self.node {
            Node::File(file) => file.variables().collect(),
            Node::Group(group) => group.variables().collect(),
        }
    }

    /// The groups in this one, with their names.
    pub(super) fn children<'s>(&'s self) -> Vec<(String, Scope<'s>)> {
        let Node::Group(group) = &self.node else { return Vec::new() };
        let scope = |group: Group<'s>| {
            (group.name(), Scope { node: Node::Group(group), parent: Some(self) })
        };
        group.groups().map(scope).collect()
    }

    /// A variable of this group or the nearest around it.
    pub(super) fn lookup(&self, name: &str) -> Option<Variable<'_>> {
        let own = self.variables().into_iter().find(|variable| variable.name() == name);
        own.or_else(|| self.parent?.lookup(name))
    }

    /// What is made of the variable `GROUP/…/NAME`; `None` when it is not there.
    pub(super) fn within<R>(
        &self,
        path: &str,
        make: &dyn Fn(&Scope<'_>, &Variable<'_>) -> R,
    ) -> Option<R> {
        match path.trim_start_matches('/').split_once('/') {
            Some((first, rest)) => {
                let children = self.children();
                let (_, child) = children.iter().find(|(name, _)| name == first)?;
                child.within(rest, make)
            }
            None => {
                let name = path.trim_start_matches('/');
                let variables = self.variables();
                Some(make(self, variables.iter().find(|v| v.name() == name)?))
            }
        }
    }
}
