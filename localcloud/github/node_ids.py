"""Global ids of GitHub objects: opaque text made of the kind and the number."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

_PREFIXES = {
    "Organization": "O",
    "User": "U",
    "Team": "T",
    "App": "A",
    "Repository": "R",
    "BranchProtectionRule": "BPR",
    "Environment": "EN",
    "DeploymentBranchPolicy": "DBP",
    "Gate": "GA",
    "Label": "LA",
    "RepositoryInvitation": "RI",
    "RepositoryRuleset": "RRS",
    "Bot": "BOT",
    "Issue": "I",
    "IssueComment": "IC",
    "PullRequest": "PR",
    "PullRequestReview": "PRR",
    "PullRequestReviewComment": "PRRC",
    "PullRequestReviewThread": "PRRT",
    "CheckRun": "CR",
    "StatusContext": "SC",
}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}


def node_id(kind: str, number: int) -> str:
    """Give the global id of the object of a GraphQL type (or REST kind) with a database number."""
    return f"{_PREFIXES[kind]}_kgDO{urlsafe_b64encode(number.to_bytes(6, 'big')).decode()}"


def parse_node_id(text: str) -> tuple[str, int] | None:
    """Give the kind and the number that `node_id` made a global id of; None for any other text."""
    prefix, _, number = text.partition("_kgDO")
    try:
        return _KINDS[prefix], int.from_bytes(urlsafe_b64decode(number), "big")
    except (KeyError, binascii.Error):
        return None


def git_node_id(kind: str, repository: int, name: str) -> str:
    """Give the global id of a git object: a REF by its full name, a C (commit) by its hash."""
    return f"{kind}_{urlsafe_b64encode(f'{repository}:{name}'.encode()).decode().rstrip('=')}"
