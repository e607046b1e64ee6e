"""An audit's report as one HTML page that needs nothing beside it."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from ops.audit.report import Report
from ops.audit.summary import describe, tell_value


def write_page(report: Report) -> str:
    """Give the page's text; everything that comes from outside is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"value": tell_value, "what": describe}
    folder = files("ops.audit")
    template = environment.from_string(folder.joinpath("page.html").read_text(encoding="utf-8"))
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    return template.render(report=report, states=report.count_states(), style=style)
