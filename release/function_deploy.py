"""Deploys one function, and proves that it answers."""

import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from release import archive
from release.credentials import read_credential
from release.error import ReleaseError
from release.function_source import FunctionSource
from release.live_state import ManifestRow, digest_function
from release.session import Session
from release.supabase_cli import CliAnswer, copied_backend, run_cli

# The platform may answer 404 for a while after it reports ACTIVE, and a first start takes seconds.
_ANSWER_SECONDS = 60
# Code that does not start now will not start in a minute either.
_BOOT_SECONDS = 15
# Seconds before each further try of an upload that the platform failed to answer.
_DEPLOY_PAUSES = (1, 4)
_NOT_FOUND = 404
_BOOT_ERROR = 503


def deploy_function(session: Session, backend: Path, function: FunctionSource, *, token: str) -> bool:
    """Deploy a function unless just this deploy was made and noted already.

    Args:
        session: the open release.
        backend: the backend's folder.
        function: what to deploy.
        token: the token to note.

    Returns:
        False when nothing had to be done.

    Raises:
        ReleaseError: the platform refused the sources, or the function does not answer.
    """
    started = time.monotonic()
    part = f"function:{function.slug}"
    row = session.manifest().get(part)
    live = _find(session, function.slug)
    if live and row and row == ManifestRow(source=function.digest, live=digest_live(live), token=token):
        return False
    if live and (row is None or row.live != digest_live(live)):
        _keep_body(session, function.slug)
    answer = _deploy(session, backend, function)
    if not answer.succeeded:
        left = _what_is_live(session, function, live, answer)
        raise ReleaseError(f"Function {function.slug} was not deployed: {answer.message}\n{left}")
    live = _find(session, function.slug)
    if live is None or live.get("status") != "ACTIVE":
        raise ReleaseError(
            f"Function {function.slug} was deployed, but the platform lists it as"
            f" {live.get('status') if live else 'missing'}. Remedy: `pulumi up` deploys it again."
        )
    _await_answer(session, function.slug)
    session.note(
        part,
        ManifestRow(source=function.digest, live=digest_live(live), token=token),
        seconds=time.monotonic() - started,
        version=int(live["version"]),
    )
    return True


def _deploy(session: Session, backend: Path, function: FunctionSource) -> CliAnswer:
    """Upload the sources; again where the platform gave no answer, as the same sources twice double nothing."""
    environment = {"SUPABASE_ACCESS_TOKEN": read_credential("SUPABASE_ACCESS_TOKEN", session.target.stack)}
    command = ["functions", "deploy", function.slug, "--use-api", f"--remote={session.target.ref}"]
    with copied_backend(backend, ["supabase/config.toml", *function.files]) as folder:
        for pause in (*_DEPLOY_PAUSES, None):
            answer = run_cli(command, folder=folder, environment=environment)
            if pause is None or not answer.unanswered:
                break
            sys.stdout.write(f"{function.slug}: {answer.message}; trying again in {pause} s\n")
            sys.stdout.flush()
            time.sleep(pause)
    return answer


def _what_is_live(
    session: Session, function: FunctionSource, before: Mapping[str, Any] | None, answer: CliAnswer
) -> str:
    """Say what a deploy that failed left live, and what to do: an answer that was lost may have been a success."""
    if not answer.in_doubt:
        return "What was live before still is. Remedy: correct the function, then `pulumi up`."
    remedy = "Remedy: `pulumi up` once the platform answers; it deploys the function again."
    try:
        now = _find(session, function.slug)
    except ReleaseError:
        return f"Whether it is live all the same is not known. {remedy}"
    if (now and digest_live(now)) == (before and digest_live(before)):
        return f"The platform lists what was live before. {remedy}"
    version = now["version"] if now else "none"
    return f"The platform lists version {version} all the same, which was not looked at. {remedy}"


def delete_function(session: Session, slug: str) -> bool:
    """Delete a function that the backend no longer has; False when it was gone already."""
    deleted = session.api.delete_function(slug)
    session.forget(f"function:{slug}")
    return deleted


def _keep_body(session: Session, slug: str) -> None:
    """Archive what somebody else than a release has put live, before it is gone."""
    body = session.api.function_body(slug)
    if body is None:
        return
    digest = hashlib.sha256(body).hexdigest()
    archive.keep(session.connection, digest, f"live:{slug}", body)
    sys.stdout.write(f"{slug}: what was live is not of a release; it is kept in the archive as {digest[:12]}\n")


def _find(session: Session, slug: str) -> dict[str, Any] | None:
    return next((live for live in session.api.functions() if live["slug"] == slug), None)


def digest_live(live: Mapping[str, Any]) -> str:
    """Give the digest of a function as the Management API lists it."""
    return digest_function(
        code=live.get("ezbr_sha256"),
        version=int(live["version"]),
        verify_jwt=live.get("verify_jwt"),
        status=str(live["status"]),
    )


def _await_answer(session: Session, slug: str) -> None:
    """Call the function until it answers itself, whatever it answers: `ACTIVE` alone is no proof.

    OPTIONS passes the gateway's token check, as browsers send it without a token.
    """
    url = f"{session.target.url}/functions/v1/{slug}"
    started = time.monotonic()
    limit = _ANSWER_SECONDS
    seen = "no answer"
    pause = 0.1
    while True:
        try:
            response = httpx.options(url, timeout=_ANSWER_SECONDS)
        except httpx.TransportError as error:
            seen = type(error).__name__
        else:
            code = response.headers.get("sb-error-code")
            # Only the gateway sets the header; without it the answer is the function's own.
            if code is None and response.status_code not in {_NOT_FOUND, _BOOT_ERROR}:
                return
            seen = f"{response.status_code} {code or ''}".strip()
            limit = _BOOT_SECONDS if code == "BOOT_ERROR" else _ANSWER_SECONDS
        if time.monotonic() + pause > started + limit:
            raise ReleaseError(
                f"Function {slug} is deployed and listed as ACTIVE, but does not answer ({seen}) after"
                f" {limit} s. Remedy: read its logs; `pulumi up` deploys it again."
            )
        time.sleep(pause)
        pause = min(pause * 2, 5)
