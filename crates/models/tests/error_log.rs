//! The rules of error logs.

use std::{error::Error, fmt};

use serde_json::json;
use taskmaster_models::{
    ErrorLog, ErrorLogPatch, ErrorType, FaultCode, NewErrorLog, Resolution, Severity, clock,
};

/// An error that says this and has that source.
#[derive(Debug)]
struct Told(String, Option<Box<Told>>);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

fn told(words: &str, source: Option<Told>) -> Told {
    Told(words.to_owned(), source.map(Box::new))
}

fn stored(new: &NewErrorLog) -> ErrorLog {
    let mut json = json!(new);
    json["version"] = json!(1);
    json["updated_at"] = json["created_at"].clone();
    serde_json::from_value(json).expect("a new error with these two is a stored one")
}

#[test]
fn every_fault_is_found_at_once() {
    let nul = || Some("\0".to_owned());
    let error = NewErrorLog {
        error_code: Some("x".repeat(101)),
        stack_trace: Some("x".repeat(5_000_000)),
        context: json!({"a": "\0"}).as_object().unwrap().clone(),
        workflow_id: Some("x".repeat(256)),
        user_id: Some("x".repeat(256)),
        session_id: Some("x".repeat(256)),
        resolution_notes: nul(),
        resolved_at: Some("+10000-01-01T00:00:00Z".parse().unwrap()),
        metadata: json!({"\0": 1}).as_object().unwrap().clone(),
        ..NewErrorLog::new(ErrorType::General, " \t")
    };
    let validation = error.validate();
    let faults: Vec<_> = validation.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(
        faults,
        [
            ("error_code", FaultCode::TooLong),
            ("error_message", FaultCode::Required),
            ("stack_trace", FaultCode::TooLong),
            ("context", FaultCode::Nul),
            ("workflow_id", FaultCode::TooLong),
            ("user_id", FaultCode::TooLong),
            ("session_id", FaultCode::TooLong),
            ("resolution_notes", FaultCode::Nul),
            ("resolved_at", FaultCode::OutOfRange),
            ("metadata", FaultCode::Nul),
        ]
    );
}

#[test]
fn what_is_odd_but_allowed_is_warned_of() {
    let error = NewErrorLog {
        severity: Severity::Fatal,
        resolved: true,
        ..NewErrorLog::new(ErrorType::System, "no disk")
    };
    let validation = error.validate();
    assert!(validation.is_valid());
    let warned: Vec<_> = validation.warnings().iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(warned, ["stack_trace", "resolution_notes", "resolved_at"]);
    assert_eq!(NewErrorLog::new(ErrorType::System, "no disk").validate().warnings(), []);
}

#[test]
fn a_resolved_error_and_no_other_has_a_time_of_it() {
    let new = NewErrorLog::new(ErrorType::System, "no disk");
    let at = Some(clock::now());
    assert_eq!(NewErrorLog { resolved_at: at, ..new.clone() }.stored_resolved_at(), None);
    let resolved = NewErrorLog { resolved: true, ..new };
    assert_eq!(resolved.stored_resolved_at(), Some(resolved.created_at));
    assert_eq!(NewErrorLog { resolved_at: at, ..resolved }.stored_resolved_at(), at);
}

#[test]
fn no_error_is_resolved_before_it_has_happened() {
    let new = NewErrorLog { resolved: true, ..NewErrorLog::new(ErrorType::System, "no disk") };
    let faults = |resolved, micros| {
        let resolved_at = Some(new.created_at + chrono::TimeDelta::microseconds(micros));
        NewErrorLog { resolved, resolved_at, ..new.clone() }.validate().faults().to_vec()
    };
    let early = faults(true, -1);
    assert_eq!((early[0].field.as_str(), early[0].code), ("resolved_at", FaultCode::Contradiction));
    assert_eq!(faults(true, 0), []);
    assert_eq!(faults(false, -1), [], "it is not kept");
}

#[test]
fn severities_compare_and_two_are_critical() {
    assert!(Severity::ALL.is_sorted());
    let critical: Vec<_> = Severity::ALL.iter().filter(|severity| severity.is_critical()).collect();
    assert_eq!(critical, [&Severity::Error, &Severity::Fatal]);
}

#[test]
fn an_error_becomes_a_log_with_its_chain_of_sources() {
    let error = told("cannot pay", Some(told("cannot ask the bank", Some(told("connection refused", None)))));
    let new = NewErrorLog::from_error(&error, ErrorType::ExternalApi);
    assert_eq!(new.error_message, "cannot pay");
    assert_eq!(new.context["sources"], json!(["cannot ask the bank", "connection refused"]));
    assert_eq!(
        (new.error_type, new.severity, new.resolved),
        (ErrorType::ExternalApi, Severity::Error, false)
    );

    let boxed: Box<dyn Error + Send + Sync> = "plain".into();
    let new = NewErrorLog::from_error(&*boxed, ErrorType::General);
    assert_eq!((new.error_message.as_str(), new.context.len()), ("plain", 0));
}

/// An error that is its own source, says nothing, goes on for ever, or cannot say what it is.
#[derive(Debug)]
enum Odd {
    Cycle,
    Endless,
    Mute,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle => f.write_str("again"),
            Self::Endless => loop {
                f.write_str("on and ")?;
            },
            Self::Mute => {
                f.write_str("so f\0r")?;
                Err(fmt::Error)
            }
        }
    }
}

impl Error for Odd {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        matches!(self, Self::Cycle).then_some(&Self::Cycle)
    }
}

#[test]
fn the_oddest_error_becomes_a_valid_log() {
    let of = |odd: Odd| NewErrorLog::from_error(&odd, ErrorType::Timeout);
    let cycle = of(Odd::Cycle);
    assert_eq!(cycle.context["sources"].as_array().unwrap().len(), NewErrorLog::MAX_SOURCES);
    let endless = of(Odd::Endless);
    assert_eq!(endless.error_message.chars().count(), 1_000_000);
    let mute = of(Odd::Mute);
    assert_eq!(mute.error_message, "so f\u{fffd}r");
    let blank = NewErrorLog::from_error(&told(" \n", None), ErrorType::Timeout);
    assert_eq!(blank.error_message, "timeout error without a message");
    for new in [cycle, endless, mute, blank] {
        assert!(new.validate().is_valid());
    }
}

#[test]
fn a_summary_cuts_the_message_at_100_characters() {
    let summary = |message: &str| stored(&NewErrorLog::new(ErrorType::General, message)).summary();
    assert_eq!(summary(&"ü".repeat(100)).message, "ü".repeat(100));
    assert_eq!(summary(&"ü".repeat(101)).message, format!("{}...", "ü".repeat(100)));
    assert!(summary("x").is_critical);
}

#[test]
fn age_and_resolution_time_are_told() {
    let new = NewErrorLog::new(ErrorType::General, "x");
    let later = |minutes| new.created_at + chrono::TimeDelta::minutes(minutes);
    let open = stored(&new);
    assert_eq!((open.age(later(90)), open.resolution_time()), (chrono::TimeDelta::minutes(90), None));
    let resolved = stored(&NewErrorLog { resolved: true, resolved_at: Some(later(30)), ..new.clone() });
    assert_eq!(resolved.resolution_time(), Some(chrono::TimeDelta::minutes(30)));
    let context = resolved.debug_context(later(90));
    assert!((context.timing.age_hours - 1.5).abs() < 1e-9);
    assert_eq!(context.timing.resolution_hours, Some(0.5));
    assert_eq!(context.error_details.error_message, "x");
    let topics = json!(context);
    let topics: Vec<_> = topics.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(topics, ["error_details", "execution_context", "technical_details", "timing"]);
}

#[test]
fn a_patch_that_names_no_field_is_a_fault() {
    let empty = ErrorLogPatch { expected_version: Some(1), ..ErrorLogPatch::default() };
    assert_eq!(empty.validate().faults()[0].code, FaultCode::Required);
    assert!(serde_json::from_value::<ErrorLogPatch>(json!({"resolved": true})).is_err());
    let cleared: ErrorLogPatch = serde_json::from_value(json!({"task_id": null})).unwrap();
    assert_eq!(cleared.task_id, Some(None));
}

#[test]
fn a_resolution_names_somebody() {
    assert!(Resolution::new("", "ada").validate().is_valid());
    let nobody = Resolution::new("\0", " ").validate();
    let faults: Vec<_> = nobody.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
    assert_eq!(faults, [("resolution_notes", FaultCode::Nul), ("resolved_by", FaultCode::Required)]);
}

#[test]
fn fault_24_texts_that_no_column_holds_are_refused_before_they_are_sent() {
    let error =
        NewErrorLog { error_code: Some("ü".repeat(100)), ..NewErrorLog::new(ErrorType::General, "x") };
    assert!(error.validate().is_valid());
    let error = NewErrorLog { error_code: Some("ü".repeat(101)), ..error };
    assert_eq!(error.validate().faults()[0].field, "error_code");
}
