//! Streams of all rows that meet a filter, in bounded memory.
//!
//! Each repository that has pages has a stream over them, as a method of its trait object:
//!
//! ```
//! use futures::TryStreamExt;
//! use taskmaster_models::{PageRequest, TaskFilter, TaskSort};
//! use taskmaster_repository::{Repositories, Result};
//!
//! /// The hours that were planned for one person's tasks, however many there are.
//! async fn planned_hours(store: &dyn Repositories, person: &str) -> Result<rust_decimal::Decimal> {
//!     let filter = TaskFilter { assigned_to: Some(person.to_owned()), ..TaskFilter::default() };
//!     let mut tasks = store.tasks().stream(&filter, PageRequest::new(TaskSort::CreatedAt).limit(500));
//!     let mut sum = rust_decimal::Decimal::ZERO;
//!     while let Some(task) = tasks.try_next().await? {
//!         sum += task.estimated_hours.unwrap_or_default();
//!     }
//!     Ok(sum)
//! }
//! ```
//!
//! # What a stream holds and what it sees
//!
//! - It reads page by page, each when the one before has been taken to its end. So it never holds more rows than the
//!   request's limit, and no connection between two pages: a slow reader keeps nobody from working.
//! - It starts where the request says, and the request's limit is the size of a page, not of the stream.
//! - Rows that are inserted or deleted meanwhile shift nothing: what was there throughout is seen exactly once. A row that is
//!   inserted is seen if its place lies ahead. One whose key is changed is seen again whenever it gets ahead, or not at all if it
//!   falls behind unseen. So a stream is no snapshot, unless it is read within a unit of work whose isolation level makes it
//!   one (in PostgreSQL, REPEATABLE READ) and which does not change the rows itself.
//! - An error comes once and ends it. Dropped early, it reads no further page.
//! - It may be read within the unit of work in which the rows are then changed, since each page is a query of its own.
//!
//! # Changing rows on the way
//!
//! Order by a key that the changes leave alone, best by `CreatedAt`. With `TaskSort::UpdatedAt` ascending, a loop that updates
//! each task that it gets puts each ahead of itself anew, and **never ends**.

use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeySort, AuditLog, AuditLogFilter, AuditLogSort, ErrorLog, ErrorLogFilter,
    ErrorLogSort, Metric, MetricFilter, MetricSort, Page, PageRequest, Task, TaskContext, TaskContextFilter,
    TaskContextSort, TaskDependency, TaskDependencyFilter, TaskDependencySort, TaskFilter, TaskSort,
    WorkflowState, WorkflowStateFilter, WorkflowStateSort,
};

use crate::{
    ApiKeyRepository, AuditLogRepository, ErrorLogRepository, MetricRepository, RepositoryError, Result,
    TaskContextRepository, TaskDependencyRepository, TaskRepository, WorkflowStateRepository,
};

/// The rows of all pages from this one on. `find` finds one page.
fn rows<'a, T, S, P>(
    first: PageRequest<S>,
    find: impl Fn(PageRequest<S>) -> P + Send + 'a,
) -> BoxStream<'a, Result<T>>
where
    T: Send + 'a,
    S: Clone + Send + 'a,
    P: Future<Output = Result<Page<T>>> + Send + 'a,
{
    let pages = stream::try_unfold(Some(first), move |request| {
        let found = request.map(|request| (find(request.clone()), request));
        async move {
            let Some((page, request)) = found else { return Ok::<_, RepositoryError>(None) };
            let Page { items, next } = page.await?;
            let next = next.map(|cursor| request.after(Some(cursor)));
            Ok(Some((stream::iter(items).map(Ok), next)))
        }
    });
    pages.try_flatten().boxed()
}

impl dyn TaskRepository + '_ {
    /// All tasks that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a TaskFilter,
        order: PageRequest<TaskSort>,
    ) -> BoxStream<'a, Result<Task>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn TaskContextRepository + '_ {
    /// All contexts that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a TaskContextFilter,
        order: PageRequest<TaskContextSort>,
    ) -> BoxStream<'a, Result<TaskContext>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn TaskDependencyRepository + '_ {
    /// All dependencies that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a TaskDependencyFilter,
        order: PageRequest<TaskDependencySort>,
    ) -> BoxStream<'a, Result<TaskDependency>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn WorkflowStateRepository + '_ {
    /// All states that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a WorkflowStateFilter,
        order: PageRequest<WorkflowStateSort>,
    ) -> BoxStream<'a, Result<WorkflowState>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn ErrorLogRepository + '_ {
    /// All errors that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a ErrorLogFilter,
        order: PageRequest<ErrorLogSort>,
    ) -> BoxStream<'a, Result<ErrorLog>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn ApiKeyRepository + '_ {
    /// All API keys that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a ApiKeyFilter,
        order: PageRequest<ApiKeySort>,
    ) -> BoxStream<'a, Result<ApiKey>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn AuditLogRepository + '_ {
    /// All changes that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a AuditLogFilter,
        order: PageRequest<AuditLogSort>,
    ) -> BoxStream<'a, Result<AuditLog>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}

impl dyn MetricRepository + '_ {
    /// All metrics that meet the filter, page by page; see [`stream`](crate::stream).
    pub fn stream<'a>(
        &'a self,
        filter: &'a MetricFilter,
        order: PageRequest<MetricSort>,
    ) -> BoxStream<'a, Result<Metric>> {
        rows(order, move |page| async move { self.find_by(filter, &page).await })
    }
}
