use std::sync::Arc;

use super::*;
use crate::config::{DatabaseConfig, ReplicaConfig};

fn healthy() -> Health {
    let mut health = Health::pending(
        &Pool::new(Arc::new(DatabaseConfig::new("/nowhere", "tasks", "me")), "primary").unwrap(),
    );
    health.connected = true;
    health
}

fn judged(change: impl FnOnce(&mut Health)) -> (HealthStatus, String) {
    let mut health = healthy();
    change(&mut health);
    health.evaluate(Some(&ReplicaConfig { hosts: Vec::new(), max: 1, max_lag: Duration::from_secs(10) }));
    (health.status, health.reasons.join("\n"))
}

#[test]
fn what_is_in_order_is_healthy_without_a_reason() {
    assert_eq!(judged(|_| {}), (HealthStatus::Healthy, String::new()));
    let busy = |health: &mut Health| health.pool.in_use = health.pool.max;
    assert_eq!(judged(busy), (HealthStatus::Healthy, String::new()));
}

#[test]
fn each_thing_to_look_at_degrades_and_is_named() {
    let (status, reason) = judged(|health| {
        health.pool.in_use = health.pool.max;
        health.pool.waiting = 3;
    });
    assert_eq!(status, HealthStatus::Degraded);
    assert!(reason.contains("all 10 connections") && reason.contains("3 calls wait"), "{reason}");

    let (status, reason) = judged(|health| {
        let pending = vec!["m2".to_owned(), "m3".to_owned()];
        health.migrations = Some(MigrationHealth { applied: 1, pending, unknown: Vec::new() });
    });
    assert_eq!(status, HealthStatus::Degraded);
    assert!(reason.contains("2 migrations are pending, beginning with m2"), "{reason}");

    let lag = Some(Duration::from_secs(11));
    let (status, reason) =
        judged(|health| health.replication = Some(Replication::Standby { lag, streaming: true }));
    assert_eq!(status, HealthStatus::Degraded);
    assert!(reason.contains("11.0 s behind"), "{reason}");
}

#[test]
fn a_replication_that_is_cut_degrades_whatever_the_lag_seems_to_be() {
    for lag in [None, Some(Duration::ZERO), Some(Duration::from_secs(11))] {
        let (status, reason) =
            judged(|health| health.replication = Some(Replication::Standby { lag, streaming: false }));
        assert_eq!(status, HealthStatus::Degraded);
        assert!(reason.contains("not connected to the server that it follows"), "{reason}");
    }
    let alone = || Some(Replication::Primary { standbys: 0, lag: None, unknown: None });
    let (status, reason) = judged(|health| health.replication = alone());
    assert_eq!(status, HealthStatus::Degraded);
    assert!(reason.contains("no standby follows"), "{reason}");
    let mut health = healthy();
    health.replication = alone();
    health.evaluate(None);
    assert_eq!(health.status, HealthStatus::Healthy, "nobody has said that there is one");
}

#[test]
fn a_certificate_is_worth_a_word_two_weeks_before_its_end() {
    let now = clock::now();
    let of = |left: chrono::TimeDelta| {
        let certificate = ServerCertificate { subject: "CN=db".to_owned(), expires: now + left };
        CertificateHealth::new(&certificate, now)
    };
    let (day, second) = (chrono::TimeDelta::days(1), chrono::TimeDelta::seconds(1));
    assert_eq!(of(day * 14).days_left, 14);
    assert_eq!(of(day * 14 - second).days_left, 13);
    assert_eq!(of(-second).days_left, -1);
    let status = |certificate| judged(|health| health.certificate = Some(certificate));
    assert_eq!(status(of(day * 14)).0, HealthStatus::Healthy);
    assert!(status(of(day * 14 - second)).1.contains("certificate ends"));
    let ended = status(of(-second));
    assert!(ended.0 == HealthStatus::Degraded && ended.1.contains("certificate ended"), "{ended:?}");
}

#[test]
fn it_is_written_in_seconds_and_words() {
    let mut health = healthy();
    health.latency = Some(Duration::from_micros(1500));
    health.replication = Some(Replication::Primary { standbys: 1, lag: None, unknown: Some("why") });
    let json = serde_json::json!(health);
    assert_eq!(json["status"], "healthy");
    assert_eq!(json["latency_seconds"], 0.0015);
    assert_eq!(json["replication"]["role"], "primary");
    assert_eq!(json["replication"]["unknown"], "why");
    assert_eq!(json["took_seconds"], 0.0);
    assert_eq!(json["pool"]["max"], 10);
}
