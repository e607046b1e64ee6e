"""Every bench by its name; a new one is a line here."""

from collections.abc import Mapping

from bench import audit, local_cloud, refresh, release, unchanged
from bench.measurement import Bench

BENCHES: Mapping[str, Bench] = {
    "local-cloud": local_cloud.BENCH,
    "release": release.BENCH,
    "unchanged": unchanged.BENCH,
    "audit": audit.BENCH,
    "refresh": refresh.BENCH,
}
