"""Whether an environment's token could harm another environment."""

from collections.abc import Callable, Iterator

from settings.stack import Settings


def find_reached_projects(settings: Settings, reaches: Callable[[str], bool]) -> Iterator[str]:
    """Find adopted projects of other stacks that this stack's Supabase token reaches, unless that is waived.

    Only a stack that creates its project is held to this: its credentials are those that more people and jobs have.

    Args:
        settings: the stack's.
        reaches: asks the platform whether the token may read the project of a ref.

    Returns:
        One sentence for each project, with the remedy.
    """
    if settings.supabase.project.ref or settings.waivers.token_reaches_production:
        return
    for stack, other in sorted(settings.others.items()):
        ref = other.project.ref
        if ref and reaches(ref):
            yield (
                f"SUPABASE_ACCESS_TOKEN of stack {settings.stack} can also reach {ref}, the project of stack"
                f" {stack}, so whoever gets hold of it reaches both. Remedy: a token limited to this stack's project"
                " (or an organisation of its own); or, if that is accepted, waivers.tokenReachesProduction with the"
                " reason."
            )
