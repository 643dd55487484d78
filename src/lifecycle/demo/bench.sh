#!/bin/sh
# Measures sum.sh: it must be right, and it takes as many steps as the shell traces.
for n in 1 2 7 300; do
    want=$((n * (n + 1) / 2))
    got=$(sh ./sum.sh "$n")
    if [ "$got" != "$want" ]; then
        echo "sum.sh $n prints $got, not $want" >&2
        exit 1
    fi
done
echo "steps: $(sh -x ./sum.sh 300 2>&1 >/dev/null | wc -l | tr -d ' ')"
