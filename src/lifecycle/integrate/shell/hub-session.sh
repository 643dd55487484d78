#!/bin/sh
# {marker}
#
# Lets several agents try one task, and prints how they did as one line of JSON:
#
#   scripts/hub-session.sh TASK [NUMBER-OF-AGENTS]
#
# The agent, the eval command, the metric and its direction come from the settings of hub
# (.agenthub/config.yaml, or HUB_AGENT_CMD, HUB_EVAL_CMD, HUB_METRIC, HUB_DIRECTION). Needs jq.
# Nothing is merged. The exit status is that of `hub eval`: 8 says that there is no winner.
set -eu

task=${1:?the task is missing}
agents=${2:-3}

made=$(hub init --task "$task" --agents "$agents" --json)
session=$(printf '%s\n' "$made" | jq -r .session_id)
hub spawn "$session" >&2

# An agent that failed may have left work all the same.
hub wait "$session" >&2 || true

status=0
found=$(hub eval "$session" --json) || status=$?
printf '%s\n' "$found" | jq -c '{
  session,
  winner,
  results: [.results[] | {agent, rank, metric_value, delta, files_changed: .diff.files_changed}]
}'
hub status "$session" --json | jq -r '"next: \(.next // "nothing")"' >&2
exit "$status"
