//! What root can do beyond files: nothing of it is left to a process behind walls.

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::process::error::{Error, Result};

/// What root needs to work with files of its own, as package managers do.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID);

/// Gives up privileges for good: this process, and all that it starts.
pub(super) fn drop_all() -> Result<()> {
    let failed =
        |action: &'static str| move |error: rustix::io::Errno| Error::io(action)(error.into());
    let before = capabilities(None).map_err(failed("ask for capabilities"))?;
    let _ = clear_ambient_capability_set();
    if !before.effective.is_empty() {
        for capability in CapabilitySet::all().difference(KEPT).iter() {
            // One that this kernel does not know is none that it could have.
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    let kept = CapabilitySets {
        effective: before.effective & KEPT,
        permitted: before.permitted & KEPT,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, kept).map_err(failed("give up capabilities"))?;
    set_no_new_privs(true).map_err(failed("give up new privileges"))
}
