"""Every bench by its name; a new one is a line here."""

from collections.abc import Mapping

from bench import audit, first_release, footprint, growth, local_cloud, refresh, release, unchanged
from bench.measurement import Bench

BENCHES: Mapping[str, Bench] = {
    "local-cloud": local_cloud.BENCH,
    "release": release.BENCH,
    "unchanged": unchanged.BENCH,
    "growth": growth.BENCH,
    "first-release": first_release.BENCH,
    "audit": audit.BENCH,
    "footprint": footprint.BENCH,
    "refresh": refresh.BENCH,
}
