//! Presets: how the agents that people have are run, and what they tell of it.

mod configured;
mod listed;
mod spawned;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Hub, TestRepo};

/// A repository with a folder of programs before all others on the PATH.
struct Programs {
    repo: TestRepo,
}

impl Programs {
    fn new() -> Self {
        let repo = TestRepo::new().with_bench();
        let tools = repo.root().join("tools");
        fs::create_dir(&tools).unwrap();
        for tool in ["cat", "cp", "git", "sh", "touch"] {
            symlink(on_the_path(tool), tools.join(tool)).unwrap();
        }
        Self { repo }
    }

    /// Puts a program there: it says its version when asked, else does what `text` says.
    fn with(self, name: &str, version: &str, text: &str) -> Self {
        let text =
            format!("case \"$*\" in *--version*) echo '{name} {version}'; exit ;; esac\n{text}");
        self.repo.script(name, &text);
        self
    }

    fn path(&self) -> String {
        // Nothing but what is put there and what scripts need: the machine may have real ones.
        let root = self.repo.root().display();
        format!("{root}/scripts:{root}/tools")
    }

    fn hub(&self, arguments: &[&str]) -> Hub {
        self.repo.hub(arguments).env("PATH", self.path())
    }

    /// A session with this many agents.
    fn session(&self, agents: &str) -> String {
        let init = ["init", "--task", "Be faster", "--agents", agents];
        self.hub(&init).ok();
        self.repo.newest_session()
    }

    /// The agents in what `hub status` says after their end.
    fn ended(&self, session: &str) -> Vec<Value> {
        self.hub(&["wait", session]).ok();
        let status = self.hub(&["status", session, "--json"]).json();
        status["agents"].as_array().unwrap().clone()
    }
}

fn on_the_path(tool: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = std::env::split_paths(&path);
    let found = folders.find(|folder| folder.join(tool).exists());
    found
        .unwrap_or_else(|| panic!("{tool} is needed"))
        .join(tool)
}

/// A program that takes its prompt from its standard input, and prints `output`.
fn reads_stdin(output: &str) -> String {
    format!("echo \"$*\" >arguments\ncat >prompt\ncat <<'END'\n{output}\nEND")
}

const CLAUDE: &str = r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","total_cost_usd":0.25,"usage":{"input_tokens":3,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":60}}"#;

const CODEX: &str = r#"{"type":"thread.started","thread_id":"0199"}
{"type":"turn.completed","usage":{"input_tokens":2000,"cached_input_tokens":1500,"output_tokens":70}}"#;
