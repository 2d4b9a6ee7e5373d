from itertools import combinations

import pytest

from sse_conform.exit_code import MEANINGS, PRECEDENCE, ExitCode, strongest


def test_the_codes_are_the_documented_numbers():
    numbers = {"CONFORMS": 0, "FAILED": 1, "USAGE": 2, "TARGET": 3, "HARNESS": 4, "BASELINE": 5, "INTERRUPTED": 130}
    assert {code.name: code.value for code in ExitCode} == numbers


def test_the_precedence_is_2_130_1_3_4_5_0():
    assert [code.value for code in PRECEDENCE] == [2, 130, 1, 3, 4, 5, 0]


@pytest.mark.parametrize("size", range(1, len(ExitCode) + 1))
def test_of_any_codes_the_first_in_precedence_wins(size):
    for codes in combinations(ExitCode, size):
        assert strongest(set(codes)) == min(codes, key=PRECEDENCE.index)


def test_without_any_code_all_is_well():
    assert strongest(set()) is ExitCode.CONFORMS


def test_every_code_has_its_meaning():
    assert [code.meaning for code in ExitCode] == [MEANINGS[code] for code in ExitCode]
    assert len(set(MEANINGS.values())) == len(ExitCode)
