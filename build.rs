//! Links the released program so that it starts sooner.
//!
//! At each start the loader would look for the C library and its parts, map them, and ask the
//! processor what it is, which is slow in virtual machines; that takes longer than `hub list` does
//! (docs/decisions/0020-linked-statically.md). So they are linked in, or at least the unwinder. And
//! ten thousand addresses are to be filled in, because the program can stand anywhere (and shall);
//! they are written in a form that is a twentieth as long. Where the compiler has no such
//! libraries, or the system is too old for the form, all is as it would be without.
//!
//! `HUB_SHARED_LIBC=1` keeps to the system's shared libraries.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first glibc that reads addresses in the short form.
const READS_SHORT_FORM: (u32, u32) = (2, 36);

/// The unwinder, and the name by which it is asked for.
const UNWINDER: (&str, &str) = ("libgcc_eh.a", "libgcc_s.a");

/// The parts of glibc that Rust asks for; most are empty in a new one.
const C_LIBRARY: [&str; 6] = [
    "libc.a",
    "libdl.a",
    "libm.a",
    "libpthread.a",
    "librt.a",
    "libutil.a",
];

/// Has the linker make a program that needs no loader.
const STATIC: &str = "-static-pie";

/// What Rust's standard library uses where it finds it, which in a static library it does only
/// when somebody asks for it: to start a process in another folder without a copy of this one.
const ALSO: [&str; 2] = [
    "gnu_get_libc_version",
    "posix_spawn_file_actions_addchdir_np",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=HUB_SHARED_LIBC");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let known = var("CARGO_CFG_TARGET_OS") == "linux" && var("CARGO_CFG_TARGET_ENV") == "gnu";
    // What is asked below is asked of this machine.
    if !known || var("PROFILE") != "release" || var("HOST") != var("TARGET") {
        return;
    }
    let folder = PathBuf::from(var("OUT_DIR")).join("linked");
    let shared = var("HUB_SHARED_LIBC") == "1";
    let all = || Some([vec![of_unwinder()?], of_c_library()?].concat());
    let all = if shared { None } else { all() };
    match all.filter(|_| links_statically(&folder)) {
        Some(libraries) if link_in(&libraries, &folder) => {
            println!("cargo::rustc-link-arg-bin=hub={STATIC}");
            for name in ALSO {
                println!("cargo::rustc-link-arg-bin=hub=-Wl,--undefined={name}");
            }
        }
        _ => {
            link_in(of_unwinder().as_slice(), &folder);
        }
    }
    if glibc().is_some_and(|version| version >= READS_SHORT_FORM) {
        println!("cargo::rustc-link-arg-bin=hub=-Wl,-z,pack-relative-relocs");
    }
}

/// A library to link in, and the name by which it is asked for.
type Library = (PathBuf, &'static str);

fn of_unwinder() -> Option<Library> {
    let (file, name) = UNWINDER;
    Some((find(file)?, name))
}

fn of_c_library() -> Option<Vec<Library>> {
    let found = C_LIBRARY.map(|name| Some((find(name)?, name)));
    found.into_iter().collect()
}

/// A library, where the compiler has it.
fn find(file: &str) -> Option<PathBuf> {
    let mut compiler = Command::new("cc");
    let answer = compiler.arg(format!("-print-file-name={file}"));
    let answer = answer.output().ok()?;
    let found = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
    // The name alone is the answer where there is none.
    found.is_absolute().then_some(found)
}

/// Whether the compiler makes such a program, and the system runs it.
fn links_statically(folder: &Path) -> bool {
    let (source, program) = (folder.join("trial.c"), folder.join("trial"));
    let written = fs::create_dir_all(folder)
        .and_then(|()| File::create(&source))
        .and_then(|mut file| file.write_all(b"int main(void) { return 0; }\n"));
    let quiet = |command: &mut Command| {
        let done = command.stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    };
    let mut compiler = Command::new("cc");
    let compiler = compiler.args(["-fPIE", STATIC, "-o"]);
    written.is_ok()
        && quiet(compiler.arg(&program).arg(&source))
        && quiet(&mut Command::new(&program))
}

/// Lets the linker find libraries before the shared ones.
fn link_in(libraries: &[Library], folder: &Path) -> bool {
    // What an earlier build has linked in must not be found by this one.
    let _ = fs::remove_dir_all(folder);
    let made = fs::create_dir_all(folder).and_then(|()| {
        let mut links = libraries.iter();
        links.try_for_each(|(library, name)| symlink(library, folder.join(name)))
    });
    match &made {
        Ok(()) => println!("cargo::rustc-link-arg-bin=hub=-L{}", folder.display()),
        Err(error) => println!("cargo::warning={}: {error}", folder.display()),
    }
    made.is_ok()
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
