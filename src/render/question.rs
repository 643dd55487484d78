//! Questions, asked on a terminal only.

use std::io::IsTerminal;

/// Asks a yes-or-no question; `None` where there is no terminal to ask on.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    dialoguer::Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact_opt()
        .ok()
        .flatten()
}
