//! `postgres://` URLs, as libpq reads them, with all hosts and the parameters that have a setting here.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    ClientCertificate, DatabaseConfig, Host, RootCertificates, SslMode, TlsVersion, url_options,
    url_part::Part,
};

const FORM: &str = "cannot be read; write it as postgres://user:password@host:5432/database";
const ENCODE: &str =
    "has an @, a / or a ? too many; write those of a user and a password as %40, %2F and %3F";

/// The parameters of a URL, and their settings.
const PARAMETERS: [(&str, &str); 15] = [
    ("host", "host"),
    ("port", "port"),
    ("user", "user"),
    ("password", "password"),
    ("dbname", "name"),
    ("sslmode", "tls.mode"),
    ("sslrootcert", "tls.root_certificates"),
    ("sslcert", "tls.client_certificate"),
    ("sslkey", "tls.client_key"),
    ("ssl_min_protocol_version", "tls.min_version"),
    ("target_session_attrs", "target_session_attrs"),
    ("application_name", "application_name"),
    ("connect_timeout", "pool.connect_timeout"),
    ("options", "options"),
    ("passfile", "passfile"),
];

/// The parts of a URL, or what is wrong with it. What is wrong never quotes the URL: it may hold a password, and one with an `@`
/// or a `/` in it may be anywhere in it.
pub(super) fn parse(url: &str) -> Result<Vec<Part>, Vec<String>> {
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| vec![FORM.to_owned()])?;
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, database) =
        rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let (login, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
    let parameters = query.unwrap_or_default();
    if login.unwrap_or_default().contains('@') || database.contains(['@', '/']) || parameters.contains('@') {
        return Err(vec![ENCODE.to_owned()]);
    }

    let mut parsed = Parsed::default();
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        parsed.text("user", "the user", user);
        parsed.text("password", "the password", password.unwrap_or_default());
    }
    parsed.text("name", "the database", database);
    parsed.hosts(hosts);
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        parsed.parameter(parameter);
    }
    parsed.imply_ports();
    if parsed.faults.is_empty() { Ok(parsed.parts) } else { Err(parsed.faults) }
}

#[derive(Default)]
struct Parsed {
    parts: Vec<Part>,
    faults: Vec<String>,
}

impl Parsed {
    /// A part of the address, percent-encoded.
    fn text(&mut self, key: &'static str, what: &str, encoded: &str) {
        match decode(encoded) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.parts.push(Part::new(key, None, text)),
            Err(reason) => self.faults.push(format!("{what} {reason}")),
        }
    }

    /// Hosts with their ports, as `a:5432,b,[::1]:5433`.
    fn hosts(&mut self, hosts: &str) {
        if hosts.is_empty() {
            return;
        }
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((address, "")) => (address, ""),
                Some((address, port)) => (address, port.strip_prefix(':').unwrap_or("?")),
                None => host.split_once(':').unwrap_or((host, "")),
            };
            match decode(name) {
                Ok(name) => names.push(name),
                Err(reason) => self.faults.push(format!("a host {reason}")),
            }
            ports.push(port);
        }
        if names.iter().any(|name| !name.is_empty()) {
            self.parts.push(Part::new("host", None, names));
        }
        if ports.iter().any(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
            self.faults
                .push(format!("has a port that is none from 1 to 65535, or {}", &ENCODE["has ".len()..]));
        } else if ports.iter().any(|port| !port.is_empty()) {
            let ports: Vec<String> =
                ports.iter().map(|port| if port.is_empty() { "5432" } else { port }.to_owned()).collect();
            self.parts.push(Part::new("port", None, ports));
        }
    }

    fn parameter(&mut self, parameter: &str) {
        let Some((name, encoded)) = parameter.split_once('=') else {
            self.faults.push("has a parameter without a value; write name=value after the ?".to_owned());
            return;
        };
        // What is no word may be the rest of a password with a ? in it.
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        {
            self.faults.push("has something after the ? that is no parameter; write name=value".to_owned());
            return;
        }
        let known = PARAMETERS.iter().find(|(known, _)| *known == name);
        let value = decode(encoded);
        match (known, value) {
            (Some(_), Err(reason)) => self.faults.push(format!("the parameter {name} {reason}")),
            (None, _) => {
                let suggestion = super::suggestion(name, PARAMETERS.iter().map(|(known, _)| *known));
                self.faults
                    .push(format!("has the parameter {name}, which is not supported here{suggestion}"));
            }
            (Some(("passfile", _)), Ok(_)) => {
                self.faults.push("has the parameter passfile; set PGPASSFILE instead".to_owned());
            }
            (Some(("options", _)), Ok(value)) => match url_options::parse(&value) {
                Ok(parts) => parts.into_iter().for_each(|part| self.put(part)),
                Err(reasons) => self.faults.extend(reasons),
            },
            (Some((_, key)), Ok(value)) => match *key {
                // An encoded comma belongs to a name, as of the directory of a socket.
                "host" => {
                    let names: Result<Vec<String>, _> = encoded.split(',').map(decode).collect();
                    self.put(Part::new("host", Some(name), names.unwrap_or_default()));
                }
                "pool.connect_timeout" => match value.parse::<u32>() {
                    Ok(seconds) => self.put(Part::new(key, Some(name), format!("{seconds}s"))),
                    Err(_) => {
                        self.faults.push("the parameter connect_timeout is no number of seconds".to_owned());
                    }
                },
                key => self.put(Part::new(key, Some(name), value)),
            },
        }
    }

    /// A parameter goes before what the address says, as in libpq.
    fn put(&mut self, part: Part) {
        if part.parameter.is_some()
            && self.parts.iter().any(|said| said.key == part.key && said.parameter.is_some())
        {
            let name = part.parameter.as_deref().unwrap_or_default();
            self.faults.push(format!("has the parameter {name} twice"));
            return;
        }
        self.parts.retain(|said| said.key != part.key);
        self.parts.push(part);
    }

    /// Hosts without a port have the usual one, whatever the layers below say of other hosts.
    fn imply_ports(&mut self) {
        let has = |key| self.parts.iter().any(|part: &Part| part.key == key);
        if has("host") && !has("port") {
            self.parts.push(Part { implied: true, ..Part::new("port", None, "5432") });
        }
    }
}

/// What a percent-encoded text says.
fn decode(encoded: &str) -> Result<String, &'static str> {
    let hex = |at: usize| encoded.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    if encoded.match_indices('%').any(|(at, _)| !hex(at + 1) || !hex(at + 2)) {
        return Err("has a % that no two hexadecimal digits follow; write % as %25");
    }
    match percent_decode_str(encoded).decode_utf8() {
        Ok(text) if text.contains('\0') => Err("has a zero byte in it"),
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err("is not valid UTF-8 when it is decoded"),
    }
}

/// What needs no encoding anywhere in a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

impl DatabaseConfig {
    /// The URL of this database, with the password, for programs that take nothing else, such as `migrate`. It says who logs in
    /// where, how the connection is encrypted and in which schema; the rest is this program's.
    #[must_use]
    pub fn to_url(&self) -> SecretString {
        let mut url = format!("postgres://{}", encode(&self.user));
        if let Some(password) = &self.password {
            let _ = write!(url, ":{}", encode(password.expose_secret()));
        }
        let mut parameters = Vec::new();
        let addresses = if self.hosts.iter().any(Host::is_socket) {
            parameters.push(format!("host={}", join(&self.hosts, |host| encode(&host.name).to_string())));
            parameters.push(format!("port={}", join(&self.hosts, |host| host.port.to_string())));
            // Some take no URL without a host. The parameter goes before it.
            "localhost".to_owned()
        } else {
            join(&self.hosts, address)
        };
        let _ = write!(url, "@{addresses}/");
        // Readers of URLs take these two for steps of a path, however they are written.
        if matches!(self.database.as_str(), "." | "..") {
            parameters.push(format!("dbname={}", self.database));
        } else {
            url.push_str(&encode(&self.database).to_string());
        }
        let mode = self.hosts.iter().map(|host| self.ssl_mode(host)).max().unwrap_or(SslMode::VerifyFull);
        parameters.push(format!("sslmode={}", mode.as_str()));
        match &self.tls.root_certificates {
            // With a weaker mode they say nothing, and are refused.
            Some(RootCertificates::System) if mode == SslMode::VerifyFull => {
                parameters.push("sslrootcert=system".to_owned());
            }
            Some(RootCertificates::File(file)) => {
                parameters.push(format!("sslrootcert={}", encode(&file.to_string_lossy())));
            }
            Some(RootCertificates::System) | None => {}
        }
        if self.tls.min_version == TlsVersion::Tls13 {
            parameters.push("ssl_min_protocol_version=TLSv1.3".to_owned());
        }
        if let Some(ClientCertificate { certificate, key }) = &self.tls.client {
            parameters.push(format!("sslcert={}", encode(&certificate.to_string_lossy())));
            parameters.push(format!("sslkey={}", encode(&key.to_string_lossy())));
        }
        if let Some(schema) = &self.schema {
            parameters.push(format!("options={}", encode(&url_options::search_path(schema))));
        }
        let _ = write!(url, "?{}", parameters.join("&"));
        url.into()
    }
}

fn join(hosts: &[Host], text: impl Fn(&Host) -> String) -> String {
    hosts.iter().map(text).collect::<Vec<_>>().join(",")
}

fn address(host: &Host) -> String {
    let name =
        if host.name.contains(':') { format!("[{}]", host.name) } else { encode(&host.name).to_string() };
    format!("{name}:{}", host.port)
}
