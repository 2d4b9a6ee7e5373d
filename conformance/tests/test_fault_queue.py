"""Who runs next: no more than there is room for, the heavy ones early and few at once, repeats one after another."""

from sse_conform.fault_matrix import Variant
from sse_conform.fault_queue import FaultQueue, idlers, longest_first


def _variants(names: str) -> list[Variant]:
    return [Variant(name=name, summary="") for name in names]


def _taken(queue: FaultQueue, running: str) -> str:
    """All that may begin beside these, in their order."""
    names, beside = "", _variants(running)
    while one := queue.next(beside):
        names += one.name
        beside.append(one)
    return names


def test_as_many_as_there_is_room_for_in_their_order() -> None:
    assert _taken(FaultQueue(_variants("abcd"), heavy=(), jobs=3), "") == "abc"


def test_the_heavy_begin_first_and_leave_room_for_others() -> None:
    queue = FaultQueue(_variants("abcdXYZ"), heavy="XYZ", jobs=6)
    assert _taken(queue, "") == "XYabcd"
    assert _taken(queue, "Xabcd") == "Z"


def test_one_heavy_runs_where_there_is_little_room() -> None:
    assert _taken(FaultQueue(_variants("aXY"), heavy="XY", jobs=2), "") == "Xa"


def test_a_heavy_one_takes_the_first_room_that_there_is_for_it() -> None:
    queue = FaultQueue(_variants("abcX"), heavy="X", jobs=3)
    assert _taken(queue, "Ybc") == ""
    assert _taken(queue, "bc") == "X"


def test_the_longest_begin_first_and_what_is_new_keeps_its_order_at_the_end() -> None:
    ordered = longest_first(_variants("abcd"), {"b": 5.0, "d": 40.0})
    assert [variant.name for variant in ordered] == ["d", "b", "a", "c"]


def test_repeats_follow_one_another() -> None:
    queue = FaultQueue(_variants("aab"), heavy=(), jobs=3)
    assert _taken(queue, "") == "ab"
    assert _taken(queue, "b") == "a"
    assert not queue.due


def test_the_idle_run_beside_the_others_and_take_no_place() -> None:
    queue = FaultQueue(_variants("IJKabcd"), heavy=(), jobs=4, idle="IJK")
    assert _taken(queue, "") == "IJabcd"
    assert _taken(queue, "Iabcd") == "K"


def test_where_one_runs_at_a_time_nothing_runs_beside_it() -> None:
    assert _taken(FaultQueue(_variants("Ia"), heavy=(), jobs=1, idle="I"), "") == "I"


def test_what_is_heavy_is_not_idle() -> None:
    assert _taken(FaultQueue(_variants("XYa"), heavy="XY", jobs=2, idle="XY"), "") == "Xa"


def test_the_idle_took_much_longer_than_most() -> None:
    assert idlers({"a": 10.0, "b": 12.0, "c": 14.0, "d": 30.0, "e": 31.0}) == frozenset()
    assert idlers({"a": 10.0, "b": 12.0, "c": 14.0, "d": 30.0, "e": 30.1, "f": 12.0, "g": 11.0}) == {"e"}
    assert idlers({}) == frozenset()
