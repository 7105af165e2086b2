//! Loading: defaults, then a file, then the environment, then the program.

use std::{ffi::OsString, fs, path::PathBuf};

use secrecy::SecretString;

use super::{
    ClientCertificate, ConfigError, DatabaseConfig, Host, ReplicaConfig, RootCertificates, SslMode, Target,
    TimeoutConfig, check,
    environment::Environment,
    error::ConfigFault,
    file,
    layer::{self, Layer},
    pgpass,
    reader::{self, Reader},
    settings, suggestion, tls,
};

/// Loads a [`DatabaseConfig`]: defaults, over them the table `[database]` of a file, over it the environment, over it what the
/// program says.
#[derive(Clone)]
#[must_use]
pub struct ConfigLoader {
    file: WhichFile,
    environment: Environment,
    code: Vec<(String, String, String)>,
    timeouts: TimeoutConfig,
}

#[derive(Clone, Debug)]
enum WhichFile {
    None,
    IfThere,
    Named(PathBuf),
}

// The environment and the program's values may be passwords.
impl std::fmt::Debug for ConfigLoader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigLoader").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Default for ConfigLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl ConfigLoader {
    /// From `taskmaster.toml` in the working directory, if it is there, and the environment of this process.
    pub fn new() -> Self {
        let environment = settings::process_environment().into_iter().collect();
        Self { file: WhichFile::IfThere, environment, code: Vec::new(), timeouts: TimeoutConfig::default() }
    }

    /// From this file, which must be there, instead of `taskmaster.toml`.
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = WhichFile::Named(file.into());
        self
    }

    /// From no file.
    pub fn without_file(mut self) -> Self {
        self.file = WhichFile::None;
        self
    }

    /// From these variables instead of those of this process.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.environment = variables.into_iter().collect();
        self
    }

    /// With other limits than usual where neither file nor environment sets one: a chore may take longer than a call of a
    /// service.
    pub fn default_timeouts(mut self, timeouts: TimeoutConfig) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets a value, whatever file and environment say. `key` is that of the file, such as `pool.max`; `source` is what errors
    /// name, such as `--pool-max`.
    pub fn set(mut self, key: &str, value: impl Into<String>, source: &str) -> Self {
        self.code.push((key.to_owned(), value.into(), source.to_owned()));
        self
    }

    /// Loads it.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with where it is from.
    pub fn load(self) -> Result<DatabaseConfig, ConfigError> {
        self.load_or(|| Ok(None)).map(|(config, _)| config)
    }

    /// Loads it, and asks `fallback` for a URL if no source names a database. Returns with it the sources that name the
    /// database and its host, such as `DATABASE_URL (environment)`; of the fallback it is the second value.
    ///
    /// The fallback is asked only if everything else is in order, so that nothing is started for a configuration that
    /// is refused.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with where it is from, and the errors of `fallback`.
    pub fn load_or<E: From<ConfigError>>(
        self,
        fallback: impl FnOnce() -> Result<Option<(String, String)>, E>,
    ) -> Result<(DatabaseConfig, String), E> {
        let (mut faults, mut warnings) = (Vec::new(), Vec::new());
        let file = match &self.file {
            WhichFile::None => Layer::default(),
            WhichFile::IfThere => Self::file_layer(None, &mut faults),
            WhichFile::Named(path) => Self::file_layer(Some(path), &mut faults),
        };
        let environment = self.environment.layer(&mut faults, &mut warnings);
        let mut code = self.code_layer(&mut faults);
        if faults.is_empty()
            && ![&file, &environment, &code].into_iter().any(Layer::names_database)
            && let Some((url, source)) = fallback()?
        {
            code.set("url", &source, url);
        }
        let add_other_words = |layers: &mut [Layer], faults: &mut Vec<_>| {
            if let [file, environment, ..] = layers {
                self.environment.add_other_words(environment, file, faults);
            }
        };
        let values = layer::merge([file, environment, code], add_other_words, &mut faults, &mut warnings);
        let mut reader = Reader::new(values, faults);
        let mut config = DatabaseConfig::new("localhost", "", "");
        config.timeouts = self.timeouts;
        read(&mut reader, &self.environment, &mut warnings, &mut config);
        let [name, host] = ["name", "host"].map(|key| reader.origin(key).map(without_parameter));
        let source = match (name, host) {
            (Some(name), Some(host)) if name != host => format!("{name} and {host}"),
            (name, _) => name.unwrap_or_default(),
        };
        let refused = reader.faulty();
        for (key, reason) in check::faults(&config).into_iter().filter(|(key, _)| !refused.contains(*key)) {
            reader.fault(key, reason);
        }
        if reader.faults.is_empty() {
            warn_of_plaintext(&config, &mut warnings);
        }
        // Before the faults, which may be the consequence of what a warning tells.
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        ConfigError::of(reader.faults)?;
        Ok((config, source))
    }

    fn file_layer(path: Option<&PathBuf>, faults: &mut Vec<ConfigFault>) -> Layer {
        let path = path.map(PathBuf::as_path);
        match file::settings_file(path) {
            Ok(config) => file::layer(&config, &file::name_of(path), faults),
            Err(error) => {
                faults.extend_from_slice(error.faults());
                Layer::default()
            }
        }
    }

    fn code_layer(&self, faults: &mut Vec<ConfigFault>) -> Layer {
        let mut layer = Layer::default();
        for (key, value, source) in &self.code {
            if settings::of_key(key).is_some() {
                layer.set(key, source, value.as_str());
            } else {
                let suggestion = suggestion(key, settings::SETTINGS.iter().map(|setting| setting.key));
                faults.push(ConfigFault::new(
                    key,
                    Some(source),
                    format!("{key} is not a setting{suggestion}"),
                ));
            }
        }
        layer
    }
}

impl DatabaseConfig {
    /// Loads the configuration of this process: defaults, over them the table `[database]` of `taskmaster.toml` in the working
    /// directory, over it the environment. [`ConfigLoader`] can do it in other ways.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with where it is from.
    pub fn load() -> Result<Self, ConfigError> {
        ConfigLoader::new().load()
    }

    /// Reads a URL, with the default of everything else: no file and no variable is read but `~/.pgpass`, if the URL
    /// has no password. `PGOPTIONS` is refused here, too.
    ///
    /// # Errors
    ///
    /// All that is wrong with it. The URL itself is never told, since it may hold a password.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let passfile = settings::process_environment()
            .into_iter()
            .filter(|(name, _)| name == settings::PASSFILE || name == settings::OPTIONS || name == "HOME");
        ConfigLoader::new().without_file().environment(passfile).set("url", url, "the URL").load()
    }
}

/// The source without the parameter of a URL that it begins with, as in `host in DATABASE_URL (environment)`.
fn without_parameter(origin: String) -> String {
    match origin.split_once(" in ") {
        Some((parameter, url)) if !parameter.contains(' ') => url.to_owned(),
        _ => origin,
    }
}

/// Puts the values in their places. What cannot be read is a fault of the reader and keeps its default.
fn read(
    reader: &mut Reader,
    environment: &Environment,
    warnings: &mut Vec<String>,
    config: &mut DatabaseConfig,
) {
    read_server(reader, config);
    read_tls(reader, config);
    let pool = &mut config.pool;
    reader.number("pool.min", &mut pool.min);
    reader.number("pool.max", &mut pool.max);
    reader.duration("pool.acquire_timeout", &mut pool.acquire_timeout);
    reader.duration("pool.connect_timeout", &mut pool.connect_timeout);
    reader.duration("pool.idle_timeout", &mut pool.idle_timeout);
    reader.duration("pool.max_lifetime", &mut pool.max_lifetime);
    reader.duration("pool.leak_threshold", &mut pool.leak_threshold);
    reader.flag("pool.behind_pooler", &mut pool.behind_pooler);
    let timeouts = &mut config.timeouts;
    reader.duration("timeouts.call", &mut timeouts.call);
    reader.duration("timeouts.statement", &mut timeouts.statement);
    reader.duration("timeouts.lock", &mut timeouts.lock);
    reader.duration("timeouts.idle_in_transaction", &mut timeouts.idle_in_transaction);
    let retry = &mut config.retry;
    reader.number("retry.attempts", &mut retry.attempts);
    reader.duration("retry.base_delay", &mut retry.base_delay);
    reader.number("retry.factor", &mut retry.factor);
    reader.duration("retry.max_delay", &mut retry.max_delay);
    let logging = &mut config.logging;
    reader.flag("logging.queries", &mut logging.queries);
    reader.read("logging.pool_stats", &mut logging.pool_stats, |text| match reader::flag(text) {
        Ok(on) => Ok(on.then_some(std::time::Duration::from_mins(1))),
        Err(_) => reader::duration(text).map(Some),
    });
    reader.read("logging.slow_query", &mut logging.slow_query, |text| match text {
        "never" => Ok(None),
        text => reader::duration(text).map(Some),
    });
    reader.flag("logging.slow_query_plan", &mut logging.slow_query_plan);
    reader.duration("health_deadline", &mut config.health_deadline);
    config.allowed_networks = reader.list_of("allowed_networks", reader::parsed);
    read_replica(reader, config);
    read_password(reader, environment, warnings, config);
}

fn read_server(reader: &mut Reader, config: &mut DatabaseConfig) {
    let is_named = ["host", "name", "user"].iter().any(|key| reader.is_set(key));
    let is_url_refused = reader.faulty().contains("url");
    if reader.is_set("host") {
        config.hosts = reader
            .list_of("host", reader::host_name)
            .into_iter()
            .map(|name| Host { name, port: 5432 })
            .collect();
    }
    let ports = reader.list_of("port", reader::port_number);
    let faulty = reader.faulty();
    match ports.as_slice() {
        [] => {}
        [port] => config.hosts.iter_mut().for_each(|host| host.port = *port),
        ports if ports.len() == config.hosts.len() => {
            config.hosts.iter_mut().zip(ports).for_each(|(host, port)| host.port = *port);
        }
        ports if !faulty.contains("host") && !faulty.contains("port") => {
            let reason = format!(
                "has {} ports for {} hosts; give one for each, or one for all",
                ports.len(),
                config.hosts.len()
            );
            reader.fault("port", reason);
        }
        _ => {}
    }
    match (is_named, is_url_refused) {
        (_, true) => {}
        (false, false) => {
            reader.fault("url", "no database is named; set DATABASE_URL, or DB_NAME and DB_USER");
        }
        (true, false) => {
            for (key, hint) in [("name", "DB_NAME"), ("user", "DB_USER")] {
                if !reader.is_set(key) {
                    reader.fault(key, format!("is not set; set {hint}, or name it in the URL"));
                }
            }
        }
    }
    // What has no name here has a fault already, and needs no second one for being empty.
    config.database = reader.exact("name").unwrap_or_else(|| "?".to_owned());
    config.user = reader.exact("user").unwrap_or_else(|| "?".to_owned());
    config.schema = reader.exact("schema");
    reader.read("application_name", &mut config.application_name, |text| Ok(text.to_owned()));
    reader.read("metrics_prefix", &mut config.metrics_prefix, |text| Ok(text.to_owned()));
    let targets = [("any", Target::Any), ("read-write", Target::ReadWrite), ("read-only", Target::ReadOnly)];
    reader.read("target_session_attrs", &mut config.target, |text| reader::one_of(text, &targets));
}

fn read_tls(reader: &mut Reader, config: &mut DatabaseConfig) {
    reader.read("tls.mode", &mut config.tls.mode, |text| match text {
        "allow" => {
            Err("\"allow\" would send the password in clear where TLS is to be had; write prefer".to_owned())
        }
        text => reader::one_of(text, &tls::MODES).map(Some),
    });
    config.tls.root_certificates = reader.path("tls.root_certificates").map(|path| match path.to_str() {
        Some("system") => RootCertificates::System,
        _ => RootCertificates::File(path),
    });
    reader.read("tls.min_version", &mut config.tls.min_version, |text| reader::one_of(text, &tls::VERSIONS));
    match (reader.path("tls.client_certificate"), reader.path("tls.client_key")) {
        (Some(certificate), Some(key)) => config.tls.client = Some(ClientCertificate { certificate, key }),
        (Some(_), None) => {
            reader.fault("tls.client_certificate", "needs its key; set DB_CLIENT_KEY_PATH, too");
        }
        (None, Some(_)) => {
            reader.fault("tls.client_key", "needs its certificate; set DB_CLIENT_CERT_PATH, too");
        }
        (None, None) => {}
    }
}

fn read_replica(reader: &mut Reader, config: &mut DatabaseConfig) {
    let hosts = reader.list_of("replica.hosts", reader::host_and_port);
    let mut replica = ReplicaConfig { hosts, max: 10, max_lag: std::time::Duration::from_secs(10) };
    reader.number("replica.max", &mut replica.max);
    reader.duration("replica.max_lag", &mut replica.max_lag);
    config.replica = Some(replica).filter(|replica| !replica.hosts.is_empty());
}

/// The password, as it is or from a file. If there is none, that of `~/.pgpass`.
fn read_password(
    reader: &mut Reader,
    environment: &Environment,
    warnings: &mut Vec<String>,
    config: &mut DatabaseConfig,
) {
    let mut password = reader.exact("password");
    if let Some(file) = reader.path("password_file") {
        // What is no whole path may be a password in the wrong place, and is not told.
        let name =
            if file.is_absolute() { file.display().to_string() } else { "the file that it names".to_owned() };
        match fs::read_to_string(&file) {
            Ok(text) => {
                let text = text
                    .strip_suffix('\n')
                    .map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
                match text {
                    "" => reader.fault("password_file", format!("{name} is empty")),
                    text => password = Some(text.to_owned()),
                }
            }
            Err(error) => {
                reader.fault("password_file", format!("{name} cannot be read: {error}"));
            }
        }
    }
    if password.is_none() && !reader.is_set("password") && !reader.is_set("password_file") {
        match environment.passfile().map_or(Ok(None), |file| pgpass::read(&file)) {
            Ok(lines) => password = lines.and_then(|lines| password_in(&lines, config, warnings)),
            Err(warning) => warnings.push(warning),
        }
    }
    config.password = password.map(SecretString::from);
}

/// The password that the lines of a file have for all hosts. What is one host's secret is not for another.
fn password_in(lines: &str, config: &DatabaseConfig, warnings: &mut Vec<String>) -> Option<String> {
    let find = |host| pgpass::find(lines, host, &config.database, &config.user);
    let mut found: Vec<Option<String>> = config.hosts.iter().map(find).collect();
    found.dedup();
    if found.len() > 1 {
        let warning = "the file of passwords says other things for some hosts than for others, so no password is taken \
                       from it; set DB_PASSWORD";
        warnings.push(warning.to_owned());
        return None;
    }
    found.pop().flatten()
}

/// What is asked for is done, but said.
fn warn_of_plaintext(config: &DatabaseConfig, warnings: &mut Vec<String>) {
    for host in config.hosts.iter().filter(|host| !host.is_local()) {
        let mode = config.ssl_mode(host);
        if mode <= SslMode::Prefer {
            let (mode, name) = (mode.as_str(), &host.name);
            warnings.push(format!(
                "with {mode}, what is sent to {name} may be read and changed by others on the way"
            ));
        }
    }
}
