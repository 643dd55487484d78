//! `hub integrate`: files by which other tools know how to call hub.

mod pieces;

use std::path::{Path, PathBuf};

use crate::domain::integrate::{IntegrateRefused, Integration, Piece, Standing, difference};
use crate::domain::progress::Progress;
use crate::domain::report::{FileAction, IntegrateReport, IntegratedFile};
use crate::store::placed::{self, Drafts};

use super::error::Result;
use super::hub::Hub;

/// What is written for which tool.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The other tool.
    pub integration: Integration,
    /// Take away what was written.
    pub remove: bool,
    /// Also what somebody edited, which is kept beside it.
    pub force: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// One file: as it is, and as it shall be.
struct Step {
    file: IntegratedFile,
    name: PathBuf,
    before: Option<Vec<u8>>,
    /// `None` where it goes.
    after: Option<String>,
    /// Whether what is there now is somebody's own work.
    edited: bool,
    executable: bool,
}

/// Writes what a tool needs to call hub into the worktree, or takes it away.
///
/// Shows what changes and asks first. A file that somebody edited is neither replaced nor taken
/// away without `force`, and then all of them stay.
///
/// # Errors
/// When a file was edited, leads out of the worktree or cannot be written, or the answer is no.
pub fn run(hub: &Hub, request: Request) -> Result<IntegrateReport> {
    let folder = hub.folder();
    let top = hub.repository.top_of(folder)?;
    let top = top.ok_or_else(|| IntegrateRefused::NoWorktree(folder.to_path_buf()))?;
    let mut steps = Vec::new();
    for piece in pieces::of(request.integration) {
        steps.push(plan(&top, piece, request)?);
    }
    let report = |steps: &[Step]| IntegrateReport {
        integration: request.integration,
        worktree: top.clone(),
        dry_run: request.dry_run,
        files: steps.iter().map(|step| step.file.clone()).collect(),
    };
    let plan = report(&steps);
    if request.dry_run {
        return Ok(plan);
    }
    refuse_edited(&steps, request)?;
    let count = plan.changes().count();
    if count == 0 {
        return Ok(plan);
    }
    hub.tell(Progress::Plan(Box::new(plan)));
    let files = if count == 1 { "file" } else { "files" };
    let verb = if request.remove { "Change" } else { "Write" };
    hub.confirm(
        &format!("{verb} {count} {files} in {}?", top.display()),
        "hub integrate",
        "--yes does it without a question, --dry-run only shows it".to_owned(),
    )?;
    for step in &steps {
        // Somebody could have written while the question stood there.
        if placed::read(&step.file.path)? != step.before {
            return Err(IntegrateRefused::Changed(step.name.clone()).into());
        }
    }
    let drafts = Drafts::in_git_dir(hub.repository.git_dir());
    for step in &mut steps {
        carry_out(&top, &drafts, step)?;
    }
    Ok(report(&steps))
}

fn refuse_edited(steps: &[Step], request: Request) -> Result<()> {
    let edited = steps
        .iter()
        .filter(|step| step.file.action == FileAction::Edited);
    let paths: Vec<PathBuf> = edited.map(|step| step.name.clone()).collect();
    if paths.is_empty() {
        return Ok(());
    }
    Err(IntegrateRefused::Edited {
        paths,
        integration: request.integration,
        remove: request.remove,
    }
    .into())
}

fn plan(top: &Path, piece: &Piece, request: Request) -> Result<Step> {
    let name = PathBuf::from(piece.path);
    let path = placed::place(top, &name)?;
    let before = placed::read(&path)?;
    let text = match before.as_deref().map(std::str::from_utf8) {
        None => None,
        Some(Ok(text)) => Some(text.to_owned()),
        // All around a section stays as it is, byte for byte.
        Some(Err(_)) if piece.section => return Err(IntegrateRefused::NoText(name).into()),
        Some(Err(_)) => before
            .as_deref()
            .map(|bytes| String::from_utf8_lossy(bytes).into()),
    };
    let planned = piece.plan(request.integration, text.as_deref())?;
    let action = action(planned.standing, text.is_some(), request);
    let after = match action {
        FileAction::Keep | FileAction::Absent => text.clone(),
        _ if request.remove => planned.without,
        _ => Some(planned.with),
    };
    // Where others have written, too, only hub's section goes.
    let action = match (action, &after) {
        (FileAction::Remove, Some(_)) => FileAction::Update,
        (action, _) => action,
    };
    let diff = difference(&name, text.as_deref(), after.as_deref());
    let same = matches!(action, FileAction::Keep | FileAction::Absent);
    Ok(Step {
        file: IntegratedFile {
            path,
            action,
            backup: None,
            diff: if same { String::new() } else { diff },
        },
        name,
        before,
        after,
        edited: planned.standing == Standing::Edited,
        executable: piece.executable,
    })
}

fn action(standing: Standing, exists: bool, request: Request) -> FileAction {
    match (standing, request.remove) {
        (Standing::Edited, _) if !request.force => FileAction::Edited,
        (Standing::Absent, true) => FileAction::Absent,
        (_, true) => FileAction::Remove,
        (Standing::Absent, false) if !exists => FileAction::Create,
        (Standing::Absent | Standing::Earlier, false) => FileAction::Update,
        (Standing::Same, false) => FileAction::Keep,
        (Standing::Edited, false) => FileAction::Replace,
    }
}

fn carry_out(top: &Path, drafts: &Drafts, step: &mut Step) -> Result<()> {
    let path = &step.file.path;
    if matches!(
        step.file.action,
        FileAction::Keep | FileAction::Absent | FileAction::Edited
    ) {
        return Ok(());
    }
    if let (true, Some(before)) = (step.edited, &step.before) {
        step.file.backup = Some(drafts.keep(path, before)?);
    }
    match &step.after {
        Some(after) => drafts.put(path, after.as_bytes(), step.executable)?,
        None => placed::remove(top, path)?,
    }
    Ok(())
}
