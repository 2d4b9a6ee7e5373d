import tomllib

from sse_conform.discovery.fact import Fact
from sse_conform.discovery.page import Filling, fill_page

TEMPLATE = """\
# A title.

url = "http://example"
#name = "x"

#[paths]
#stream = "/stream"
#polling = "/poll"

# How to log in.
[auth.login]
path = "/login"

# Accounts.
[[users.accounts]]
username = "alice"

#[[users.accounts]]
#username = "root"
"""


def fact(value, why="seen") -> Fact:
    return Fact(value=value, why=why)


def page(**filling) -> str:
    return fill_page(TEMPLATE, Filling(**filling))


def test_without_facts_the_template_stays_as_it_is() -> None:
    assert page() == TEMPLATE


def test_a_fact_switches_its_line_and_its_table_on_and_says_why() -> None:
    text = page(facts={"paths.polling": fact("/p"), "name": fact("n")})
    assert '[paths]\n#stream = "/stream"\npolling = "/p"  # seen' in text
    assert 'name = "n"  # seen' in text
    assert tomllib.loads(text)["paths"] == {"polling": "/p"}


def test_a_table_takes_the_place_of_its_block_and_keeps_the_comment_before_it() -> None:
    text = page(facts={"auth.login": fact({"path": "/x", "steps": [{"n": 1}, {"n": 2}]})})
    assert "# How to log in.\n[auth.login]  # seen\n" in text
    assert tomllib.loads(text)["auth"]["login"] == {"path": "/x", "steps": [{"n": 1}, {"n": 2}]}


def test_given_rows_come_before_the_examples_which_are_switched_off() -> None:
    text = page(facts={"users.accounts": fact([{"username": "carol"}, {"username": "dave"}])})
    assert [row["username"] for row in tomllib.loads(text)["users"]["accounts"]] == ["carol", "dave"]
    assert '#username = "alice"' in text
    assert text.count("# Accounts.") == 1


def test_a_table_is_switched_off() -> None:
    text = page(off={"users.accounts"})
    assert "users" not in tomllib.loads(text)
    assert "# Accounts.\n#[[users.accounts]]" in text


def test_a_hint_changes_a_line_that_stays_as_it_is() -> None:
    text = page(hints={"paths.stream": fact("/s", "not found: say which"), "auth.login.path": fact("/l", "guessed")})
    assert '#stream = "/s"  # not found: say which' in text
    assert 'path = "/l"  # guessed' in text
    assert "paths" not in tomllib.loads(text)


def test_what_a_target_says_can_forge_no_line() -> None:
    evil = "x\nurl = 'http://evil'"
    text = page(facts={"name": fact(evil, evil)}, head=(evil,))
    assert tomllib.loads(text)["url"] == "http://example"
    assert tomllib.loads(text)["name"] == evil
