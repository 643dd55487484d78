#!/bin/sh
# Plays an agent: a real one would read $HUB_PROMPT_FILE and think for itself.
set -e
echo "$HUB_AGENT works on: $HUB_TASK"
case $HUB_AGENT in
agent-1)
    cat >sum.sh <<'END'
#!/bin/sh
# Adds up the numbers from 1 to $1, two at a time.
n=${1:-300}
sum=0
i=1
while [ "$i" -lt "$n" ]; do
    sum=$((sum + i + i + 1))
    i=$((i + 2))
done
[ "$i" -gt "$n" ] || sum=$((sum + n))
echo "$sum"
END
    message='Add two numbers in a step' ;;
agent-2)
    cat >sum.sh <<'END'
#!/bin/sh
# Adds up the numbers from 1 to $1: pairs from both ends are all alike.
n=${1:-300}
echo "$((n * (n + 1) / 2))"
END
    message='Use the closed form' ;;
*)
    cat >sum.sh <<'END'
#!/bin/sh
# Knows the answer.
echo 45150
END
    message='Remember the answer' ;;
esac
git commit --quiet --no-verify --all --message "$message"
