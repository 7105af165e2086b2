use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use taskmaster_models::{
    DependencyType, NewTaskDependency, Page, PageRequest, RelatedTask, TaskDependencies, TaskDependency,
    TaskDependencyFilter, TaskDependencyId, TaskDependencySort, TaskId, Validation, clock,
};
use taskmaster_repository::{MissingDependencies, RepositoryError, Result, TaskDependencyRepository};

use super::{Memory, Tables, conflict, dangling, page::page};

const ENTITY: &str = "task dependency";

/// How many tasks before, and how many after, are shown of one task.
const MAX_RELATED: usize = 1000;

#[async_trait]
impl TaskDependencyRepository for Memory {
    async fn create(&self, new: &NewTaskDependency) -> Result<TaskDependency> {
        new.validate().into_result()?;
        let dependency = stored(new);
        self.write(|tables| tables.insert_dependency(&dependency, &mut tables.order()))?;
        Ok(dependency)
    }

    async fn bulk_create(&self, new: &[NewTaskDependency]) -> Result<Vec<TaskDependency>> {
        validate_all(new)?;
        let dependencies: Vec<_> = new.iter().map(stored).collect();
        self.write(|tables| {
            let mut order = tables.order();
            dependencies.iter().try_for_each(|dependency| tables.insert_dependency(dependency, &mut order))
        })?;
        Ok(dependencies)
    }

    async fn create_missing(&self, new: &[NewTaskDependency]) -> Result<MissingDependencies> {
        validate_all(new)?;
        self.write(|tables| {
            let mut order = tables.order();
            let mut done = MissingDependencies::default();
            for new in new {
                match tables.insert_dependency(&stored(new), &mut order) {
                    Ok(()) => done.created.push(new.id),
                    Err(RepositoryError::Conflict { constraint, .. }) if constraint == ACYCLIC => {
                        done.cyclic.push(new.id);
                    }
                    Err(RepositoryError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(done)
        })
    }

    async fn find_by_id(&self, id: TaskDependencyId) -> Result<Option<TaskDependency>> {
        self.read(|tables| Ok(tables.dependencies.get(id).cloned()))
    }

    async fn find_by(
        &self,
        filter: &TaskDependencyFilter,
        request: &PageRequest<TaskDependencySort>,
    ) -> Result<Page<TaskDependency>> {
        let key_of = |dependency: &TaskDependency| (request.sort.key(dependency), dependency.id.as_uuid());
        self.read(|tables| page(tables.dependencies_of(filter), request, key_of))
    }

    async fn count(&self, filter: &TaskDependencyFilter) -> Result<u64> {
        self.read(|tables| Ok(tables.dependencies_of(filter).map(|_| 1).sum()))
    }

    async fn find_for_task(&self, task_id: TaskId) -> Result<TaskDependencies> {
        let before = TaskDependencyFilter { child_task_id: Some(task_id), ..TaskDependencyFilter::default() };
        let after = TaskDependencyFilter { parent_task_id: Some(task_id), ..TaskDependencyFilter::default() };
        self.read(|tables| {
            Ok(TaskDependencies {
                parents: tables.related(&before, |dependency| dependency.parent_task_id),
                children: tables.related(&after, |dependency| dependency.child_task_id),
            })
        })
    }

    async fn delete(&self, id: TaskDependencyId) -> Result<bool> {
        self.write(|tables| Ok(tables.dependencies.remove(id)))
    }
}

const ACYCLIC: &str = "task_dependencies_acyclic";

/// What a further dependency is checked against.
#[derive(Default)]
pub(super) struct Order {
    /// Which tasks come right after which.
    after: BTreeMap<TaskId, Vec<TaskId>>,
    /// What the dependencies join, and how many join the same.
    joined: BTreeMap<(TaskId, TaskId, DependencyType), usize>,
}

impl Order {
    fn add(&mut self, dependency: &TaskDependency) {
        if dependency.dependency_type.orders() {
            self.after.entry(dependency.parent_task_id).or_default().push(dependency.child_task_id);
        }
        *self.joined.entry(ends(dependency)).or_default() += 1;
    }

    /// How many dependencies join the same tasks in the same way.
    fn same(&self, dependency: &TaskDependency) -> usize {
        self.joined.get(&ends(dependency)).copied().unwrap_or_default()
    }

    /// Whether this dependency is, or would be, part of a cycle.
    fn closes_cycle(&self, dependency: &TaskDependency) -> bool {
        let mut seen = BTreeSet::new();
        let mut rest = vec![dependency.child_task_id];
        while let Some(task) = rest.pop() {
            if task == dependency.parent_task_id {
                return dependency.dependency_type.orders();
            }
            if seen.insert(task) {
                rest.extend(self.after.get(&task).into_iter().flatten());
            }
        }
        false
    }
}

impl Tables {
    fn dependencies_of(&self, filter: &TaskDependencyFilter) -> impl Iterator<Item = &TaskDependency> {
        self.dependencies.rows().filter(|dependency| meets(dependency, filter))
    }

    pub(super) fn order(&self) -> Order {
        let mut order = Order::default();
        self.dependencies.rows().for_each(|dependency| order.add(dependency));
        order
    }

    fn insert_dependency(&mut self, dependency: &TaskDependency, order: &mut Order) -> Result<()> {
        if order.closes_cycle(dependency) {
            return Err(closes_cycle(dependency));
        }
        if self.dependencies.contains(dependency.id) {
            return Err(conflict(
                ENTITY,
                "task_dependencies_pkey",
                format!("the id {} is taken", dependency.id),
            ));
        }
        if order.same(dependency) > 0 {
            return Err(is_there(dependency));
        }
        self.check_tasks_of(dependency)?;
        self.dependencies.put(dependency.id, dependency.clone());
        order.add(dependency);
        Ok(())
    }

    /// Checks a dependency that is stored, and of which the order knows, against all others.
    pub(super) fn check_dependency(&self, dependency: &TaskDependency, order: &Order) -> Result<()> {
        self.check_tasks_of(dependency)?;
        if order.same(dependency) > 1 {
            return Err(is_there(dependency));
        }
        if order.closes_cycle(dependency) {
            return Err(closes_cycle(dependency));
        }
        Ok(())
    }

    fn check_tasks_of(&self, dependency: &TaskDependency) -> Result<()> {
        if !self.tasks.contains(dependency.parent_task_id) {
            return Err(dangling(ENTITY, "task_dependencies_parent_task_id_fkey"));
        }
        if !self.tasks.contains(dependency.child_task_id) {
            return Err(dangling(ENTITY, "task_dependencies_child_task_id_fkey"));
        }
        Ok(())
    }

    pub(super) fn delete_dependencies_of(&mut self, task_id: TaskId) {
        let joins = |d: &&TaskDependency| d.parent_task_id == task_id || d.child_task_id == task_id;
        let ids: Vec<_> = self.dependencies.rows().filter(joins).map(|dependency| dependency.id).collect();
        for id in ids {
            self.dependencies.remove(id);
        }
    }

    /// The tasks before which another one has to be completed or cancelled.
    pub(super) fn waiting_tasks(&self) -> BTreeSet<TaskId> {
        let waits = |dependency: &&TaskDependency| {
            let parent = self.tasks.get(dependency.parent_task_id);
            dependency.dependency_type.orders()
                && parent.is_some_and(|parent| !parent.status.releases_dependents())
        };
        self.dependencies.rows().filter(waits).map(|dependency| dependency.child_task_id).collect()
    }

    fn related(
        &self,
        filter: &TaskDependencyFilter,
        other_end: impl Fn(&TaskDependency) -> TaskId,
    ) -> Vec<RelatedTask> {
        let mut dependencies: Vec<_> = self.dependencies_of(filter).collect();
        dependencies.sort_by_key(|dependency| (dependency.created_at, dependency.id));
        let related = |dependency: &TaskDependency| {
            let task = self.tasks.get(other_end(dependency))?.clone();
            Some(RelatedTask {
                dependency_id: dependency.id,
                dependency_type: dependency.dependency_type,
                task,
            })
        };
        dependencies.into_iter().filter_map(related).take(MAX_RELATED).collect()
    }
}

fn closes_cycle(dependency: &TaskDependency) -> RepositoryError {
    let TaskDependency { parent_task_id: parent, child_task_id: child, .. } = dependency;
    conflict(ENTITY, ACYCLIC, format!("task {child} comes before task {parent} already"))
}

fn is_there(dependency: &TaskDependency) -> RepositoryError {
    let TaskDependency { parent_task_id: parent, child_task_id: child, dependency_type, .. } = dependency;
    let detail = format!("task {child} has a dependency of type {dependency_type} on task {parent}");
    conflict(ENTITY, "task_dependencies_unique", detail)
}

fn ends(dependency: &TaskDependency) -> (TaskId, TaskId, DependencyType) {
    (dependency.parent_task_id, dependency.child_task_id, dependency.dependency_type)
}

fn validate_all(new: &[NewTaskDependency]) -> Result<()> {
    Ok(Validation::of_rows(ENTITY, new.iter().map(NewTaskDependency::validate)).into_result()?)
}

/// The dependency as a store keeps it: with times to the microsecond.
fn stored(new: &NewTaskDependency) -> TaskDependency {
    let NewTaskDependency { id, parent_task_id, child_task_id, dependency_type, created_at, metadata } =
        new.clone();
    let created_at = clock::storable(created_at);
    TaskDependency { id, parent_task_id, child_task_id, dependency_type, created_at, metadata }
}

fn meets(dependency: &TaskDependency, filter: &TaskDependencyFilter) -> bool {
    let TaskDependencyFilter { parent_task_id, child_task_id, dependency_type } = filter;
    parent_task_id.is_none_or(|parent| dependency.parent_task_id == parent)
        && child_task_id.is_none_or(|child| dependency.child_task_id == child)
        && dependency_type.is_none_or(|dependency_type| dependency.dependency_type == dependency_type)
}
