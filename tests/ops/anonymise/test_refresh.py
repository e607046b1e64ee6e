from tests.ops.anonymise.conftest import Pair


def test_a_refresh(pair: Pair) -> None:
    pair.write_rules(pair.rules())
    report = pair.report()
    print(report)
    print(pair.everything(pair.staging))
    assert 0
