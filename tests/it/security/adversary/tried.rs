//! What is tried.

/// One thing that an agent tries.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// By which it tells that it could.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it runs: a success is that it could.
    pub code: &'static str,
    /// The first level that denies it.
    pub first: First,
    /// A program without which it cannot be tried; `mknod` must be allowed, too.
    pub needs: Option<&'static str>,
}

/// The first level at which something is denied.
#[derive(Clone, Copy)]
pub enum First {
    Low,
    Medium,
    High,
    Maximum,
}

impl Attempt {
    /// The place of that level among all.
    pub fn denied_from(&self) -> usize {
        self.first as usize
    }
}

const fn from(
    first: First,
    name: &'static str,
    title: &'static str,
    code: &'static str,
) -> Attempt {
    Attempt {
        name,
        title,
        code,
        first,
        needs: None,
    }
}

const fn with(needs: &'static str, attempt: Attempt) -> Attempt {
    Attempt {
        needs: Some(needs),
        ..attempt
    }
}

use First::{High, Low, Maximum, Medium};

pub const ATTEMPTS: &[Attempt] = &[
    // What it is given.
    from(
        Medium,
        "token",
        "find a token in its environment",
        "[ -n \"$GH_TOKEN\" ]",
    ),
    from(
        Medium,
        "password",
        "find an address with a password in its environment",
        "[ -n \"$STORE\" ]",
    ),
    from(
        Medium,
        "ssh-agent",
        "find the agent that holds your keys",
        "[ -n \"$SSH_AUTH_SOCK\" ]",
    ),
    from(
        High,
        "variable",
        "find any other variable of yours",
        "[ -n \"$PLAIN\" ]",
    ),
    from(
        High,
        "environ",
        "read the environment of its supervisor",
        "tr '\\0' '\\n' </proc/$supervisor/environ | grep -q GH_TOKEN",
    ),
    // What it reads.
    from(
        High,
        "ssh-key",
        "read a key in `~/.ssh`",
        "cat $home/.ssh/id",
    ),
    from(
        High,
        "gnupg",
        "read a key in `~/.gnupg`",
        "cat $home/.gnupg/key",
    ),
    from(
        High,
        "aws",
        "read `~/.aws/credentials`",
        "cat $home/.aws/credentials",
    ),
    from(High, "netrc", "read `~/.netrc`", "cat $home/.netrc"),
    from(
        High,
        "notes",
        "read another file of yours",
        "cat $home/notes",
    ),
    from(High, "list-home", "list your home folder", "ls $home"),
    from(
        High,
        "link-out",
        "read a key through a link in its worktree",
        "ln -s $home/.ssh/id key; cat key",
    ),
    from(
        High,
        "proc-root",
        "read a key through `/proc/PID/root` of its supervisor",
        "cat /proc/$supervisor/root$home/.ssh/id",
    ),
    from(
        High,
        "proc-fd",
        "see what its supervisor has open",
        "readlink /proc/$supervisor/fd/1",
    ),
    from(
        High,
        "read-main",
        "read the main worktree",
        "cat $MAIN/agent.sh",
    ),
    from(
        High,
        "read-theirs",
        "read another agent's worktree",
        "cat $theirs/agent.sh",
    ),
    from(
        High,
        "read-their-log",
        "read another agent's prompt",
        "cat $session/agents/agent-2/prompt.md",
    ),
    from(
        High,
        "read-state",
        "read the session's state and results",
        "cat $session/state.json",
    ),
    // What it writes.
    from(
        High,
        "bashrc",
        "write `~/.bashrc`",
        "echo x >>$home/.bashrc",
    ),
    from(
        High,
        "authorized",
        "write `~/.ssh/authorized_keys`",
        "echo x >>$home/.ssh/authorized_keys",
    ),
    from(
        High,
        "autostart",
        "make a file in your home folder",
        "echo x >$home/.profile",
    ),
    from(
        High,
        "link-write",
        "write `~/.bashrc` through a link in its worktree",
        "ln -s $home/.bashrc rc; echo x >>rc",
    ),
    from(
        High,
        "tmp",
        "write the temporary folder that all share",
        "f=$(mktemp -p /tmp) && rm \"$f\"",
    ),
    from(
        High,
        "shm",
        "write `/dev/shm`",
        "f=$(mktemp -p /dev/shm) && rm \"$f\"",
    ),
    from(
        High,
        "write-main",
        "change a file of the main worktree",
        "echo x >>$MAIN/agent.sh",
    ),
    from(
        High,
        "new-main",
        "make a file in the main worktree",
        "echo x >$MAIN/planted",
    ),
    from(
        High,
        "move-out",
        "move a file out of its worktree",
        "echo x >moved; mv moved $MAIN/moved && [ -e $MAIN/moved ]",
    ),
    from(
        High,
        "hard-link",
        "link a file of yours into its worktree",
        "ln $home/notes linked",
    ),
    from(High, "truncate", "empty a file of yours", ": >$home/notes"),
    from(
        High,
        "write-theirs",
        "change another agent's worktree",
        "echo x >>$theirs/agent.sh",
    ),
    from(
        High,
        "remove-theirs",
        "remove another agent's work",
        "rm $theirs/agent.sh",
    ),
    from(
        High,
        "write-state",
        "rewrite the session's state",
        ": >>$session/state.json",
    ),
    from(
        High,
        "write-journal",
        "write the journal",
        ": >>$session/events.jsonl",
    ),
    from(
        High,
        "write-config",
        "change the command that measures it",
        ": >>$session/config.yaml",
    ),
    from(
        High,
        "plant",
        "plant a file in the hub directory",
        "echo x >$session/planted",
    ),
    from(
        High,
        "their-log",
        "write another agent's log",
        ": >>$session/agents/agent-2/stdout.log",
    ),
    from(
        High,
        "their-inbox",
        "say something to another agent by its inbox",
        ": >>$session/agents/agent-2/inbox.md",
    ),
    // What it does to the repository.
    from(
        High,
        "base",
        "move the base branch",
        "git -C $MAIN update-ref refs/heads/main HEAD^{commit}",
    ),
    from(
        High,
        "their-branch",
        "move another agent's branch",
        "git update-ref refs/heads/hub/$HUB_SESSION/agent-2/attempt-1 HEAD",
    ),
    from(
        High,
        "delete-theirs",
        "delete another agent's branch",
        "git update-ref -d refs/heads/hub/$HUB_SESSION/agent-2/attempt-1",
    ),
    from(
        High,
        "branch",
        "make a branch of another name",
        "git branch mine",
    ),
    from(High, "tag", "make a tag", "git tag mine"),
    from(High, "delete-tag", "delete a tag", "git tag -d theirs"),
    from(
        High,
        "hub-ref",
        "make a ref of hub's own",
        "git update-ref refs/hub/snapshots/x HEAD",
    ),
    from(High, "pack", "pack all refs", "git pack-refs --all"),
    from(
        High,
        "head",
        "let the main worktree's HEAD name something else",
        "git -C $MAIN symbolic-ref HEAD refs/heads/elsewhere && git -C $MAIN symbolic-ref HEAD refs/heads/main",
    ),
    from(
        High,
        "stash",
        "put something on your stash",
        "echo x >new; git stash -u",
    ),
    from(
        High,
        "hook",
        "plant a hook",
        "echo x >$git_dir/hooks/pre-commit",
    ),
    from(
        High,
        "config",
        "set the repository's configuration",
        "git -C $MAIN config core.pager evil",
    ),
    from(
        High,
        "attributes",
        "set the repository's attributes",
        "mkdir -p $git_dir/info; echo '* filter=x' >$git_dir/info/attributes",
    ),
    // Whom it reaches.
    from(
        High,
        "supervisor",
        "signal its supervisor",
        "kill -0 $supervisor",
    ),
    from(
        High,
        "their-process",
        "signal another agent",
        "kill -0 $other",
    ),
    from(
        High,
        "setuid",
        "gain privileges by a program",
        "grep -q 'NoNewPrivs:.*0' /proc/self/status",
    ),
    with(
        "mknod",
        from(High, "device", "make a device", "mknod node c 1 3"),
    ),
    from(
        Medium,
        "big-file",
        "write a file beyond the limit",
        "head -c 2000000 /dev/zero >big; [ $(wc -c <big) -gt 1500000 ]",
    ),
    from(
        Medium,
        "open-files",
        "open more files than it may",
        "[ $(ulimit -n) -gt 64 ]",
    ),
    from(
        Medium,
        "memory",
        "take more memory than it may",
        "head -c 300000000 /dev/zero | tail | wc -c | grep -q 300000000",
    ),
    with(
        "bash",
        from(
            High,
            "tcp",
            "connect to a port of this machine",
            "bash -c \"exec 3<>/dev/tcp/127.0.0.1/$TCP\"",
        ),
    ),
    with(
        "bash",
        from(
            High,
            "udp",
            "send a datagram",
            "bash -c \"echo x >/dev/udp/127.0.0.1/$UDP\"",
        ),
    ),
    with(
        "perl",
        from(
            High,
            "listen",
            "listen on a port",
            "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Listen=>1,LocalAddr=>\"127.0.0.1\") or exit 1'",
        ),
    ),
    with(
        "perl",
        from(
            High,
            "unix",
            "connect to a socket that has a path, as docker's",
            "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer=>$ARGV[0]) or exit 1' $SOCKET",
        ),
    ),
    from(
        Maximum,
        "own-program",
        "run a program that it made",
        "printf '#!/bin/sh\\nexit 0\\n' >own; chmod +x own; ./own",
    ),
    from(
        Maximum,
        "copied",
        "run a copy of a program of the system",
        "cp /bin/true copied; ./copied",
    ),
    // What it asks of hub.
    from(
        High,
        "board-file",
        "put a file among the posts",
        "echo x >$HUB_DIR/board/progress/900-agent-2-20261121T101500Z.md",
    ),
    from(
        High,
        "post-as",
        "post as somebody else",
        "hub board post --author agent-2 --message forged --format json | grep -q agent-2",
    ),
    from(
        High,
        "trust",
        "trust a command in your name",
        "mkdir -p $home/.local/state/agenthub/trust && echo x >$home/.local/state/agenthub/trust/x",
    ),
    from(
        Low,
        "level",
        "change the level of its session",
        "hub security $HUB_SESSION --level maximum",
    ),
    from(
        High,
        "stop",
        "end another agent by hub",
        "hub stop $HUB_SESSION --agent agent-2",
    ),
    // Last: where processes are only counted, the agent is ended for it.
    from(
        Medium,
        "fork-bomb",
        "start more processes than it may",
        "i=0; p=; while [ $i -lt 90 ]; do sleep 20 & p=\"$p $!\"; i=$((i+1)); done; sleep 3; kill $p",
    ),
];
