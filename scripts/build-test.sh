#!/usr/bin/env bash
# Builds the iOS app for the simulator, without signing: proof that it compiles.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/build-test.sh [--scheme NAME] [WORKSPACE_OR_PROJECT]

Finds the one *.xcworkspace (or, if there is none, the one *.xcodeproj) of this
repository and builds its scheme for the iOS simulator with xcodebuild.

  --scheme NAME         the scheme, if there are several and none has the project's name
  WORKSPACE_OR_PROJECT  what to build, if the repository holds several

Exit code: 0 it builds, 1 it does not, 2 wrong usage or an ambiguous choice,
3 there is no iOS project, 4 this machine can't build for iOS.
TEXT
}

fail() { # EXIT_CODE MESSAGE
  printf 'build-test: %s\n' "$2" >&2
  exit "$1"
}

# Lines of one text, as a list for a message.
listed() {
  printf '%s\n' "$1" | sed 's/^/  /'
}

scheme=""
container=""
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --scheme) [ $# -ge 2 ] || fail 2 "--scheme needs a name."; scheme="$2"; shift 2 ;;
    -*) fail 2 "unknown option $1; see --help." ;;
    *) [ -z "$container" ] || fail 2 "give one workspace or project; see --help."; container="$1"; shift ;;
  esac
done

# What dependency managers check out and what is inside a project (its own workspace) is not the app.
find_containers() { # SUFFIX
  find . \( -name '.?*' -o -name Pods -o -name Carthage -o -name build -o -name DerivedData -o -name node_modules \) \
    -prune -o -type d -name "*.$1" -print -prune -o -type d -name '*.xcodeproj' -prune | sort
}

if [ -z "$container" ]; then
  cd "$(dirname "$0")/.."
  found="$(find_containers xcworkspace)"
  [ -n "$found" ] || found="$(find_containers xcodeproj)"
  [ -n "$found" ] || fail 3 "no *.xcworkspace and no *.xcodeproj in $PWD: there is no iOS app to build."
  if [ "$(printf '%s\n' "$found" | wc -l)" -gt 1 ]; then
    fail 2 "there are several, say which one to build:
$(listed "$found")"
  fi
  container="$found"
fi

case "${container%/}" in
  *.xcworkspace) kind=-workspace ;;
  *.xcodeproj) kind=-project ;;
  *) fail 2 "$container is neither an *.xcworkspace nor an *.xcodeproj." ;;
esac
[ -d "$container" ] || fail 3 "$container does not exist."

[ "$(uname -s)" = Darwin ] || fail 4 "iOS apps are built on macOS, this is $(uname -s). Run it on a Mac or a macOS runner."
command -v xcodebuild >/dev/null || fail 4 "xcodebuild is missing: install Xcode and run 'xcode-select --install'."

if [ -z "$scheme" ]; then
  listing="$(xcodebuild -list "$kind" "$container")" || fail 1 "xcodebuild can't read $container."
  schemes="$(printf '%s\n' "$listing" |
    awk '/^ *Schemes:/ { inside = 1; next } inside && !NF { exit } inside { sub(/^ +/, ""); print }')"
  [ -n "$schemes" ] || fail 2 "$container has no shared scheme: share one in Xcode (Product > Scheme > Manage Schemes)."
  name="$(basename "${container%/}")"
  if [ "$(printf '%s\n' "$schemes" | wc -l)" -eq 1 ]; then
    scheme="$schemes"
  elif printf '%s\n' "$schemes" | grep -Fqx -- "${name%.*}"; then
    scheme="${name%.*}"
  else
    fail 2 "$container has several schemes, choose one with --scheme:
$(listed "$schemes")"
  fi
fi

printf 'build-test: scheme %s of %s for the iOS simulator\n' "$scheme" "$container"
xcodebuild "$kind" "$container" -scheme "$scheme" -configuration Debug \
  -destination 'generic/platform=iOS Simulator' CODE_SIGNING_ALLOWED=NO build ||
  fail 1 "the build failed; xcodebuild says why above."
