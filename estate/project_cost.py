"""What a project that a stack is about to create costs."""


def describe_cost(organization: str, name: str, plan: str | None) -> str:
    """Say what creating a project means on the organisation's plan (supabase.com/pricing), None where it isn't told."""
    subject = f"project {name} will be created in organisation {organization}"
    if plan == "free":
        return (
            f"{subject}, which is on the free plan: it costs nothing, counts as one of the two active projects that"
            " each of its owners may have, and is paused after a week without use"
        )
    told = f"on the plan {plan}" if plan else "whose plan the platform does not tell"
    return f"{subject}, {told}: its compute is billed by the hour from then on, see https://supabase.com/pricing"
