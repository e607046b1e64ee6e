"""An estate in which something of every state differs, for whoever looks at a report."""

from ops.audit.refusal import Refusal
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.live_answers import WRITTEN

SCRIPT = "<script>window.entered = true</script>"


def disturb(clouds: Clouds, name: str = "ci") -> Clouds:
    """Change an estate by hand: weakened rules, a key and a webhook, a rotated secret, a deleted label, a refusal."""
    github, production = clouds.github, clouds.supabase["production"]
    github["rules"][0] |= {"isAdminEnforced": False, "requiredApprovingReviewCount": 0}
    github["rulesets"][1]["bypass_actors"] = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    github["environments"][0]["protection_rules"] = github["environments"][0]["protection_rules"][1:]
    github["secrets of production"][0]["updated_at"] = "2026-06-01T22:14:05Z"
    github["labels"].clear()
    github["keys"].append(
        {
            "id": 4,
            "title": name,
            "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample",
            "read_only": False,
            "created_at": WRITTEN,
            "added_by": "eve",
        }
    )
    github["webhooks"] = Refusal(reason="GitHub answered 404 Not Found", permission="repository_hooks=read")
    production["functions"][0]["ezbr_sha256"] = "edited in the dashboard"
    production["database"]["hold"].append(
        {"digest": "5d3e" * 16, "record": 12, "at": WRITTEN, "reason": "totals were wrong"}
    )
    return clouds
