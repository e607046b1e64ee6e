"""The project that a stack file declares, as the platform tells of it before this run changes anything."""

from provider.invokes import ProjectInfo, begin_get_project
from settings.supabase import SupabaseSettings


class FoundProject:
    """Owns the question for the project; it is asked at once, so that the provider starts while GitHub is read.

    Args:
        supabase: a project by its ref, or by organisation and name.
    """

    def __init__(self, supabase: SupabaseSettings) -> None:
        ref = supabase.project.ref
        self._answer = begin_get_project(
            ref=ref, organization=None if ref else supabase.organization, name=None if ref else supabase.project.name
        )

    def read(self) -> ProjectInfo:
        """Give the answer.

        Raises:
            pulumi.RunError: several projects have that name, or Supabase could not be asked.
        """
        return self._answer()
