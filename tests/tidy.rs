//! The house rules that a compiler doesn't know: which room may use which, where a library may be seen, how large a
//! file may grow, what must not be written. ARCHITECTURE.md explains them; an exception stands here with its reason.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may use besides itself, ground floor first. A room that isn't here may not exist.
const ROOMS: &[(&str, &[&str])] = &[
    // Ground floor: pure.
    ("position", &[]),
    ("value", &[]),
    ("wire", &["value"]),
    ("schema", &["value", "wire"]),
    ("sql", &["schema", "value", "wire"]),
    ("binlog", &["position", "schema", "wire"]),
    ("change", &["binlog", "position", "schema", "sql", "value"]),
    ("config", &[]),
    ("observe", GROUND),
    ("unix", &[]),
    // First floor: the two databases and the durable facts.
    ("target", FIRST),
    ("source", FIRST),
    ("store", FIRST),
    // Second floor: engines, which don't know each other.
    ("route", ENGINES),
    ("capture", ENGINES),
    ("replicate", ENGINES),
    ("verify", ENGINES),
    // What the start and the flip would do, for them and for whoever asks beforehand.
    ("convert", ENGINES),
    ("assess", &["convert", GROUND_FLOOR, FIRST_FLOOR]),
    // Third floor: the doors and the decision.
    ("frontend", &["capture", "route", GROUND_FLOOR, FIRST_FLOOR]),
    ("cutover", &["route", "capture", "replicate", "verify", "convert", GROUND_FLOOR, FIRST_FLOOR]),
    ("admin", &["cutover", "observe", "route", "unix"]),
    // Assembly, the command line, the try-out.
    ("app", EVERYTHING),
    ("cli", EVERYTHING),
    ("demo", EVERYTHING),
    ("sandbox", &[]),
];

const GROUND_FLOOR: &str = "(ground floor)";
const FIRST_FLOOR: &str = "(first floor)";
const GROUND: &[&str] = &[GROUND_FLOOR];
const FIRST: &[&str] = &[GROUND_FLOOR, FIRST_FLOOR];
const ENGINES: &[&str] = &[GROUND_FLOOR, FIRST_FLOOR];
const EVERYTHING: &[&str] = &["(everything)"];

const GROUND_ROOMS: &[&str] = &["position", "wire", "value", "schema", "sql", "binlog", "change", "config"];
const FIRST_ROOMS: &[&str] = &["target", "source", "store", "observe", "unix"];

/// Libraries that only some rooms may see, so that their types don't spread.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("sqlparser", &["sql"]),
    ("tokio_postgres", &["target", "store"]),
    ("postgres_protocol", &["target", "store"]),
    // The decision and the assessment only hold and close connections that the source made.
    ("mysql_async", &["source", "demo", "cutover", "assess"]),
    ("axum", &["admin"]),
    ("hyper", &["admin"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli", "demo"]),
    ("indicatif", &["sandbox", "demo", "cli"]),
    // The frontend keeps the rows of cursors in files without a name, the binary log's reader those of large transactions.
    ("tempfile", &["sandbox", "demo", "frontend", "source"]),
];

/// Imports that break the rules above, each with its reason. The list is exact: one that is no longer needed fails.
const IMPORT_EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("src/store/facts.rs", "route", "the mode is kept in the words of the room that acts on it"),
    ("src/store/mod.rs", "route", "the mode is kept in the words of the room that acts on it"),
];

/// Files of more than 600 lines, each with its reason. Exact as well.
const LARGE_FILES: &[(&str, &str)] = &[];

const QUESTION_LINES: usize = 600;
const MOST_LINES: usize = 1_000;

/// What must not stand in the code, where it may all the same, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("println!(", &[], "answers go through the command line's output, messages through tracing"),
    ("print!(", &[], "answers go through the command line's output, messages through tracing"),
    ("dbg!(", &[], "a tool for the moment"),
    ("todo!(", &[], "what isn't there is left out of the interface"),
    ("unimplemented!(", &[], "what isn't there is left out of the interface"),
    ("unbounded_channel", &[], "every queue has a limit"),
    ("#[ignore]", &[], "a test runs or doesn't exist"),
    ("#[should_panic]", &[], "errors are values"),
    ("static mut ", &[], "no process-wide mutable state"),
];

/// One file below the repository's root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room of `src/room/…` or `src/room.rs`.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let room = inside.split('/').next()?;
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (!matches!(room, "lib" | "main")).then_some(room)
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// The lines of code: without comments, and without the tests at the end of a file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let product = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = product.lines().enumerate().map(|(number, line)| (number + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Every `crate::room` that is named, with its line. Groups (`use crate::{a, b}`) aren't used in this house.
    fn imports(&self) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        for (number, line) in self.code() {
            for (at, _) in line.match_indices("crate::") {
                let rest = line.get(at + "crate::".len()..).unwrap_or_default();
                let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(rest.len());
                found.push((number, rest.get(..end).unwrap_or_default()));
            }
        }
        found
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files with one of the endings, below the named folders or files of the root.
fn sources(places: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut open: Vec<PathBuf> = places.iter().map(|place| root().join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("a readable folder").flatten().map(|entry| entry.path()));
        } else if path.is_file() && endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            let text = fs::read_to_string(&path).expect("a readable file");
            let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            found.push(Source { path, text });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn code() -> Vec<Source> {
    sources(&["src"], &[".rs"])
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn may_use(room: &str, other: &str) -> bool {
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else { return false };
    room == other
        || allowed.contains(&other)
        || allowed == &EVERYTHING
        || (allowed.contains(&GROUND_FLOOR) && GROUND_ROOMS.contains(&other))
        || (allowed.contains(&FIRST_FLOOR) && FIRST_ROOMS.contains(&other))
}

#[test]
fn imports_point_downwards() {
    let mut problems = Vec::new();
    let mut used = Vec::new();
    for source in code() {
        let Some(room) = source.room().map(str::to_owned) else { continue };
        if !ROOMS.iter().any(|(name, _)| *name == room) {
            problems.push(format!("{}: the room `{room}` isn't on the plan", source.path));
        }
        for (line, other) in source.imports() {
            if source.is_test() || other.is_empty() || may_use(&room, other) {
                continue;
            }
            match IMPORT_EXCEPTIONS.iter().find(|(path, to, _)| *path == source.path && *to == other) {
                Some(exception) => used.push(*exception),
                None => problems.push(format!("{}:{line}: `{room}` may not use `{other}`", source.path)),
            }
        }
    }
    for exception in IMPORT_EXCEPTIONS.iter().filter(|exception| !used.contains(exception)) {
        problems.push(format!("{} no longer uses `{}`: remove the exception", exception.0, exception.1));
    }
    assert_none(&problems);
}

#[test]
fn libraries_stay_in_their_rooms() {
    let mut problems = Vec::new();
    for source in code().iter().filter(|source| !source.is_test()) {
        let Some(room) = source.room() else { continue };
        for (library, rooms) in LIBRARIES {
            let path = format!("{library}::");
            let named = |line: &str| {
                let before = line.find(&path).map(|at| line.get(..at).unwrap_or_default());
                before.is_some_and(|before| !before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
            };
            if let Some((line, _)) = source.code().find(|(_, line)| named(line) && !rooms.contains(&room)) {
                problems.push(format!("{}:{line}: {library} belongs to {}", source.path, rooms.join(", ")));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_ground_floor_has_no_sockets_and_no_clock() {
    let mut problems = Vec::new();
    for source in code().iter().filter(|source| !source.is_test()) {
        if !source.room().is_some_and(|room| GROUND_ROOMS.contains(&room)) {
            continue;
        }
        for (line, text) in source.code() {
            let found = ["tokio::", "std::net::Tcp", "Instant::now", "SystemTime::now", "thread_rng", "rand::"];
            if let Some(word) = found.iter().find(|word| text.contains(**word)) {
                problems.push(format!("{}:{line}: `{word}` on the ground floor", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn only_cutover_holds_the_right_to_change_the_mode() {
    let mut problems = Vec::new();
    for source in code().iter().filter(|source| !source.is_test()) {
        let Some(room) = source.room().filter(|room| !matches!(*room, "route" | "cutover")) else { continue };
        for (line, text) in source.code() {
            let imports = text.contains("crate::route::") && text.contains("Control");
            if imports || text.contains("route::Control") {
                problems.push(format!("{}:{line}: `{room}` holds route::Control", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn matches_in_the_rooms_that_decide_name_every_case() {
    // Numbers can't be listed; a match on one ends with `_`.
    let numbers = ["src/route/mod.rs"];
    let mut problems = Vec::new();
    for source in code().iter().filter(|source| !source.is_test() && !numbers.contains(&source.path.as_str())) {
        if matches!(source.room(), Some("route" | "cutover")) {
            for (line, _) in source.code().filter(|(_, line)| line.trim_start().starts_with("_ =>")) {
                problems.push(format!("{}:{line}: a `_` arm hides the case that comes next year", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn files_keep_a_readable_size() {
    let mut problems = Vec::new();
    let mut large = Vec::new();
    for source in sources(&["src", "tests", "benches"], &[".rs"]) {
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            problems.push(format!("{}: {lines} lines, at most {MOST_LINES}", source.path));
        } else if lines > QUESTION_LINES {
            if !LARGE_FILES.iter().any(|(path, _)| *path == source.path) {
                problems.push(format!("{}: {lines} lines; split it, or list it here with a reason", source.path));
            }
            large.push(source.path);
        }
    }
    for (path, _) in LARGE_FILES.iter().filter(|(path, _)| !large.iter().any(|found| found == path)) {
        problems.push(format!("{path} is small again: remove it from the list"));
    }
    assert_none(&problems);
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = sources(&["src", "tests", "benches"], &[".rs"]);
    let silent = files.iter().filter(|source| !source.path.ends_with("/tests.rs") && !source.text.starts_with("//!"));
    assert_none(&silent.map(|source| format!("{}: begins without //!", source.path)).collect::<Vec<_>>());
}

#[test]
fn nothing_forbidden_is_written() {
    let mut problems = Vec::new();
    for source in code() {
        for (word, places, reason) in FORBIDDEN {
            if places.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            let named = |line: &str| {
                let before = line.find(word).map(|at| line.get(..at).unwrap_or_default());
                before.is_some_and(|before| !before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
            };
            for (line, _) in source.code().filter(|(_, line)| named(line)) {
                problems.push(format!("{}:{line}: `{word}`: {reason}", source.path));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn nothing_names_somebodys_machine() {
    let places =
        ["src", "tests", "benches", "docs", "docker", ".ci", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    let more = ["CHANGELOG.md", "Cargo.toml", "proxy.toml", "deny.toml", "clippy.toml"];
    let endings = ["", ".rs"];
    let mut problems = Vec::new();
    // Put together here, so that this file doesn't name them either.
    let homes = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    for source in sources(&[&places[..], &more[..]].concat(), &endings) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(home) = homes.iter().find(|home| line.contains(home.as_str())) {
                problems.push(format!("{}:{}: a path of one machine: {home}", source.path, number + 1));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_architecture_has_a_paragraph_for_every_room() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut problems = Vec::new();
    for (room, _) in ROOMS {
        let exists = root().join(format!("src/{room}")).is_dir() || root().join(format!("src/{room}.rs")).is_file();
        let described = text.contains(&format!("**`{room}`**"));
        if exists != described {
            problems.push(format!("`{room}`: exists {exists}, described in ARCHITECTURE.md {described}"));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_metric_is_explained_to_the_operator() {
    let text = fs::read_to_string(root().join("docs/operating.md")).expect("docs/operating.md");
    let metrics = fs::read_to_string(root().join("src/observe/metrics.rs")).expect("metrics.rs");
    let names = metrics.split('"').filter(|word| word.starts_with("bascule_") && !word.contains(' '));
    let silent =
        names.filter(|name| !text.contains(&format!("`{name}`")) && !text.contains(&format!("`{name}_total`")));
    assert_none(&silent.map(|name| format!("docs/operating.md doesn't explain {name}")).collect::<Vec<_>>());
}

/// The names of what the product depends on, as a lock file has them.
fn locked(path: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).expect("a lock file");
    let product =
        text.split("[[package]]").find(|package| package.contains("\nname = \"bascule\"\n")).expect("bascule");
    let names = product.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
    // Behind a name stands its version, where there are several.
    names.filter_map(|name| Some(name.split(' ').next()?.to_owned())).collect()
}

#[test]
fn the_fuzz_crate_locks_what_the_product_needs() {
    // What only the product's own tests and benches need.
    let tests = ["criterion", "proptest"];
    let mut product = locked("Cargo.lock");
    product.retain(|name| !tests.contains(&name.as_str()));
    assert_eq!(locked("fuzz/Cargo.lock"), product, "run `cargo check` in fuzz/ and commit its Cargo.lock");
}
