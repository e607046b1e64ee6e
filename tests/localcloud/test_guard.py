import httpx
import pytest

from tests.conftest import LocalCloudUnderTest


def _status(cloud: LocalCloudUnderTest, method: str, path: str, **headers: str) -> int:
    return httpx.request(method, f"{cloud.url}{path}", headers=headers, trust_env=False).status_code


@pytest.mark.parametrize("path", ["/", "/_control/status", "/_control/health", "/_control/status/page.js"])
def test_a_name_that_only_resolves_to_this_machine_is_refused(local_cloud: LocalCloudUnderTest, path: str) -> None:
    port = local_cloud.url.rpartition(":")[2]
    hosts = [f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example", f"localhost.evil.example:{port}", ""]
    assert {host: _status(local_cloud, "GET", path, host=host) for host in hosts} == dict.fromkeys(hosts, 403)
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", "localhost"):
        assert _status(local_cloud, "GET", path, host=host) == 200


def test_a_foreign_page_can_not_move_the_control_plane(local_cloud: LocalCloudUnderTest) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert _status(local_cloud, "DELETE", "/_control/faults", origin=origin) == 403
    assert _status(local_cloud, "DELETE", "/_control/faults", origin=local_cloud.url) == 204


def test_the_emulated_clouds_are_left_to_their_own_rules(local_cloud: LocalCloudUnderTest) -> None:
    # They ask for credentials, and apps reach functions under any name.
    assert _status(local_cloud, "GET", "/v1/projects", host="cloud.example", origin="http://app.example") == 401
