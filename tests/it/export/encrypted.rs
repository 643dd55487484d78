//! Archives for some and not for others.

use std::fs;
use std::io::Write;

use age::secrecy::ExposeSecret;

use crate::kills::worked;
use crate::support::TestRepo;

use super::{exported, refused};

#[test]
fn each_recipient_opens_it_and_nobody_else() {
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let keys: Vec<_> = (0..3).map(|_| age::x25519::Identity::generate()).collect();
    let recipients = keys.iter().map(|key| key.to_public().to_string());
    let recipients: Vec<String> = recipients.collect();
    let export = [
        "export",
        &session,
        "--encrypt",
        &recipients[0],
        "--encrypt",
        &recipients[1],
    ];
    let told = from.hub(export).ok().stdout;
    assert!(told.contains("encrypted for 2 recipients"), "{told}");
    let file = from.path().join(format!("{session}.hub.tar.gz.age"));
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));

    let identity = |to: &TestRepo, number: usize| {
        let path = to.root().join("key");
        let text = format!(
            "# a comment\n{}\n",
            keys[number].to_string().expose_secret()
        );
        to.write(&path, text);
        path
    };
    for number in [0, 1] {
        let to = TestRepo::new().with_bench();
        let key = identity(&to, number);
        let import = [
            "import",
            file.to_str().unwrap(),
            "--identity",
            key.to_str().unwrap(),
        ];
        let report = to.hub(import.iter().chain(&["--json"])).json();
        assert_eq!(report["encrypted"], true);
    }
    let to = TestRepo::new().with_bench();
    refused(&to, &file, 2, "is encrypted");
    let key = identity(&to, 2);
    let import = [
        "import",
        file.to_str().unwrap(),
        "--identity",
        key.to_str().unwrap(),
    ];
    let answer = to.hub(import).fails(6);
    assert!(answer.stderr.contains("none of the identities"), "{answer}");
    to.write(&key, "no key\n");
    to.hub(import).fails(2);
    // From stdin.
    let text = keys[0].to_string();
    let import = ["import", file.to_str().unwrap(), "--identity", "-"];
    to.hub(import).stdin(text.expose_secret()).ok();
    // One that was cut off says nothing false.
    let cut = to.root().join("cut");
    to.write(&cut, &bytes[..bytes.len() - 20]);
    let key = identity(&to, 0);
    let import = [
        "import",
        cut.to_str().unwrap(),
        "--identity",
        key.to_str().unwrap(),
    ];
    let answer = TestRepo::new().hub(import).run();
    assert_eq!(answer.code(), 9, "{answer}");
}

#[test]
fn what_is_no_recipient_is_a_usage_error() {
    let repo = TestRepo::new().with_bench();
    let session = worked(&repo);
    for bad in ["", "ada", "age1xyz", "ssh-ed25519 AAAA"] {
        let answer = repo.hub(["export", &session, "--encrypt", bad]).fails(2);
        assert!(answer.stderr.contains("age1"), "{answer}");
    }
}

#[test]
fn nobody_is_asked_for_a_passphrase() {
    let from = TestRepo::new().with_bench();
    let session = worked(&from);
    let plain = fs::read(exported(&from, &session)).unwrap();
    let mut recipient = age::scrypt::Recipient::new("secret".to_owned().into());
    recipient.set_work_factor(2);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let mut sealed = Vec::new();
    let mut into = encryptor.wrap_output(&mut sealed).unwrap();
    into.write_all(&plain).unwrap();
    into.finish().unwrap();
    let to = TestRepo::new().with_bench();
    let file = to.root().join("x.age");
    to.write(&file, sealed);
    let key = to.root().join("key");
    let identity = age::x25519::Identity::generate().to_string();
    to.write(&key, identity.expose_secret());
    let import = [
        "import",
        file.to_str().unwrap(),
        "--identity",
        key.to_str().unwrap(),
    ];
    let answer = to.hub(import).fails(2);
    assert!(answer.stderr.contains("passphrase"), "{answer}");
}
