"""Says before a project is created what it costs."""

import pulumi

from components.adoption import Adoption
from components.found_project import FoundProject
from estate.project_cost import describe_cost
from provider.invokes import get_organization
from settings.supabase import SupabaseSettings


def announce_cost(supabase: SupabaseSettings, found: FoundProject, adoption: Adoption) -> None:
    """Log what the project will cost, if this run is going to create it.

    Raises:
        pulumi.RunError: Supabase could not be asked.
    """
    project, organization = supabase.project, supabase.organization
    if project.ref or adoption.knows("supabase:index:Project"):
        return
    if not found.read().found:
        pulumi.log.info(describe_cost(organization, project.name, get_organization(organization).plan))
