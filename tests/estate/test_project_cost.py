import pytest

from estate.project_cost import describe_cost


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ("free", "one of the two active projects"),
        ("pro", "on the plan pro: its compute is billed by the hour"),
        (None, "whose plan the platform does not tell: its compute is billed by the hour"),
    ],
)
def test_each_plan_says_what_a_project_costs(plan: str | None, text: str) -> None:
    told = describe_cost("acme", "app", plan)
    assert told.startswith("project app will be created in organisation acme")
    assert text in told
