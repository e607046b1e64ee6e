"""Fetches what GitHub tells of a repository, as it tells it."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from ops.audit.answer_forms import check_github
from ops.audit.reader import Reader, read_in_form
from ops.audit.refusal import Refusal

Reading = Mapping[str, Any]
"""Part of the repository to the API's answer, or to a `Refusal`."""

_MOST_PAGES = 100
_ADMINISTRATION = "administration=read"
_ACTORS = "nodes { actor { __typename ... on User { login } ... on Team { slug } ... on App { slug } } }"
RULES_QUERY = f"""query ($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    viewerCanAdminister
    branchProtectionRules(first: 100, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        pattern allowsDeletions allowsForcePushes blocksCreations dismissesStaleReviews isAdminEnforced
        lockAllowsFetchAndMerge lockBranch requireLastPushApproval requiredApprovingReviewCount
        requiredDeploymentEnvironments requiresApprovingReviews requiresCodeOwnerReviews requiresCommitSignatures
        requiresConversationResolution requiresDeployments requiresLinearHistory requiresStatusChecks
        requiresStrictStatusChecks restrictsPushes restrictsReviewDismissals
        requiredStatusChecks {{ context app {{ databaseId }} }}
        pushAllowances(first: 100) {{ {_ACTORS} }}
        reviewDismissalAllowances(first: 100) {{ {_ACTORS} }}
        bypassForcePushAllowances(first: 100) {{ {_ACTORS} }}
        bypassPullRequestAllowances(first: 100) {{ {_ACTORS} }}
      }}
    }}
  }}
}}"""


async def read_github(
    reader: Reader, graphql: str, owner: str, repository: str, *, branches: Collection[str], teams: Collection[str]
) -> Reading:
    """Read a repository's rules, environments, secrets by name, people, and what reported on its last merges.

    Args:
        reader: a client of GitHub's API; its base address is that of the REST API.
        graphql: address of the GraphQL API.
        owner: as GitHub names it.
        repository: as GitHub names it.
        branches: those that stacks release from.
        teams: slugs of the teams whose members matter.
    """
    here = f"repos/{owner}/{repository}"
    parts = {
        "repository": reader.get(here, permission="metadata=read"),
        "organization": reader.get(f"orgs/{owner}", permission="a member's token", absent=True),
        "rules": _read_rules(reader, graphql, owner, repository),
        "rulesets": _read_rulesets(reader, here),
        "environments": reader.get_all(f"{here}/environments", "environments", permission="actions=read"),
        "secrets": reader.get_all(f"{here}/actions/secrets", "secrets", permission="secrets=read"),
        "variables": reader.get_all(f"{here}/actions/variables", "variables", permission="actions_variables=read"),
        "actions": _read_actions(reader, here),
        "labels": reader.get_all(f"{here}/labels", permission="issues=read"),
        "keys": reader.get_all(f"{here}/keys", permission=_ADMINISTRATION),
        "webhooks": reader.get_all(f"{here}/hooks", permission="repository_hooks=read"),
        "collaborators": reader.get_all(f"{here}/collaborators", permission="metadata=read"),
        **{f"branch {name}": _read_branch(reader, here, name) for name in branches},
        **{f"reported {name}": _read_reported(reader, here, name) for name in branches},
        **{f"team {slug}": _read_team(reader, owner, slug) for slug in teams},
    }
    answers = await _gather(parts)
    answers |= check_github({"environments": answers["environments"]})
    return answers | await _read_environments(reader, here, answers["environments"])


async def _gather(parts: Mapping[str, Awaitable[Any]]) -> dict[str, Any]:
    readings = (read_in_form("GitHub", part, reading) for part, reading in parts.items())
    return dict(zip(parts, await asyncio.gather(*readings), strict=True))


async def _read_rules(reader: Reader, graphql: str, owner: str, repository: str) -> Any:
    nodes: list[Any] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        variables = {"owner": owner, "name": repository, "after": after}
        answer = await reader.query(graphql, RULES_QUERY, variables, permission=_ADMINISTRATION)
        if isinstance(answer, Refusal):
            return answer
        found = (answer["repository"] or {}).get("branchProtectionRules")
        # To somebody who may not administer the repository an empty list proves nothing.
        if not found or not (found["nodes"] or answer["repository"]["viewerCanAdminister"]):
            return Refusal(reason="GitHub tells the rules to administrators only", permission=_ADMINISTRATION)
        nodes += found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            return nodes
        after = found["pageInfo"]["endCursor"]
    return Refusal(reason=f"GitHub tells of more than {len(nodes)} rules, and of no end")


async def _read_rulesets(reader: Reader, here: str) -> Any:
    listed = await reader.get_all(f"{here}/rulesets?includes_parents=true", permission="metadata=read")
    if isinstance(listed, Refusal):
        return listed
    details = (reader.get(f"{here}/rulesets/{entry['id']}", permission="metadata=read") for entry in listed)
    answers = await asyncio.gather(*details)
    return next((answer for answer in answers if isinstance(answer, Refusal)), answers)


async def _read_actions(reader: Reader, here: str) -> Any:
    general, workflow = await asyncio.gather(
        reader.get(f"{here}/actions/permissions", permission=_ADMINISTRATION),
        reader.get(f"{here}/actions/permissions/workflow", permission=_ADMINISTRATION),
    )
    selected: Any = {}
    if not isinstance(general, Refusal) and general.get("allowed_actions") == "selected":
        selected = await reader.get(f"{here}/actions/permissions/selected-actions", permission=_ADMINISTRATION)
    answers = [general, workflow, selected]
    refused = next((answer for answer in answers if isinstance(answer, Refusal)), None)
    return refused or {"permissions": general, "workflow": workflow, "selected": selected}


async def _read_environments(reader: Reader, here: str, environments: Any) -> dict[str, Any]:
    if isinstance(environments, Refusal):
        return {}
    parts = {}
    for environment in environments:
        name = environment["name"]
        path = f"{here}/environments/{quote(name, safe='')}"
        parts[f"secrets of {name}"] = reader.get_all(f"{path}/secrets", "secrets", permission="environments=read")
        parts[f"variables of {name}"] = reader.get_all(f"{path}/variables", "variables", permission="environments=read")
        if (environment.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
            policies = f"{path}/deployment-branch-policies"
            parts[f"policies of {name}"] = reader.get_all(policies, "branch_policies", permission="actions=read")
    return await _gather(parts)


async def _read_branch(reader: Reader, here: str, name: str) -> Any:
    return await reader.get(f"{here}/branches/{quote(name)}", permission="contents=read", absent=True)


async def _read_reported(reader: Reader, here: str, branch: str) -> Any:
    """Give what reported on the pull request that was merged last into a branch; None before the first one."""
    asked = f"{here}/pulls?state=closed&base={quote(branch, safe='')}&sort=updated&direction=desc&per_page=30"
    pulls = await reader.get(asked, permission="pull_requests=read")
    if isinstance(pulls, Refusal):
        return pulls
    merged = next((pull for pull in pulls if pull["merged_at"]), None)
    if merged is None:
        return None
    path = f"{here}/commits/{merged['head']['sha']}/check-runs"
    runs = await reader.get_all(path, "check_runs", permission="checks=read")
    return runs if isinstance(runs, Refusal) else {"pull": merged["number"], "runs": runs}


async def _read_team(reader: Reader, owner: str, slug: str) -> Any:
    team = await reader.get(f"orgs/{owner}/teams/{quote(slug)}", permission="members=read", absent=True)
    if team is None or isinstance(team, Refusal):
        return team
    members = await reader.get_all(f"orgs/{owner}/teams/{quote(slug)}/members", permission="members=read")
    return members if isinstance(members, Refusal) else {**team, "members": members}
