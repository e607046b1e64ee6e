import pytest

from release.error import ReleaseError
from release.live_state import KnownHashes
from release.promotion import Approval, promote, refuse_held, refuse_unreviewed
from settings.promotion import HotfixSettings

DIGEST = "a" * 64
OTHER = "b" * 64
NOTHING = KnownHashes()
THERE = KnownHashes(validated={DIGEST: "release 7 of 2026-01-02 10:00"})
HOTFIX = HotfixSettings(release=DIGEST, reason="logins fail since noon")


def decide(own: KnownHashes = NOTHING, there: KnownHashes | None = None, hotfix: HotfixSettings | None = None) -> str:
    promotion = promote("production", DIGEST, own=own, validated_by="staging", there=there, hotfix=hotfix)
    return f"{promotion.basis} / {promotion.hotfix}"


def test_what_the_other_stack_validated_is_taken() -> None:
    assert decide(there=THERE) == "validated in staging as release 7 of 2026-01-02 10:00 / None"


def test_what_was_validated_here_before_is_taken_again() -> None:
    own = KnownHashes(validated={DIGEST: "release 3 of 2026-01-01 10:00"})
    assert decide(own=own) == "validated here before, as release 3 of 2026-01-01 10:00 / None"


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (None, "staging has validated nothing yet"),
        (NOTHING, "staging has validated nothing yet"),
        (
            KnownHashes(validated={OTHER: "release 9 of 2026-01-03 10:00"}),
            "staging has validated others, the last as release 9 of 2026-01-03 10:00",
        ),
        (
            KnownHashes(validated=THERE.validated, held={DIGEST: "since 2026-01-03 10:00 UTC (record 7): slow"}),
            "staging has it on hold since 2026-01-03 10:00 UTC (record 7): slow",
        ),
    ],
)
def test_anything_else_is_refused_with_what_was_found(there: KnownHashes | None, found: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        decide(there=there)
    assert f"may not go to production: {found}. Nothing was changed. Remedy: pulumi up --stack staging" in str(
        caught.value
    )
    assert f"hotfix.release {DIGEST}" in str(caught.value)


def test_a_hotfix_lets_just_its_own_release_in() -> None:
    assert decide(hotfix=HOTFIX) == "a hotfix that staging has not validated / logins fail since noon"
    other = HotfixSettings(release=OTHER, reason="logins fail since noon")
    with pytest.raises(ReleaseError, match="may not go to production"):
        decide(hotfix=other)


def test_a_hotfix_that_was_released_stays_one_until_it_is_validated_elsewhere() -> None:
    own = KnownHashes(validated={DIGEST: "release 3 of 2026-01-01 10:00"})
    assert decide(own=own, hotfix=HOTFIX).endswith("/ logins fail since noon")
    assert decide(own=own, there=THERE, hotfix=HOTFIX).startswith("validated in staging")


def test_what_a_rollback_left_is_refused_with_its_reason() -> None:
    hashes = KnownHashes(held={DIGEST: "since 2026-01-03 10:00 UTC (record 7): too slow"})
    refuse_held("staging", OTHER, hashes)
    with pytest.raises(ReleaseError, match=r"on hold in staging since .*too slow.*rollback --stack staging --clear"):
        refuse_held("staging", DIGEST, hashes)


def approval(reviewer: str = "dana", tree: str | None = "t1") -> Approval:
    return Approval(pull_request=12, author="ada", reviewer=reviewer, tree=tree)


def test_the_backend_that_somebody_else_approved_is_taken() -> None:
    refuse_unreviewed("production", "main", "t1", [approval(tree="t0"), approval()])


@pytest.mark.parametrize(
    ("tree", "approvals", "text"),
    [
        (None, [approval()], "is not that of a commit"),
        ("t1", [], "No merged pull request into main that somebody other than its author approved"),
        ("t1", [approval(reviewer="ada")], "No merged pull request into main that somebody other than its author"),
        ("t1", [approval(tree="t2")], "What was approved in #12 is another backend than this one"),
        ("t1", [approval(tree=None)], "What was approved in #12 is another backend than this one"),
    ],
)
def test_what_nobody_else_approved_is_refused(tree: str | None, approvals: list[Approval], text: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        refuse_unreviewed("production", "main", tree, approvals)
    assert text in str(caught.value)
    assert "Nothing was changed. Remedy: " in str(caught.value)
