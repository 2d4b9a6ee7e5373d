import pytest

from sse_conform.driver.planting import plant, spellings
from sse_conform.markers import PLANTED
from sse_conform.strict_json import texts


@pytest.mark.parametrize("field", ["password_hash", "passwordHash", "PasswordHash", "password-hash", "PASSWORD_HASH"])
def test_a_field_is_planted_in_every_common_spelling(field):
    assert {"password_hash", "passwordHash", "PasswordHash"} <= set(spellings(field))
    assert spellings(field)[0] == field


def test_no_spelling_comes_twice():
    assert list(spellings("ssn")) == ["ssn", "Ssn", "SSN"]


@pytest.mark.parametrize("field", ["__", "\u043f\u0430\u0440\u043e\u043b\u044c"])
def test_a_field_without_latin_letters_is_spelt_as_it_is(field):
    assert spellings(field) == (field,)


def test_values_are_planted_at_the_top_nested_and_in_a_list():
    document, planted = plant(["password", "apiKey"])
    assert document["password"] in planted
    assert document["owner"]["api_key"] in planted
    assert [entry["by"].keys() for entry in document["history"]] == [{"password"}, {"apiKey"}]
    assert document["audit"]["scan"]["host"]["agent"]["login"].keys() == {"password", "apiKey"}
    assert [cell.keys() for (row,) in [document["table"]] for cell in row] == [{"password"}, {"apiKey"}]


def test_all_values_are_different_and_look_planted():
    document, planted = plant(["password", "apiKey"])
    assert sorted(texts(document)) == sorted(planted)
    assert len(set(planted)) == len(planted)
    assert all(PLANTED.fullmatch(value) for value in planted)


def test_where_nothing_is_sensitive_nothing_is_planted():
    assert plant([])[1] == ()
