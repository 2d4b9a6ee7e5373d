from sse_conform.doctor.check import Standing
from sse_conform.doctor.lacks import lack_checks, unclaimed_checks
from sse_conform.profile import (
    Account,
    Auth,
    BrowserChoice,
    Engine,
    Profile,
    RequestTemplate,
    Role,
    Trigger,
    Triggers,
    Users,
)
from sse_conform.spec import Capability, Level
from sse_conform.terms import Accepted
from sse_conform.verdict import judge

from ..records import rule_of, transcript

BARE = Profile(url="http://x", users=Users(accounts=(Account(username="alice", token="t"),)))


def lacks(*rules, profile=BARE):
    return {check.name: check for check in lack_checks(profile, rules)}


def test_what_is_missing_comes_with_its_price_and_the_lines_to_add():
    rules = [rule_of(id=f"area.{n}", needs={Capability.TRIGGERS}) for n in range(2)]
    check = lacks(*rules)["triggers"]
    assert check.standing is Standing.MISSING
    assert check.said == "not given, so 2 rules stay untested"
    assert check.fix == f"{Capability.TRIGGERS.remedy}; or accept it in accept_untested"


def test_a_rule_that_lacks_several_things_counts_for_each_and_triggers_stand_for_what_they_bring():
    found = lacks(rule_of(needs={Capability.MARKERS, Capability.TRIGGERS, Capability.SECOND_USER}))
    assert list(found) == ["triggers", "second user"]


def test_what_may_be_left_out_by_the_contract_is_not_missed():
    assert lacks(rule_of(needs={Capability.POLLING}), rule_of(needs={Capability.POLLING, Capability.TRIGGERS})) == {}


def test_neither_are_good_practice_browsers_and_what_the_profile_accepts():
    accepted = Profile(url="http://x", users=BARE.users, accept_untested=(Accepted(rule="area.*", reason="r"),))
    needs = {Capability.TRIGGERS}
    assert lacks(rule_of(needs=needs, level=Level.SHOULD)) == {}
    assert lacks(rule_of(needs=needs | {Capability.BROWSER})) == {}
    assert lacks(rule_of(id="area.rule", needs=needs), profile=accepted) == {}


def test_nothing_is_missing_where_everything_is_given():
    step = (RequestTemplate(path="/publish", json={"text": "{text}"}),)
    profile = Profile(
        url="http://x",
        auth=Auth(key="k"),
        users=Users(accounts=(Account(username="a", token="t"), Account(username="b", token="t", role=Role.MEMBER))),
        triggers=Triggers(alert=Trigger(steps=step)),
    )
    needs = {Capability.TRIGGERS, Capability.SECOND_USER, Capability.SIGNING_KEY}
    assert lacks(rule_of(needs=needs), profile=profile) == {}


def test_what_is_not_claimed_comes_with_its_price_in_the_words_of_the_report():
    polling = [rule_of(id=f"area.{n}", needs={Capability.POLLING}) for n in range(2)]
    rules = [rule_of(needs={Capability.CORS}), *polling, rule_of(), rule_of(needs={Capability.TRIGGERS})]
    most, least = unclaimed_checks(BARE, rules)
    assert most.said == f"2 rules do not apply: {judge(polling[0], transcript(terms=BARE.terms)).reason}"
    assert least.said.startswith("1 rule does not apply: cors is not declared (declare capabilities.cors = true)")
    assert most.ok
    assert most.standing is Standing.NOTE


def test_rules_in_a_browser_are_counted_where_one_judges():
    rules = [rule_of(needs={Capability.BROWSER, Capability.UI})]
    browsing = Profile(url="http://x", users=BARE.users, browser=BrowserChoice(engine=Engine.CHROMIUM))
    assert list(unclaimed_checks(BARE, rules)) == []
    assert len(list(unclaimed_checks(browsing, rules))) == 1
