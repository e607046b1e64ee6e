"""Cuts GitHub's GraphQL schema to what the local cloud answers: `python -m localcloud.github.cut_schema FILE`.

FILE is schema.graphql of the npm package @octokit/graphql-schema (MIT). A field stays where its type and the
types of its arguments stay; scalars, enumerations and inputs stay where they are used.
"""

import sys
from pathlib import Path

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
    print_type,
)
from graphql.type import is_specified_scalar_type

TARGET = Path(__file__).with_name("schema.graphql")

_HEADER = """\
# GitHub's GraphQL schema, cut to what the local cloud answers.
# Source: npm @octokit/graphql-schema 15.26.1, schema.graphql. MIT License, Copyright (c) 2017 Gregor Martynus.
# Made by: python -m localcloud.github.cut_schema FILE

"""
_ENTRIES = {
    "Query": {"node", "repository", "user", "organization", "viewer"},
    "Mutation": {
        *(f"{verb}BranchProtectionRule" for verb in ("create", "update", "delete")),
        *("resolveReviewThread", "unresolveReviewThread"),
        *("markPullRequestReadyForReview", "convertPullRequestToDraft"),
    },
}
_ALLOWANCES = ("BypassForcePushAllowance", "BypassPullRequestAllowance", "PushAllowance", "ReviewDismissalAllowance")
_KEPT = {
    *_ENTRIES,
    *("Node", "Actor", "RepositoryOwner", "User", "Organization", "Team", "App", "Repository", "PageInfo"),
    *("BranchProtectionRule", "BranchProtectionRuleConnection", "RequiredStatusCheckDescription"),
    *(f"{verb}BranchProtectionRulePayload" for verb in ("Create", "Update", "Delete")),
    *(name + suffix for name in _ALLOWANCES for suffix in ("", "Connection")),
    *("Bot", "PullRequest", "PullRequestReviewThread", "PullRequestReviewThreadConnection"),
    *("PullRequestReviewComment", "PullRequestReviewCommentConnection"),
    *(f"{verb}ReviewThreadPayload" for verb in ("Resolve", "Unresolve")),
    *("MarkPullRequestReadyForReviewPayload", "ConvertPullRequestToDraftPayload"),
    *("BranchActorAllowanceActor", "PushAllowanceActor", "ReviewDismissalAllowanceActor"),
}


def cut(sdl: str) -> str:
    """Give the cut of GitHub's whole schema, both as SDL; the cut has no descriptions."""
    # GitHub publishes SDL that breaks the specification in places, such as fields listed twice.
    types = build_schema(sdl, assume_valid=True).type_map
    for name in _KEPT:
        _reduce(types[name])
    pending, done = sorted(_KEPT), list[str]()
    for name in pending:
        done.append(name)
        pending.extend(sorted(_used_by(types[name]) - {*pending}))
    return _HEADER + "\n\n".join(_print(types[name]) for name in done) + "\n"


def _reduce(kept: GraphQLNamedType) -> None:
    if isinstance(kept, (GraphQLObjectType, GraphQLInterfaceType)):
        entries = _ENTRIES.get(kept.name, kept.fields)
        kept.fields = {name: field for name, field in kept.fields.items() if name in entries and _stays(field)}
        kept.interfaces = tuple(item for item in kept.interfaces if item.name in _KEPT)
    elif isinstance(kept, GraphQLUnionType):
        kept.types = tuple(item for item in kept.types if item.name in _KEPT)


def _stays(field: GraphQLField) -> bool:
    given, arguments = get_named_type(field.type), [get_named_type(item.type) for item in field.args.values()]
    return (is_leaf_type(given) or given.name in _KEPT) and all(
        is_leaf_type(item) or given.name.endswith("Payload") for item in arguments
    )


def _used_by(kept: GraphQLNamedType) -> set[str]:
    if isinstance(kept, (GraphQLObjectType, GraphQLInterfaceType)):
        arguments = [item for field in kept.fields.values() for item in field.args.values()]
        used = [get_named_type(item.type) for item in [*kept.fields.values(), *arguments]]
    elif isinstance(kept, GraphQLInputObjectType):
        used = [get_named_type(item.type) for item in kept.fields.values()]
    else:
        used = []
    return {item.name for item in used if not is_specified_scalar_type(item)}


def _print(kept: GraphQLNamedType) -> str:
    kept.description = None
    for part in [*getattr(kept, "fields", {}).values(), *getattr(kept, "values", {}).values()]:
        part.description = None
        for argument in getattr(part, "args", {}).values():
            argument.description = None
    return print_type(kept)


if __name__ == "__main__":
    TARGET.write_text(cut(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
