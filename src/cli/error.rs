//! What went wrong, for a person: the causes in one line each, then what to do. And the exit code for scripts.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::admin::{ClientError, OperationError, Refusal};
use crate::config::ConfigError;

/// An error of the command line.
#[derive(Debug)]
pub(super) struct CliError {
    causes: Vec<String>,
    hint: Option<String>,
    code: u8,
}

impl CliError {
    /// It was tried and failed.
    pub(super) fn failed(what: impl Into<String>, source: impl Error) -> Self {
        let mut causes = vec![what.into()];
        causes.extend(chain(&source));
        Self { causes, hint: None, code: 1 }
    }

    /// It was done, and what it should prove isn't so.
    pub(super) fn unproven(what: impl Into<String>) -> Self {
        Self { causes: vec![what.into()], hint: None, code: 1 }
    }

    /// It was refused, with the reason.
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self { causes: vec![reason.into()], hint: None, code: 3 }
    }

    /// What to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    pub(super) fn print(&self) {
        let mut out = std::io::stderr().lock();
        // Nobody may be listening; there is nobody to tell that either.
        let _ = write!(out, "{self}");
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut causes = self.causes.iter();
        writeln!(out, "error: {}", causes.next().map_or("unknown", String::as_str))?;
        for cause in causes {
            writeln!(out, "  because: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(out, "  hint: {hint}")?;
        }
        Ok(())
    }
}

/// An error and everything under it.
pub(super) fn chain(error: &dyn Error) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        causes.push(source.to_string());
        next = source.source();
    }
    causes
}

impl From<OperationError> for CliError {
    fn from(error: OperationError) -> Self {
        let code = match error.refusal {
            Refusal::Invalid | Refusal::NotNow | Refusal::Busy => 3,
            Refusal::Failed => 1,
        };
        Self { causes: vec![error.message], hint: error.hint, code }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refused) => refused.into(),
            ClientError::Garbled { .. } => {
                let hint = "are `bascule` here and the running one of the same version?";
                Self { causes: chain(&error), hint: Some(hint.into()), code: 1 }
            }
            ClientError::Unreachable { .. } => {
                let hint = "start it with `bascule run`, or name the socket of a running one with --socket";
                Self { causes: chain(&error), hint: Some(hint.into()), code: 4 }
            }
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        let hint = match &error {
            ConfigError::Unreadable { .. } => {
                "name the file with --config; proxy.toml at the root of Bascule's repository documents every key"
            }
            ConfigError::Invalid { .. } => "proxy.toml at the root of Bascule's repository documents every key",
        };
        Self { causes: chain(&error), hint: Some(hint.into()), code: 5 }
    }
}
