#!/usr/bin/env bash
# The process document's own way to release: everything, in its order, with nothing that decides what has to run.
#   plain.sh REF DATABASE_URL PROJECT_URL     in the backend's folder; credentials in the environment
set -euo pipefail
deno test --allow-all --quiet --reporter=dot
supabase functions deploy --use-api --project-ref "$1" --yes
supabase db push --remote="$2" --yes
deno run --quiet --allow-net --allow-env scripts/smoke-tests.ts "$3"
