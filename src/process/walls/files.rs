//! Landlock: which files a process reaches, which TCP ports, and whom it can signal.

use std::collections::BTreeSet;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    make_bitflags, path_beneath_rules,
};

use crate::domain::security::plan::{Files, Plan, Reach};

/// The interface whose rights are asked for. What a later one adds is taken where it is there.
const KNOWN: ABI = ABI::V5;
/// The first one that holds all writing.
const NEEDED: ABI = ABI::V3;

/// Puts up what a plan asks of Landlock; nothing where it asks for nothing.
pub(super) fn restrict(plan: &Plan) -> Result<(), RulesetError> {
    if plan.files.is_none() && !plan.alone && matches!(plan.network, Reach::All) {
        return Ok(());
    }
    let wanted = if plan.best_effort {
        CompatLevel::BestEffort
    } else {
        CompatLevel::HardRequirement
    };
    let mut ruleset = Ruleset::default().set_compatibility(wanted);
    if plan.files.is_some() {
        ruleset = ruleset
            .handle_access(AccessFs::from_all(NEEDED))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(KNOWN))?;
    }
    if let Reach::Only { ports, .. } = &plan.network {
        // Where no port is allowed the filter of calls is enough, and this a second wall.
        let wanted = if ports.is_empty() {
            CompatLevel::BestEffort
        } else {
            wanted
        };
        ruleset = ruleset
            .set_compatibility(wanted)
            .handle_access(AccessNet::from_all(ABI::V4))?;
    }
    if plan.alone {
        ruleset = ruleset
            .set_compatibility(wanted)
            .scope(Scope::from_all(ABI::V6))?;
    }
    let mut created = ruleset.set_compatibility(wanted).create()?;
    if let Some(files) = &plan.files {
        created = allow(created, files)?;
    }
    if let Reach::Only { ports, .. } = &plan.network {
        for port in ports {
            let both = AccessNet::from_all(ABI::V4);
            let created_again = created.set_compatibility(CompatLevel::BestEffort);
            created = created_again.add_rule(NetPort::new(*port, both))?;
        }
    }
    // Beyond the exec that follows. A kernel that does not tell what it denies denies it all the same.
    let created = created
        .set_compatibility(CompatLevel::BestEffort)
        .log_new_exec(true)?;
    created.set_compatibility(wanted).restrict_self()?;
    Ok(())
}

fn allow(created: RulesetCreated, files: &Files) -> Result<RulesetCreated, RulesetError> {
    let look = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let run = BitFlags::from(AccessFs::Execute);
    let nodes = make_bitflags!(AccessFs::{MakeChar | MakeBlock});
    let change = AccessFs::from_write(KNOWN) & !nodes | look;
    // Where programs outside of the walls write, too: no link may lead them elsewhere, and no pipe
    // keep them waiting.
    let plain = make_bitflags!(AccessFs::{
        WriteFile | Truncate | RemoveDir | RemoveFile | MakeDir | MakeReg | Refer
    }) | look;
    let device = make_bitflags!(AccessFs::{ReadFile | WriteFile | ReadDir | IoctlDev});
    // Where programs are not listed, whatever can be read can be run.
    let anything = match files.execute {
        Some(_) => BitFlags::EMPTY,
        None => run,
    };
    let none = BTreeSet::new();
    let listed: &BTreeSet<PathBuf> = files.execute.as_ref().unwrap_or(&none);
    // A path that is not there gives nothing.
    created
        .set_compatibility(CompatLevel::BestEffort)
        .add_rules(path_beneath_rules(&files.read, look | anything))?
        .add_rules(path_beneath_rules(&files.write, change | anything))?
        .add_rules(path_beneath_rules(&files.plain, plain))?
        .add_rules(path_beneath_rules(&files.devices, device))?
        .add_rules(path_beneath_rules(listed, look | run))
}

/// The version of Landlock's interface on this machine; 0 where there is none, or it is off.
///
/// A thread that ends at once restricts itself: what it is told then is what really holds.
pub(super) fn version() -> u32 {
    let ask = || {
        let ruleset = Ruleset::default().handle_access(AccessFs::from_all(ABI::V1));
        let status = ruleset.ok()?.create().ok()?.restrict_self().ok()?;
        if status.ruleset == RulesetStatus::NotEnforced {
            return None;
        }
        match status.landlock {
            LandlockStatus::Available {
                effective_abi,
                kernel_abi,
            } => {
                let known = effective_abi as u32;
                Some(
                    kernel_abi
                        .and_then(|abi| u32::try_from(abi).ok())
                        .unwrap_or(known),
                )
            }
            _ => None,
        }
    };
    let thread = std::thread::Builder::new().spawn(ask);
    let version = thread.ok().and_then(|thread| thread.join().ok());
    version.flatten().unwrap_or_default()
}
