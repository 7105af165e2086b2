//! The example `serve_health` answers on both pages, and ends when it is told to.

#![expect(clippy::unwrap_used, reason = "what a story cannot do without fails it, with the line")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The status line and the body of a page.
fn page(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn both_pages_are_served_and_sigterm_ends_it_in_order() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_serve_health"));
    program.arg("127.0.0.1:0").env_remove("DATABASE_URL").stdout(Stdio::piped());
    let mut running = Running(program.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on http://").unwrap().to_owned();

    let (status, body) = page(&address, "/health");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let health: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&health["status"], &health["connected"]), (&"healthy".into(), &true.into()), "{body}");
    assert_eq!(health["migrations"]["pending"], serde_json::json!([]));

    let (status, body) = page(&address, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for line in [
        "# TYPE db_client_operation_duration_seconds histogram",
        "db_operation_name=\"create\"",
        "db_collection_name=\"tasks\"",
        "# HELP db_client_connection_wait_time_seconds How long",
        "db_client_connection_count{",
        "taskmaster_db_up{",
        "taskmaster_db_migrations_pending{",
    ] {
        assert!(body.contains(line), "no {line:?} in {body}");
    }

    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(lines.next().unwrap().unwrap(), "ended: 0 calls were cut");
    assert!(running.0.wait().unwrap().success());
}
