//! Progress on a terminal, plain lines elsewhere; all of it on stderr.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::id::AgentId;
use crate::domain::progress::{AgentProgress, Progress};
use crate::domain::text::visible;

use super::output::{Format, Output};
use super::screen::Screen;
use super::text;

/// How often a second lines are drawn anew at most.
const FRAMES: u8 = 20;

/// Shows what a use case tells.
pub struct Reporter {
    output: Output,
    quiet: bool,
    live: Option<Live>,
    /// What was last said of each agent, so that each change is said once.
    said: RefCell<BTreeMap<AgentId, String>>,
}

/// The lines at the bottom of a terminal that change.
struct Live {
    bars: MultiProgress,
    doing: RefCell<Option<ProgressBar>>,
    agents: RefCell<BTreeMap<AgentId, ProgressBar>>,
}

impl Reporter {
    /// A reporter for `output`; `live` allows lines that change.
    #[must_use]
    pub fn new(output: Output, live: bool, quiet: bool) -> Self {
        let live = live && !quiet && std::io::stderr().is_terminal();
        let screen = || ProgressDrawTarget::term_like_with_hz(Box::new(Screen::new()), FRAMES);
        Self {
            output,
            quiet,
            live: live.then(|| Live {
                bars: MultiProgress::with_draw_target(screen()),
                doing: RefCell::default(),
                agents: RefCell::default(),
            }),
            said: RefCell::default(),
        }
    }

    /// Shows one thing.
    pub fn show(&self, progress: Progress) {
        match progress {
            Progress::Session(id) => self.session(&format!("session {id}")),
            Progress::Doing { what, count } => self.doing(&what, count),
            Progress::Idle => self.idle(),
            Progress::Note(note) => self.aside(|| self.output.note(&note)),
            Progress::Warning(warning) => self.aside(|| self.output.warning(&warning)),
            Progress::Agents(agents) => self.agents(&agents),
            Progress::Ranking(report) => self.part(&text::eval(&report)),
            Progress::Plan(plan) => self.plan(&text::integrate_plan(&plan)),
            Progress::Foreign(command) => self.plan(&text::foreign_command(&command)),
            Progress::Line(line) => self.part(&format!("{line}\n")),
        }
    }

    /// A part of the answer; a document has none.
    fn part(&self, part: &str) {
        if self.output.format() == Format::Text {
            // A stdout that cannot be written is told of at the end, by the answer.
            self.aside(|| {
                let _ = self.output.write(part);
            });
        }
    }

    /// What a question is about is shown in either format.
    fn plan(&self, plan: &str) {
        match self.output.format() {
            Format::Text => self.part(plan),
            Format::Json => {
                let shown = anstream::adapter::strip_str(plan.trim_end()).to_string();
                self.aside(|| self.output.note(&shown));
            }
        }
    }

    /// The session that was meant is the first line of a text; a document names it itself.
    fn session(&self, line: &str) {
        if !self.quiet {
            self.part(&format!("{line}\n"));
        }
    }

    /// Writes past the lines that change.
    fn aside(&self, write: impl FnOnce()) {
        match &self.live {
            Some(live) => live.bars.suspend(write),
            None => write(),
        }
    }

    fn doing(&self, what: &str, count: Option<(usize, usize)>) {
        let Some(live) = &self.live else { return };
        let mut doing = live.doing.borrow_mut();
        let bar = doing.get_or_insert_with(|| {
            let bar = live.bars.add(ProgressBar::new_spinner());
            bar.set_style(spinner("{spinner} {msg} ({elapsed})"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(match count {
            Some((done, all)) => format!("{what} {done}/{all}"),
            None => what.to_owned(),
        });
    }

    fn idle(&self) {
        let Some(live) = &self.live else { return };
        if let Some(bar) = live.doing.borrow_mut().take() {
            bar.finish_and_clear();
        }
        for (_, bar) in std::mem::take(&mut *live.agents.borrow_mut()) {
            bar.finish_and_clear();
        }
    }

    fn agents(&self, agents: &[AgentProgress]) {
        for agent in agents {
            let changed = self
                .said
                .borrow_mut()
                .insert(agent.agent, agent.status.clone())
                .is_none_or(|before| before != agent.status);
            match &self.live {
                Some(live) => live.agent(agent),
                None if changed => self.output.note(&plain(agent)),
                None => {}
            }
            if changed && agent.ended && self.live.is_some() {
                self.aside(|| self.output.note(&plain(agent)));
            }
        }
    }
}

impl Live {
    fn agent(&self, agent: &AgentProgress) {
        let mut bars = self.agents.borrow_mut();
        if agent.ended {
            if let Some(bar) = bars.remove(&agent.agent) {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = bars.entry(agent.agent).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new_spinner());
            bar.set_style(spinner("{spinner} {prefix} {wide_msg}"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_prefix(plain(agent));
        let line = agent.last_line.as_deref().unwrap_or_default();
        bar.set_message(visible(line));
    }
}

fn plain(agent: &AgentProgress) -> String {
    match agent.elapsed_s {
        Some(elapsed) => format!(
            "{} {} ({})",
            agent.agent,
            agent.status,
            text::seconds(elapsed)
        ),
        None => format!("{} {}", agent.agent, agent.status),
    }
}

fn spinner(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
