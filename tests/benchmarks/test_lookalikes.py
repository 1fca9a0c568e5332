"""The curve of the look-alike checker counts what it says it counts."""

from __future__ import annotations

from collections import Counter

from benchmarks.lookalikes import curves, usage

HONEST = [number / 1000 for number in range(1000)]


def test_of_a_thousand_honest_names_a_cap_lets_so_many_stop_and_no_more():
    squats = [0.9985, 0.9945, 0.9895, 0.0]  # 1, 5 and 10 honest names score more
    assert dict(zip(curves.CAPS, curves.recalls(squats, HONEST), strict=True)) == {
        0.1: 25,
        0.25: 25,
        0.5: 50,
        1.0: 75,
        2.0: 75,
        3.0: 75,
        5.0: 75,
    }


def test_a_squat_that_scores_as_an_honest_name_which_must_pass_is_not_caught():
    assert curves.recalls([0.5], [0.5] * 10) == [0] * len(curves.CAPS)


def test_the_mean_stands_between_the_deals_and_the_prototype():
    lines = list(curves.curve([[50.0] * len(curves.CAPS), [60.0] * len(curves.CAPS)]))
    assert [line.split()[-1] for line in lines] == ["5.00", "50.0", "60.0", "55.0", "92.7"]


def test_what_is_wanted_stands_beside_what_was_found():
    deals = [dict.fromkeys(curves.WANTED, share) for share in (60.0, 70.0)]
    first = next(curves.at_thresholds(deals))
    assert " ".join(first.split()[2:]) == "60.00 70.00 65.00 at least 65, beyond that 70"


def test_a_word_counts_once_for_each_name_that_holds_it_and_scopes_and_numbers_do_not():
    names = ["@acme/get-data", "get_get.X2", "Data", "2024", "a", "x" * 21]
    assert usage.counted(names) == {"get": 2, "data": 2, "x2": 1}


def test_the_table_tells_how_many_names_hold_a_word_to_half_a_power_of_two():
    found = Counter({"often": 1000, "some": 11, "other": 12, "rare": usage.LEAST - 1})
    assert list(usage.lines(found)) == ["7 other some\n", "20 often\n"]
