//! What is written for which tool. `docs/integrations/` explains each.

use crate::domain::integrate::{Integration, Piece};

const fn file(path: &'static str, template: &'static str) -> Piece {
    Piece {
        path,
        template,
        section: false,
        executable: false,
    }
}

const CLAUDE: [Piece; 6] = [
    file(
        ".claude/commands/hub-board.md",
        include_str!("claude/hub-board.md"),
    ),
    file(
        ".claude/commands/hub-eval.md",
        include_str!("claude/hub-eval.md"),
    ),
    file(
        ".claude/commands/hub-merge.md",
        include_str!("claude/hub-merge.md"),
    ),
    file(
        ".claude/commands/hub-run.md",
        include_str!("claude/hub-run.md"),
    ),
    file(
        ".claude/commands/hub-status.md",
        include_str!("claude/hub-status.md"),
    ),
    file(
        ".claude/skills/hub/SKILL.md",
        include_str!("claude/SKILL.md"),
    ),
];

const AGENTS_MD: [Piece; 1] = [Piece {
    section: true,
    ..file("AGENTS.md", include_str!("agents-md/AGENTS.md"))
}];

const GITHUB_ACTIONS: [Piece; 1] = [file(
    ".github/workflows/hub.yml",
    include_str!("github-actions/hub.yml"),
)];

const SHELL: [Piece; 1] = [Piece {
    executable: true,
    ..file(
        "scripts/hub-session.sh",
        include_str!("shell/hub-session.sh"),
    )
}];

/// The files of an integration.
pub(super) fn of(integration: Integration) -> &'static [Piece] {
    match integration {
        Integration::Claude => &CLAUDE,
        Integration::AgentsMd => &AGENTS_MD,
        Integration::GithubActions => &GITHUB_ACTIONS,
        Integration::Shell => &SHELL,
    }
}
