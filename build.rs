//! Links the released program so that it starts sooner.
//!
//! Loading the shared library of the unwinder takes as long as `hub list` itself: it asks the
//! processor what it is, which is slow in virtual machines. So the unwinder is linked in. And ten
//! thousand addresses are to be filled in at each start, because the program can stand anywhere
//! (and shall); they are written in a form that is a twentieth as long. Where the compiler has no
//! such library, or the system is too old for the form, all is as it would be without.

use std::env;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first glibc that reads addresses in the short form.
const READS_SHORT_FORM: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let known = var("CARGO_CFG_TARGET_OS") == "linux" && var("CARGO_CFG_TARGET_ENV") == "gnu";
    // What is asked below is asked of this machine.
    if !known || var("PROFILE") != "release" || var("HOST") != var("TARGET") {
        return;
    }
    if let Some(unwinder) = unwinder() {
        link_in(&unwinder, &PathBuf::from(var("OUT_DIR")));
    }
    if glibc().is_some_and(|version| version >= READS_SHORT_FORM) {
        println!("cargo::rustc-link-arg-bin=hub=-Wl,-z,pack-relative-relocs");
    }
}

/// The unwinder as a library to link in, where the compiler has it.
fn unwinder() -> Option<PathBuf> {
    let mut compiler = Command::new("cc");
    let answer = compiler.arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let found = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
    // The name alone is the answer where there is none.
    found.is_absolute().then_some(found)
}

/// Lets the linker find it before the shared one, under the name by which that is asked for.
fn link_in(unwinder: &Path, folder: &Path) {
    let link = folder.join("libgcc_s.a");
    let _ = std::fs::remove_file(&link);
    match symlink(unwinder, &link) {
        Ok(()) => println!("cargo::rustc-link-arg-bin=hub=-L{}", folder.display()),
        Err(error) => println!("cargo::warning={}: {error}", link.display()),
    }
}

/// The version of this system's C library.
fn glibc() -> Option<(u32, u32)> {
    let answer = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let answer = String::from_utf8(answer.stdout).ok()?;
    let (major, minor) = answer.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
