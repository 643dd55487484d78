//! Questions, asked on a terminal only.

use std::io::IsTerminal;

use dialoguer::console::Term;

use crate::domain::text::visible;

/// Asks a yes-or-no question; `None` where there is no terminal to ask on.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let terminal = Term::stderr();
    let answer = dialoguer::Confirm::new()
        .with_prompt(visible(question))
        .default(false)
        .interact_on_opt(&terminal);
    if answer.is_err() {
        // A signal came, or a Ctrl-C, which leaves the cursor hidden and the line open.
        let _ = terminal.show_cursor();
        let _ = terminal.write_line("");
    }
    answer.ok().flatten()
}
