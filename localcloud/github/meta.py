"""What GitHub tells about itself and about the caller's account."""

from localcloud.github.operations import Answer, Call, operation


@operation("GET", "/meta")
def get_meta(call: Call) -> Answer:
    """Tell what is known of this GitHub: its domains; it has no addresses and no keys of its own."""
    host = call.web.partition("://")[2].partition(":")[0]
    return Answer(body={"verifiable_password_authentication": False, "domains": {"website": [host]}})


@operation("GET", "/rate_limit")
def get_rate_limit(call: Call) -> Answer:
    """Tell the caller's hour; asking is free. Searches, which have a limit of their own, there are none of."""
    core = call.account["core"]
    search = core | {"limit": 30, "remaining": 30, "used": 0, "resource": "search"}
    return Answer(body={"resources": {**call.account, "search": search}, "rate": core})
