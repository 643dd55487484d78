//! `--report`: a page that holds the whole evaluation, in a file of the user's.

use std::fs;

use serde_json::Value;

use crate::support::{Answer, TestRepo};

use super::Contest;

fn contest() -> Contest {
    Contest::new(
        "p50_ms: 180.25\nsize_kb: 7\n",
        &["p50_ms: 150.5\nsize_kb: 8\n", "p50_ms: 90.75\nsize_kb: 9\n"],
        &["--metric", "p50_ms"],
    )
}

/// Evaluates with a report.
fn report(contest: &Contest, flags: &[&str]) -> Answer {
    let eval = ["eval", &contest.id, "--report"];
    contest.repo.hub([&eval[..], flags].concat()).run()
}

#[test]
fn the_page_holds_every_run() {
    let contest = contest();
    let answer = report(
        &contest,
        &["page.html", "--repeat", "3", "--warmup", "1", "--json"],
    )
    .ok();
    let document: Value = answer.json();
    let page = contest.repo.read("page.html");
    assert_eq!(page.matches("<circle class=\"run\"").count(), 9);
    assert_eq!(page.matches("<th scope=\"row\">warm-up 1</th>").count(), 3);
    let runs = |of: &Value| of["runs"].as_array().unwrap().clone();
    let all = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(runs);
    for run in all.chain(runs(&document["base"])) {
        let value = run["metric_value"].as_f64().unwrap();
        let seconds = run["elapsed_s"].as_f64().unwrap();
        let row = format!("<td>{value}</td><td>{seconds:.3}</td>");
        assert!(page.contains(&row), "{row}");
    }
    for told in [
        "<h1>x</h1>",
        "agent-2</a> <span class=\"badge\">winner",
        "<td class=\"added\">+2</td>",
        "seed ",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("src=") && !page.contains("<script") && !page.contains("url("));
    let written = contest.repo.path().join("page.html");
    assert!(
        answer
            .stderr
            .contains(&format!("wrote {}", written.display())),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_last_evaluation_is_shown_again_and_takes_the_place_of_the_page_before() {
    let contest = contest();
    report(&contest, &["first.html"]).ok();
    contest.repo.write("page.html", "x".repeat(1 << 20));
    std::os::unix::fs::symlink("page.html", contest.repo.path().join("link.html")).unwrap();
    report(&contest, &["link.html", "--show"]).ok();
    let link = contest.repo.path().join("link.html");
    assert!(link.is_symlink(), "where it leads is written, not the link");
    let until_made = |page: &str| page.split("<footer>").next().unwrap().to_owned();
    let page = until_made(&contest.repo.read("page.html"));
    assert_eq!(page, until_made(&contest.repo.read("first.html")));
    let on_stdout = report(&contest, &["-", "--show"]).ok().stdout;
    assert_eq!(page, until_made(&on_stdout));
    assert!(on_stdout.ends_with("</html>\n"), "nothing follows it");
    let folder = contest.repo.path().join("below");
    fs::create_dir(&folder).unwrap();
    let elsewhere = ["eval", "--show", "--report", "page.html"];
    contest.repo.hub(elsewhere).in_folder(&folder).run().ok();
    assert!(
        folder.join("page.html").is_file(),
        "a path starts where the user is"
    );
}

#[test]
fn the_status_is_that_of_the_evaluation() {
    let contest = Contest::new("p50_ms: 80\n", &["p50_ms: 90\n"], &["--metric", "p50_ms"]);
    for flags in [
        &["page.html"][..],
        &["page.html", "--show"],
        &["-", "--show"],
    ] {
        report(&contest, flags).fails(8);
    }
    assert!(
        contest
            .repo
            .read("page.html")
            .contains("Nobody beats the baseline.")
    );
}

#[test]
fn without_a_metric_there_is_a_page_of_what_was_done() {
    let contest = Contest::in_repo(TestRepo::new(), &[], &["a\nb\n", "c\n"]);
    report(&contest, &["page.html"]).ok();
    let page = contest.repo.read("page.html");
    assert!(
        page.contains("There is no metric, so nobody is ranked.") && !page.contains("id=\"plots\"")
    );
    assert!(page.contains("<td class=\"added\">+2</td><td class=\"removed\">-0</td>"));
}

#[test]
fn where_no_page_can_be_written_nothing_is_measured() {
    let contest = contest();
    fs::create_dir(contest.repo.path().join("folder")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        contest.repo.path().join("pipe"),
        rustix::fs::Mode::RUSR,
    )
    .unwrap();
    for (file, status, why) in [
        ("folder", 6, "which is not a file"),
        ("folder/..", 6, "which is not a file"),
        ("pipe", 6, "which is not a file"),
        ("nowhere/page.html", 1, "No such file or directory"),
    ] {
        let answer = report(&contest, &[file]).fails(status);
        assert!(answer.stderr.contains(why), "{file}: {}", answer.stderr);
    }
    report(&contest, &["-", "--json"]).fails(2);
    assert_eq!(contest.repo.state(&contest.id), "running");
    let left = fs::read_dir(contest.repo.path().join("folder"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "looking leaves nothing");
}

#[test]
fn the_newest_results_post_of_each_agent_is_shown_and_harmless() {
    let contest = contest();
    let post = |author: &str, channel: &str, session: &str, text: &str| {
        let flags = [
            "--channel",
            channel,
            "--author",
            author,
            "--session",
            session,
        ];
        contest
            .repo
            .hub([&["board", "post"][..], &flags, &["--message", text]].concat())
            .ok();
    };
    let other = ["init", "--task", "y", "--agents", "1"];
    contest.repo.hub(other).ok();
    let other = contest.repo.newest_session();
    post("agent-1", "results", &contest.id, "an older word");
    post(
        "agent-1",
        "results",
        &contest.id,
        "**Fast** <script>alert(1)</script> [x](javascript:alert(2))",
    );
    post("agent-1", "progress", &contest.id, "only progress");
    post("ada", "results", &contest.id, "of a person");
    post("agent-1", "results", &other, "of another session");
    report(&contest, &["page.html"]).ok();
    let page = contest.repo.read("page.html");
    for told in [
        "<strong>Fast</strong> &lt;script&gt;alert(1)&lt;/script&gt;",
        "x &lt;javascript:alert(2)&gt;",
    ] {
        assert!(page.contains(told), "{told}");
    }
    for untold in [
        "an older word",
        "only progress",
        "of a person",
        "of another session",
        "<script",
    ] {
        assert!(!page.contains(untold), "{untold}");
    }
}

#[test]
fn hub_run_has_the_page_before_it_asks() {
    let repo = TestRepo::new().with_bench();
    let agent = "echo 90 >p50_ms; git add p50_ms; git commit --quiet --message Try";
    let run = |flags: &[&str]| {
        let task = ["run", "--task", "x", "--agents", "1", "--agent-cmd", agent];
        let eval = ["--eval", "sh bench.sh", "--metric", "p50_ms"];
        repo.hub([&task[..], &eval, flags].concat()).run()
    };
    run(&["--report", "-"]).fails(2);
    run(&["--report", "."]).fails(6);
    assert!(
        !repo.hub_dir().join("sessions").exists(),
        "no session was made for it"
    );
    let answer = run(&["--report", "page.html"]).fails(6);
    assert!(answer.stderr.contains("needs a yes"), "{}", answer.stderr);
    assert!(repo.read("page.html").contains("agent-1</a></strong> wins"));
    run(&["--report", "merged.html", "--yes"]).ok();
    assert!(
        repo.read("merged.html")
            .contains("agent-1</a></strong> wins")
    );
    repo.hub(["eval", "latest", "--show", "--report", "later.html"])
        .ok();
    let later = repo.read("later.html");
    assert!(
        later.contains("<td class=\"added\">+1</td>"),
        "the work is there after the merge"
    );
}
