"""Strange origins resemble the admitted one, and none of them is it."""

import pytest

from sse_conform.strange_origins import strange_origins


def test_they_resemble_it_at_its_beginning_its_end_its_host_and_its_dots():
    assert strange_origins("https://app.example.org") == {
        "stranger": "https://app.example.org.evilapp.example.org",
        "nobody": "null",
        "other-port": "https://app.example.org:49151",
        "dotless": "https://appxexamplexorg",
    }


@pytest.mark.parametrize("admitted", ["https://app.example", "http://localhost:3000", "http://127.0.0.1:49151", ""])
def test_none_of_them_is_the_admitted_one(admitted):
    assert admitted not in strange_origins(admitted).values()


def test_a_name_without_dots_has_no_dotless_twin():
    assert "dotless" not in strange_origins("http://localhost:3000")


def test_a_port_stays_where_the_name_is_changed():
    assert strange_origins("http://app.example:3000")["dotless"] == "http://appxexample:3000"
