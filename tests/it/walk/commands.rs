//! The commands of hub that a walk knows: mostly those that the state of a session suggests.

use crate::support::points::When;

use super::Walk;

/// How many sessions a walk makes.
const SESSIONS: usize = 4;

impl Walk {
    /// One command, killed once in four times.
    pub(super) fn command(&mut self) {
        let line = self.line();
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let kill = (self.chance.below(4) == 0).then(|| {
            let when = if self.chance.below(2) == 0 {
                When::Before
            } else {
                When::After
            };
            (when, 1 + self.chance.below(20))
        });
        self.hub(&line, kill);
    }

    fn line(&mut self) -> Vec<String> {
        let sessions = self.sessions();
        if sessions.is_empty() || sessions.len() < SESSIONS && self.chance.below(6) == 0 {
            return self.init();
        }
        if self.chance.below(8) == 0 {
            return words("doctor --fix");
        }
        let (id, state) = self.pick(&sessions).unwrap().clone();
        let sensible: &[&str] = match state.as_str() {
            "init" => &[
                "spawn S --no-start",
                "START",
                "START",
                "update S --state running",
            ],
            "running" => &[
                "eval S",
                "eval S",
                "RETRY",
                "stop S",
                "GRAFT",
                "archive S",
                "START",
            ],
            "evaluating" => &[
                "merge S",
                "merge S",
                "merge S --agent A",
                "merge S --strategy rebase",
                "merge S --strategy cherry-pick",
                "merge S --squash",
                "merge S --verify true",
                "eval S",
                "archive S",
                "GRAFT",
                "undo S",
            ],
            _ => &[
                "cleanup S",
                "cleanup S",
                "cleanup S --force",
                "cleanup --all",
                "restore S",
                "restore S A",
                "undo S",
                "undo S --further",
                "SNAPSHOT",
            ],
        };
        let any = [
            "spawn S --no-start",
            "START",
            "update S --state evaluating",
            "eval S",
            "merge S",
            "merge S --agent agent-1 --agent agent-2",
            "archive S",
            "cleanup S",
            "cleanup S --force",
            "RETRY",
            "GRAFT",
            "stop S",
            "restore S",
            "undo S",
            "undo S",
            "undo S --further",
            "cleanup --all --force",
            "snapshots expire --session S --older-than 0s --yes",
            "board post --channel progress --author ada --message Hello",
            "send S --all Hello",
        ];
        let absurd = self.chance.below(5) == 0;
        let line = if absurd { &any[..] } else { sensible };
        let line = self.pick(line).copied().unwrap();
        self.filled(line, &id)
    }

    fn filled(&mut self, line: &str, id: &str) -> Vec<String> {
        let agent = format!("agent-{}", 1 + self.chance.below(2));
        match line {
            "START" => {
                let mut line = words(&format!("spawn {id} --agent-cmd"));
                line.push(self.agent_script());
                line
            }
            "SNAPSHOT" => {
                let prefix = format!("refs/hub/snapshots/{id}/");
                let list = ["for-each-ref", "--format=%(refname)", &prefix];
                let found = self.repo.git(list);
                let found: Vec<&str> = found.lines().collect();
                match self.pick(&found) {
                    Some(snapshot) => words(&format!("snapshots restore {snapshot}")),
                    None => words("snapshots list"),
                }
            }
            "RETRY" => words(&format!("retry {id} --agent {agent}")),
            "GRAFT" => {
                let other = if agent == "agent-1" {
                    "agent-2"
                } else {
                    "agent-1"
                };
                words(&format!("graft {id} --onto {agent} --from {other} p50_ms"))
            }
            line => {
                let fill = |word: &str| match word {
                    "S" => id.to_owned(),
                    "A" => agent.clone(),
                    word => word.to_owned(),
                };
                line.split(' ').map(fill).collect()
            }
        }
    }

    fn init(&mut self) -> Vec<String> {
        let mut line = words("init --task fast --agents 2 --metric p50_ms");
        if self.chance.below(2) == 0 {
            line.push("--no-baseline".to_owned());
        }
        line.extend(["--eval".to_owned(), "sh bench.sh".to_owned()]);
        line
    }

    /// An agent that commits what it finds before it begins; one commits its work, the other
    /// leaves that to hub.
    fn agent_script(&self) -> String {
        let path = self.repo.root().join("scripts/walker.sh");
        if path.exists() {
            return path.to_str().unwrap().to_owned();
        }
        let text = "\
git add --all
git commit --quiet --message found || :
echo $((100 + ${HUB_AGENT#agent-} + HUB_ATTEMPT)) >p50_ms
echo \"$HUB_SESSION $HUB_ATTEMPT\" >\"$HUB_AGENT.txt\"
[ $HUB_AGENT = agent-1 ] || { git add --all; git commit --quiet --message work; }";
        self.repo.script("walker.sh", text)
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
