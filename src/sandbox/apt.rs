//! Packages without installing them: a private apt configuration, its own lists and archives, `dpkg -x` into a folder.
//!
//! The mirror is the machine's own, read from its apt sources: whatever stands there is what the machine's owner wants
//! to be used. Nothing of the system's package state is read for writing, locked or changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::SandboxError;
use super::process::output;

/// One line of apt's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) uri: String,
    pub(super) suite: String,
    pub(super) components: Vec<String>,
    /// The keyring that signs it, when one is named.
    pub(super) signed_by: Option<String>,
}

impl Origin {
    /// The one-line form.
    fn line(&self) -> String {
        let option = self.signed_by.as_ref().map(|key| format!("[signed-by={key}] ")).unwrap_or_default();
        format!("deb {option}{} {} {}\n", self.uri, self.suite, self.components.join(" "))
    }
}

/// The machine's own package sources of the distribution, in the order of the files.
pub(super) fn origins() -> Vec<Origin> {
    let mut found = Vec::new();
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => found.extend(stanzas(&text)),
            Some("list") => found.extend(text.lines().filter_map(one_line)),
            Some(_) | None => {}
        }
    }
    found
}

/// `deb [options] uri suite component…`
fn one_line(line: &str) -> Option<Origin> {
    let line = line.split('#').next()?.trim();
    let mut rest = line.strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let mut signed_by = None;
    if let Some(inside) = rest.strip_prefix('[') {
        let (options, after) = inside.split_once(']')?;
        signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")).map(str::to_owned);
        rest = after;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Origin { uri: words.next()?, suite: words.next()?, components: words.collect(), signed_by })
}

/// The deb822 form: stanzas of `Key: value` with continuation lines.
fn stanzas(text: &str) -> Vec<Origin> {
    let mut found = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            found.extend(stanza(&std::mem::take(&mut fields)));
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

fn stanza(fields: &[(String, String)]) -> Vec<Origin> {
    let get = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let binary = get("types").split_whitespace().any(|kind| kind == "deb");
    if !binary || get("enabled").eq_ignore_ascii_case("no") {
        return Vec::new();
    }
    // A key written out in the stanza itself spans lines and has no short form; such a source is not used.
    let signed_by = Some(get("signed-by").to_owned()).filter(|key| key.starts_with('/'));
    let mut found = Vec::new();
    for uri in get("uris").split_whitespace() {
        for suite in get("suites").split_whitespace() {
            let components = get("components").split_whitespace().map(str::to_owned).collect();
            found.push(Origin { uri: uri.into(), suite: suite.into(), components, signed_by: signed_by.clone() });
        }
    }
    found
}

/// What the machine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// `debian`, `ubuntu`, …
    pub(super) id: String,
    /// `bookworm`, `noble`, …
    pub(super) codename: String,
}

/// Reads `/etc/os-release`.
pub(super) fn release() -> Release {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let get = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default().trim_matches('"').to_owned()
    };
    Release { id: get("ID"), codename: get("VERSION_CODENAME") }
}

/// The packages' own folder of settings, lists and archives.
pub(super) struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// A private apt in `folder` over `origins`. With `fresh_system`, nothing counts as installed, so every library
    /// is fetched too; otherwise only what this machine lacks.
    pub(super) fn new(folder: &Path, origins: &[Origin], system: Installed) -> Result<Self, SandboxError> {
        let make = |name: &str| {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(SandboxError::file("create", path))
        };
        make("lists/partial")?;
        make("cache/archives/partial")?;
        let list = folder.join("sources.list");
        let text: String = origins.iter().map(Origin::line).collect();
        fs::write(&list, text).map_err(SandboxError::file("write", &list))?;
        let mut options = vec![
            format!("Dir::Etc::SourceList={}", list.display()),
            "Dir::Etc::SourceParts=/dev/null".into(),
            format!("Dir::State::Lists={}", folder.join("lists").display()),
            format!("Dir::Cache={}", folder.join("cache").display()),
            "Debug::NoLocking=1".into(),
            "APT::Sandbox::User=".into(),
            "APT::Update::Post-Invoke::=true".into(),
        ];
        if let (Installed::Nothing, Some(first)) = (system, origins.first()) {
            let status = folder.join("status");
            fs::write(&status, "").map_err(SandboxError::file("write", &status))?;
            options.push(format!("Dir::State::status={}", status.display()));
            options.push(format!("APT::Default-Release={}", first.suite));
        }
        Ok(Self { folder: folder.to_owned(), options })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in &self.options {
            command.args(["-o", option]);
        }
        command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command
    }

    /// Reads the package lists.
    pub(super) fn update(&self) -> Result<(), SandboxError> {
        output(self.command("apt-get").arg("update")).map(drop)
    }

    /// What a package depends on, by name.
    pub(super) fn depends(&self, package: &str) -> Result<Vec<String>, SandboxError> {
        let text = output(self.command("apt-cache").args(["depends", package]))?;
        Ok(text.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned).collect())
    }

    /// Downloads one package without what it needs.
    pub(super) fn alone(&self, package: &str) -> Result<Vec<PathBuf>, SandboxError> {
        let folder = self.folder.join("alone").join(package);
        fs::create_dir_all(&folder).map_err(SandboxError::file("create", &folder))?;
        output(self.command("apt-get").args(["download", package]).current_dir(&folder))?;
        let entries = fs::read_dir(&folder).map_err(SandboxError::file("read", &folder))?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    }

    /// Downloads `packages` with what they need, showing progress.
    pub(super) fn download(&self, packages: &[&str], title: &str) -> Result<Vec<PathBuf>, SandboxError> {
        let install = ["--no-install-recommends", "-y", "--reinstall", "install"];
        let wanted = output(self.command("apt-get").arg("--print-uris").args(install).args(packages))?;
        let total: u64 = wanted.lines().filter_map(uri_size).sum();
        let mut command = self.command("apt-get");
        command.arg("--download-only").args(install).args(packages).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |detail: String| SandboxError::Program { program: "apt-get".into(), detail };
        let child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let archives = self.folder.join("cache/archives");
        let ended = watch(child, &archives, title, total)?;
        if !ended.status.success() {
            return Err(failed(String::from_utf8_lossy(&ended.stderr).trim().to_owned()));
        }
        let entries = fs::read_dir(&archives).map_err(SandboxError::file("read", &archives))?;
        let files = entries.flatten().map(|entry| entry.path());
        Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
    }
}

/// What counts as installed when apt works out what to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Installed {
    /// Nothing: the result runs on its own libraries.
    Nothing,
    /// What the machine has.
    System,
}

/// Shows a bar until the download ends.
fn watch(mut child: Child, archives: &Path, title: &str, total: u64) -> Result<std::process::Output, SandboxError> {
    let template = "{msg} [{bar:32}] {bytes}/{total_bytes} {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("=> ");
    let bar = ProgressBar::new(total).with_style(style).with_message(title.to_owned());
    while let Ok(None) = child.try_wait() {
        bar.set_position(folder_size(archives) + folder_size(&archives.join("partial")));
        std::thread::sleep(Duration::from_millis(100));
    }
    bar.finish_and_clear();
    child
        .wait_with_output()
        .map_err(|error| SandboxError::Program { program: "apt-get".into(), detail: error.to_string() })
}

fn folder_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|data| data.len()).sum()
}

/// The size in a line of `--print-uris`: `'uri' file size hash`.
fn uri_size(line: &str) -> Option<u64> {
    line.strip_prefix('\'')?.split_whitespace().nth(2)?.parse().ok()
}

/// Extracts archives into `folder`, except those whose file name `skip` names.
pub(super) fn extract(archives: &[PathBuf], folder: &Path, skip: fn(&str) -> bool) -> Result<(), SandboxError> {
    for archive in archives {
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        if !skip(&name) {
            output(Command::new("dpkg").arg("-x").arg(archive).arg(folder).stdin(Stdio::null()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_sources_are_read() {
        let text = "# comment\nTypes: deb deb-src\nURIs: http://one.example/debian\nSuites: stable\n stable-updates\n\
                    Components: main contrib\nSigned-By: /usr/share/keyrings/k.gpg\n\nTypes: deb\nEnabled: no\n\
                    URIs: http://two.example\nSuites: x\nComponents: y\n";
        let found = stanzas(text);
        assert_eq!(found.iter().map(|origin| origin.suite.as_str()).collect::<Vec<_>>(), ["stable", "stable-updates"]);
        assert_eq!(
            found.first().map(Origin::line).as_deref(),
            Some("deb [signed-by=/usr/share/keyrings/k.gpg] http://one.example/debian stable main contrib\n")
        );
        let line = "deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian stable main # c";
        let origin = one_line(line).expect("a source");
        assert_eq!((origin.uri.as_str(), origin.signed_by.as_deref()), ("http://one.example/debian", Some("/k.gpg")));
        assert_eq!(one_line("deb-src http://one.example stable main"), None);
        assert_eq!(one_line("# deb http://one.example stable main"), None);
    }

    #[test]
    fn sizes_are_read_from_print_uris() {
        assert_eq!(uri_size("'http://x/a.deb' a.deb 1234 SHA256:00"), Some(1234));
        assert_eq!(uri_size("Reading package lists..."), None);
    }
}
