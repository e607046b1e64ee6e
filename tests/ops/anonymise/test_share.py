import pytest

from ops.anonymise.share import Share, read_share
from release.error import ReleaseError


@pytest.mark.parametrize(
    ("sample", "fit", "share"),
    [
        (None, None, Share()), ("10%", None, Share(share=0.1)), ("2.5 %", None, Share(share=0.025)),
        ("5000", None, Share(rows=5000)), (None, "500MB", Share(bytes=500_000_000)),
        (None, "1.5 GiB", Share(bytes=1_610_612_736)),
    ],
)  # fmt: skip
def test_the_options_are_read(sample: str | None, fit: str | None, share: Share) -> None:
    assert read_share(sample, fit) == share


@pytest.mark.parametrize(
    ("sample", "fit"),
    [("0%", None), ("101%", None), ("0", None), ("1.5", None), ("x", None), (None, "much"), ("1%", "1MB")],
)
def test_other_options_are_refused(sample: str | None, fit: str | None) -> None:
    with pytest.raises(ReleaseError, match="Nothing was read"):
        read_share(sample, fit)


def test_what_does_not_fit_is_refused() -> None:
    Share(bytes=10).check(6, 4)
    with pytest.raises(ReleaseError, match="more than 10, so nothing was changed"):
        Share(bytes=10).check(7, 4)
