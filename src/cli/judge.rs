//! The options of `hub eval` and `hub run` that say who judges where no metric decides.

use clap::Args as Arguments;

use crate::lifecycle::{PresetName, TimeLimit, Tolerance, eval};

/// Who judges where no metric decides
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Judging")]
#[expect(clippy::doc_markdown, reason = "help texts are shown as they are")]
pub struct JudgeArgs {
    /// Let an agent judge where no metric decides: the preset that the session's agents are run
    /// by, unless the settings have a judge_cmd
    #[arg(long, group = "judged")]
    judge: bool,
    /// The same with this preset
    #[arg(long, value_name = "PRESET", group = "judged")]
    judge_agent: Option<PresetName>,
    /// The same with a command, which reads a question and prints {"winner":"a|b|tie","reason":"…"}
    #[arg(long, value_name = "CMD", group = "judged")]
    judge_cmd: Option<String>,
    /// Let nobody judge, whatever the settings say
    #[arg(long, group = "judged")]
    no_judge: bool,
    /// How long one judgement may take, as 90, 90s, 15m or 2h [default: 10m]
    #[arg(
        long,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        conflicts_with = "no_judge"
    )]
    judge_timeout: Option<TimeLimit>,
    /// How far from the best metric an agent may be to be judged [default: 10%]
    #[arg(
        long,
        value_name = "PERCENT",
        allow_negative_numbers = true,
        conflicts_with = "no_judge"
    )]
    tolerance: Option<Tolerance>,
}

impl JudgeArgs {
    /// The same as options; clap lets no more than one judge be given.
    pub fn options(self) -> eval::JudgeOptions {
        let command = self.judge_cmd.map(eval::JudgeBy::Command);
        let preset = self.judge_agent.map(eval::JudgeBy::Preset);
        let usual = self.judge.then_some(eval::JudgeBy::Usual);
        let nobody = self.no_judge.then_some(eval::JudgeBy::Nobody);
        eval::JudgeOptions {
            by: command.or(preset).or(usual).or(nobody),
            timeout: self.judge_timeout,
            tolerance: self.tolerance,
        }
    }
}
