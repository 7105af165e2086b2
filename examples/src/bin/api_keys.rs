//! Shows the life of an API key: issued, verified, limited, rotated, ended. The plain key is seen once; the store keeps a hash.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use taskmaster_examples::throwaway_store;
use taskmaster_models::{
    Actor, Environment, KeyVerdict, NewApiKey, PageRequest, RateLimit, SecurityAuditRequest, Service, clock,
};
use taskmaster_repository::Store;
use taskmaster_security::{KeyHasher, Pepper};

/// What a service says to a caller.
fn answer(verdict: &KeyVerdict) -> String {
    match verdict {
        // The store does not know where it runs, so the service compares.
        KeyVerdict::Valid(key) if key.environment != Environment::Production => {
            "not a key for here".to_owned()
        }
        KeyVerdict::Valid(key) => format!("come in, {}", key.name),
        KeyVerdict::Unknown => "no such key".to_owned(),
        KeyVerdict::Malformed { reason } => reason.to_string(),
        KeyVerdict::Inactive => "this key was ended".to_owned(),
        KeyVerdict::Expired => "this key has expired".to_owned(),
        KeyVerdict::MissingPermission { missing } => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            format!("this key may not {}", missing.join(", "))
        }
        KeyVerdict::RateLimited { retry_after } => {
            format!("too many calls, come back in {} s", retry_after.num_seconds())
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (_server, store) = throwaway_store().await?;
    // In production the pepper comes from where secrets are kept, and never lies beside the database.
    let pepper = Pepper::new(1, "not in the source, where anybody could read it".into())?;
    let store = store.with_key_hasher(KeyHasher::with_peppers(vec![pepper])?);
    let store = store.acting_as(&Actor::user("ada"))?;
    let keys = store.api_keys();
    let now = clock::now();
    let later = |seconds| now + TimeDelta::seconds(seconds);

    let new = NewApiKey {
        permissions: vec!["tasks:write".parse()?],
        expires_at: Some(now + TimeDelta::days(90)),
        rate_limit: Some(RateLimit::new(3, TimeDelta::minutes(1))),
        created_by: Some("ada".to_owned()),
        ..NewApiKey::new("release bot", Service::Github, Environment::Production)
    };
    let issued = keys.create(&new).await?;
    let prefix = issued.api_key.key_prefix.clone().context("a new key has a prefix")?;
    ensure!(issued.key.expose_secret().starts_with(&prefix));
    println!("issued:      a key of {} characters", issued.key.expose_secret().len());

    let call = async |key: &SecretString, permission: &str, seconds| {
        let verdict = keys.verify(key, &[permission.parse()?], later(seconds)).await?;
        anyhow::Ok(answer(&verdict))
    };
    println!("verified:    {}", call(&issued.key, "tasks:create", 0).await?);
    println!("forbidden:   {}", call(&issued.key, "tasks:execute", 0).await?);
    let cut_short = issued.key.expose_secret()[..68].into();
    println!("cut short:   {}", call(&cut_short, "tasks:create", 0).await?);

    let rotated = keys.rotate(new.id, TimeDelta::hours(1), later(10)).await?;
    println!("old key:     {}", call(&issued.key, "tasks:update", 20).await?);
    println!("new key:     {}", call(&rotated.key, "tasks:update", 20).await?);
    println!("limited:     {}", call(&rotated.key, "tasks:update", 20).await?);
    println!("after grace: {}", call(&issued.key, "tasks:update", 2 * 60 * 60).await?);

    let written = keys.flush_usage().await?;
    let count = keys.find_by_id(new.id).await?.context("it is there")?.usage_count;
    println!("used:        {count} times ({written} key had uses to write down)");
    let careless = NewApiKey::new("left over", Service::Linear, Environment::Staging);
    keys.create(&careless).await?;
    let audit = keys.security_audit(&SecurityAuditRequest::new(now), &PageRequest::default()).await?;
    for finding in audit.items {
        let concerns: Vec<_> = finding.concerns.iter().map(|concern| concern.as_str()).collect();
        println!("look at:     {} ({})", finding.api_key.name, concerns.join(", "));
    }

    keys.deactivate(new.id, "the bot was retired", later(30)).await?;
    println!("ended:       {}", call(&rotated.key, "tasks:update", 40).await?);
    Ok(())
}
