//! Serves `/health` for whoever restarts services and `/metrics` for Prometheus, and ends on SIGTERM without cutting anybody off.
//!
//! `serve_health [ADDRESS]`, by default 127.0.0.1:9464, on a PostgreSQL that is there for this run only.

use std::{env, time::Duration};

use anyhow::{Context, Result};
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use taskmaster_examples::throwaway_store;
use taskmaster_models::{NewTask, TaskFilter};
use taskmaster_postgres::{Database, Health};
use taskmaster_repository::Repositories;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Bounds in seconds of the histograms' buckets. Most calls take less than a millisecond on a network that is near.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How long running calls may go on when the program is to end.
const DRAIN: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Pages {
    database: Database,
    prometheus: PrometheusHandle,
}

#[tokio::main]
async fn main() -> Result<()> {
    // The recorder comes first, so that it misses nothing.
    let prometheus =
        PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&BUCKETS)?.install_recorder()?;
    let (_server, store) = throwaway_store().await?;
    let database =
        store.database().clone().expecting_migrations("schema_migrations", taskmaster_migration::names());
    store.tasks().create(&NewTask::new("Be measured")).await?;
    store.tasks().count(&TaskFilter::default()).await?;

    let mut terminate = signal(SignalKind::terminate())?;
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9464".to_owned());
    let listener =
        TcpListener::bind(&address).await.with_context(|| format!("cannot listen on {address}"))?;
    println!("listening on http://{}", listener.local_addr()?);

    tokio::spawn(keep_small(prometheus.clone()));
    let pages = Pages { database: database.clone(), prometheus };
    let router =
        Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(pages);
    let told_to_end = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(listener, router).with_graceful_shutdown(told_to_end).await?;

    let report = database.shutdown(DRAIN).await;
    println!("ended: {} calls were cut", report.cut.len());
    Ok(())
}

/// 200 while the database serves, and 503 while it does not. What is only to be looked at is in the text: restarting the service
/// would not mend it.
async fn health(State(pages): State<Pages>) -> (StatusCode, Json<Health>) {
    let health = pages.database.health().await;
    let status = if health.is_up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn metrics(State(pages): State<Pages>) -> String {
    pages.database.health().await;
    pages.database.record_gauges();
    pages.prometheus.render()
}

/// Sorts what was measured into its buckets from time to time, also if nobody asks.
async fn keep_small(prometheus: PrometheusHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        prometheus.run_upkeep();
    }
}
