//! Every command's document holds what `hub schema` says: all of its keys, on every run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::TestRepo;

use super::{Gate, TASK, worked};

/// The schemas of this `hub`, each asked for once.
struct Schemas<'r> {
    repo: &'r TestRepo,
    known: BTreeMap<String, Value>,
    /// How many documents were held against each.
    used: BTreeMap<String, usize>,
}

impl<'r> Schemas<'r> {
    fn new(repo: &'r TestRepo) -> Self {
        Self {
            repo,
            known: BTreeMap::new(),
            used: BTreeMap::new(),
        }
    }

    fn check(&mut self, name: &str, document: &Value) {
        let schema = self
            .known
            .entry(name.to_owned())
            .or_insert_with(|| self.repo.hub(["schema", name]).json());
        let validator = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [] as [&str; 0], "{name}: {document:#}");
        check_keys(schema, schema, document, name);
        *self.used.entry(name.to_owned()).or_default() += 1;
    }

    /// Runs a command in both forms of JSON where that can be done twice.
    fn answers_twice(&mut self, name: &str, arguments: &[&str]) {
        let long = self.answers(name, arguments, &["--format", "json"]);
        let short = self.answers(name, arguments, &["--json"]);
        assert_eq!(keys(&long), keys(&short), "{arguments:?}");
    }

    /// Runs a command and holds its document against the schema.
    fn answers(&mut self, name: &str, arguments: &[&str], form: &[&str]) -> Value {
        let answer = self.repo.hub(arguments.iter().chain(form)).run();
        let document = answer.json();
        self.check(name, &document);
        document
    }

    /// What there is to choose from, and what of it may be run.
    fn answers_of_settings(&mut self) {
        self.answers_twice("agents", &["agents"]);
        self.answers_twice("trust", &["trust", "--list"]);
        self.answers_twice("security", &["security"]);
        self.answers_twice("templates", &["templates"]);
        self.answers_twice("templates", &["templates", "plain"]);
    }

    /// Posts, and an answer to one.
    fn answers_of_the_board(&mut self) {
        self.answers_twice("board-list", &["board", "list"]);
        let post = ["board", "post", "--author", "ada", "--message", "hello"];
        self.answers("board-post", &post, &["--json"]);
        let reply = [
            "board",
            "reply",
            "progress/1",
            "--author",
            "ada",
            "--message",
            "again",
        ];
        self.answers("board-post", &reply, &["--format", "json"]);
    }

    /// A session that goes to another repository.
    fn answers_of_an_export(&mut self, session: &str) {
        let file = self.repo.root().join("x.hub.tar.gz");
        let file = file.to_str().unwrap();
        let export = ["export", session, "--force", "--output", file];
        self.answers_twice("export", &export);
        let to = TestRepo::new().with_bench();
        let document = to.hub(["import", file, "--json"]).json();
        self.check("import", &document);
    }

    /// Keeps work of agent-1, whose worktree stands, and brings it back.
    fn answers_of_snapshots(&mut self, session: &str) {
        let new = self.repo.worktree(session, "agent-1").join("new");
        self.repo.write(new, "new\n");
        self.repo.hub(["cleanup", session, "--force"]).ok();
        self.answers_twice("snapshots", &["snapshots"]);
        let one = "agent-1/uncommitted";
        self.answers_twice("snapshots-show", &["snapshots", "show", one]);
        self.answers_twice("snapshots-restore", &["snapshots", "restore", one]);
        self.answers_twice("cleanup-dry-run", &["cleanup", session, "--dry-run"]);
        let missing = self.repo.worktree("20200101-000000", "agent-1");
        self.repo.write(missing.join("file"), "theirs\n");
        self.answers_twice("cleanup-all", &["cleanup", "--all"]);
        std::fs::remove_dir_all(missing.parent().unwrap()).unwrap();
        self.repo.hub(["cleanup", session, "--force"]).ok();
        self.answers_twice("undo", &["undo", session]);
        let all = ["snapshots", "expire", "--older-than", "0s", "--yes"];
        self.answers_twice("snapshots-expire", &all);
    }

    /// What every command says that changes nothing.
    fn answers_that_only_tell(&mut self, session: &str) {
        self.answers_twice("status", &["status", session]);
        self.answers_twice("board-list", &["board", "list"]);
        self.answers_twice("board-read", &["board", "read", "progress"]);
        self.answers_twice("board-read", &["board", "read", "results"]);
        self.answers_twice("events", &["events", session]);
        self.answers_twice("events-all", &["events", "--all"]);
        let followed = self.repo.hub(["events", "--all", "--follow", "--json"]);
        self.answers_twice("dag", &["dag", session]);
        self.answers_twice("doctor", &["doctor"]);
        self.answers_twice("metrics", &["metrics"]);
        for line in followed.first_lines(3) {
            self.check("events-follow", &serde_json::from_str(&line).unwrap());
        }
        self.answers_twice("list", &["list"]);
    }

    /// What an agent's run has left changed outside.
    fn answers_outside(&mut self) {
        self.answers_twice("status", &["status", "latest"]);
        let agent = format!("echo evil >{}/evil", self.repo.path().display());
        let run = [
            "run",
            "--task",
            "evil",
            "--agents",
            "1",
            "--yes",
            "--agent-cmd",
        ];
        let run = run.iter().copied().chain([agent.as_str()]);
        self.repo.hub(run).run();
        self.answers_twice("outside", &["outside", "latest"]);
        self.answers_twice("status", &["status", "latest"]);
        let restore = ["outside", "latest", "--restore", "--yes"];
        self.answers("outside", &restore, &["--json"]);
    }

    /// Evaluates with a judge, and again without.
    fn answers_with_a_judge(&mut self, session: &str) {
        let judge = "echo '{\"winner\":\"a\"}'";
        let reuse = ["eval", session, "--reuse", "--allow-no-gain"];
        let judged = ["--tolerance", "100%", "--judge-cmd", judge];
        let document = self.answers("eval", &[&reuse[..], &judged].concat(), &["--json"]);
        assert!(document["judge"]["bouts"][0].is_object(), "{document:#}");
        self.answers_twice("eval", &["eval", session, "--reuse", "--no-judge"]);
    }
}

/// Every object has exactly the keys that its schema names, and values keep the conventions.
fn check_keys(root: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = resolve(root, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        for choice in choices.iter().filter(|_| !value.is_null()) {
            if resolve(root, choice)["type"] == kind(value) {
                check_keys(root, choice, value, at);
            }
        }
    }
    if let (Some(named), Some(found)) = (schema["properties"].as_object(), value.as_object()) {
        let expected: BTreeSet<&String> = named.keys().collect();
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "{at}");
        for (key, inner) in found {
            let at = format!("{at}.{key}");
            check_convention(key, inner, &at);
            check_keys(root, &named[key], inner, &at);
        }
    } else if let Some(found) = value.as_object() {
        for (key, inner) in found {
            let at = format!("{at}.{key}");
            check_keys(root, &schema["additionalProperties"], inner, &at);
        }
    }
    for inner in value.as_array().into_iter().flatten() {
        check_keys(root, &schema["items"], inner, &format!("{at}[]"));
    }
}

fn resolve<'v>(root: &'v Value, schema: &'v Value) -> &'v Value {
    match schema["$ref"].as_str() {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        _ => "other",
    }
}

/// Times in RFC 3339, paths absolute.
fn check_convention(key: &str, value: &Value, at: &str) {
    let Some(text) = value.as_str() else { return };
    match key {
        "created" | "updated" | "evaluated" | "time" | "timestamp" | "last_update" => {
            assert!(
                chrono::DateTime::parse_from_rfc3339(text).is_ok(),
                "{at}: {text}"
            );
        }
        "path" | "worktree" | "prompt_file" | "checkout" | "repository" => {
            assert!(text.starts_with('/'), "{at}: {text}");
        }
        _ => {}
    }
}

fn keys(document: &Value) -> Vec<&String> {
    document.as_object().unwrap().keys().collect()
}

/// The names that `hub schema` knows.
fn all_names(repo: &TestRepo) -> BTreeSet<String> {
    let help = repo.hub(["schema", "--help"]).ok().stdout;
    let (_, rest) = help.split_once("[possible values: ").unwrap();
    let (names, _) = rest.split_once(']').unwrap();
    let names = names.split(',').map(|name| name.trim().to_owned());
    names.collect()
}

#[test]
fn every_document_is_what_its_schema_says_in_every_state() {
    let repo = TestRepo::new().with_bench();
    let mut all = Schemas::new(&repo);
    all.answers_twice("list", &["list"]);
    all.answers_of_settings();
    all.answers_of_the_board();
    let made = all.answers("init", &[&["init"], &TASK[..]].concat(), &["--json"]);
    let session = made["session_id"].as_str().unwrap();
    all.answers("init", &["init", "--task", "bare"], &["--format", "json"]);
    let look = |all: &mut Schemas| all.answers_that_only_tell(session);
    look(&mut all);
    let gate = Gate::new(&repo);
    all.answers_twice(
        "dry-run",
        &["spawn", session, "--agent-cmd", "true", "--dry-run"],
    );
    all.answers(
        "spawn",
        &["spawn", session, "--agent-cmd", &gate.agent],
        &["--json"],
    );
    look(&mut all);
    all.answers_twice("wait", &["wait", session, "--timeout", "0"]);
    all.answers_twice("pause", &["pause", session]);
    all.answers_twice("wait", &["wait", session, "--timeout", "0"]);
    look(&mut all);
    all.answers_twice("resume", &["resume", session]);
    all.answers_twice("send", &["send", session, "--agent", "agent-1", "Hurry"]);
    let raise = ["security", session, "--level", "medium"];
    all.answers_twice("security-raised", &raise);
    all.answers(
        "stop",
        &["stop", session, "--agent", "agent-3"],
        &["--json"],
    );
    all.answers(
        "retry",
        &["retry", session, "--agent", "agent-3"],
        &["--json"],
    );
    gate.open(&repo);
    all.answers_twice("wait", &["wait", session]);
    all.answers_twice("logs", &["logs", session]);
    all.answers_twice("path", &["path", session, "agent-1"]);
    all.answers_twice("eval", &["eval", session]);
    all.answers_with_a_judge(session);
    look(&mut all);
    let paths = ["--onto", "agent-1", "--from", "agent-2", "agent-2.txt"];
    let graft = [&["graft", session], &paths[..]].concat();
    all.answers("graft", &graft, &["--json"]);
    all.answers_twice("eval", &["eval", session]);
    all.answers_twice("merge-plan", &["merge", session, "--dry-run"]);
    all.answers("merge", &["merge", session, "--verify"], &["--json"]);
    look(&mut all);
    let dry_run = ["cleanup", session, "--dry-run"];
    all.answers("cleanup-dry-run", &dry_run, &["--json"]);
    let dry_run = ["cleanup", "--all", "--dry-run"];
    all.answers_twice("cleanup-all", &dry_run);
    all.answers_twice("cleanup", &["cleanup", session]);
    all.answers_of_an_export(session);
    all.answers_twice("integrate", &["integrate", "claude", "--dry-run"]);
    all.answers_twice("restore", &["restore", session, "agent-1"]);
    all.answers_of_snapshots(session);
    look(&mut all);
    all.answers(
        "update",
        &["update", "latest", "--state", "running"],
        &["--json"],
    );
    all.answers("archive", &["archive", "latest"], &["--json"]);
    all.answers_outside();
    let agent = repo.agent_script();
    repo.write("p50_ms", "180\n");
    repo.commit("As slow as before");
    let run = [&["run", "--yes", "--agent-cmd", &agent], &TASK[..]].concat();
    all.answers("run", &run, &["--json"]);
    all.answers("run", &run, &["--json"]);
    all.answers("demo", &["demo"], &["--json"]);

    let used: BTreeSet<String> = all.used.keys().cloned().collect();
    assert_eq!(
        used,
        all_names(&repo),
        "a schema that no document was held against"
    );
}

#[test]
fn a_schema_requires_every_key_that_it_names() {
    let repo = TestRepo::new();
    for name in all_names(&repo) {
        let schema = repo.hub(["schema", &name]).json();
        let inner = schema["$defs"].as_object().cloned().unwrap_or_default();
        for (title, object) in inner.iter().chain([(&name, &schema)]) {
            let Some(properties) = object["properties"].as_object() else {
                continue;
            };
            let required: BTreeSet<&str> = object["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let named: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            assert_eq!(required, named, "{title} of {name}");
        }
    }
}

#[test]
fn json_is_the_whole_of_stdout_and_names_no_session_before_it() {
    let (repo, _) = worked();
    for arguments in [vec!["wait"], vec!["eval"], vec!["status"], vec!["events"]] {
        let answer = repo.hub(arguments.iter().chain(&["--json"])).ok();
        assert!(answer.stdout.starts_with("{\n"), "{answer}");
        assert!(answer.stdout.ends_with("\n}\n"), "{answer}");
        answer.json();
    }
}

#[test]
fn both_forms_of_json_at_once_are_a_usage_error() {
    let repo = TestRepo::new();
    let error = repo.hub(["list", "--json", "--format", "json"]).fails(2);
    assert_eq!(error.json_error()["code"], "usage");
}
