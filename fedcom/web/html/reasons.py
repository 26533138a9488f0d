"""The reason of a decision in a form: `rule` is the row id of the broken one, `reason` the text."""

from fedcom.http.numbers import number_in
from fedcom.queries.rules import ApplicableRules
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.web.html.forms import Form, error_beside


def reason_in(form: Form, rules: ApplicableRules) -> str:
    """The reason of a moderator, with the rule in front of it. Raises Invalid, beside its field."""
    whole = rule_and_words(form, rules)
    with error_beside("reason"):
        return check_body(whole, MAX_REASON)


def rule_and_words(form: Form, rules: ApplicableRules) -> str:
    """What was typed, with the chosen rule in front of it. Raises Invalid("rule_unknown")."""
    return rules.to_reason(number_in(form.line("rule")), form.line("reason"))
