//! What was changed outside of worktrees while agents ran, and nobody has settled.

use crate::domain::report::{Danger, FindingCode};
use crate::lifecycle::outside;

use super::found::Found;
use super::view::View;

pub(super) fn check(view: &View<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for looked in &view.sessions {
        for open in outside::summaries(&looked.events) {
            let (id, agent) = (&looked.id, open.agent);
            let things = match open.changes {
                1 => "1 thing was changed".to_owned(),
                count => format!("{count} things were changed"),
            };
            let what = format!("while {agent} ran, {things} outside of its worktree");
            let one = Found::a(FindingCode::ChangedOutside, what).because(
                "the agent did it, or somebody else at that time",
                Danger::Loss,
                "what was there may be missed; it is kept until the session is cleaned up",
            );
            let hint = format!(
                "`hub outside {id}` shows it; `--restore` puts it back, `--accept` leaves it"
            );
            found.push(one.of(id).agent(agent).hint(hint));
        }
    }
    found
}
