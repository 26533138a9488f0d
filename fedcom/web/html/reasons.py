"""The reason of a decision in a form: `rule` is the row id of the broken one, `reason` the text;
and the length of a ban.
"""

from fedcom.errors import Invalid
from fedcom.http.numbers import number_in, whole_number
from fedcom.queries.rules import ApplicableRules
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.web.html.forms import Form, error_beside

LONGEST_BAN = 3650
"""The maximum of days; longer bans are permanent ones."""


def reason_in(form: Form, rules: ApplicableRules) -> str:
    """The reason of a moderator, with the rule in front of it. Raises Invalid, beside its field."""
    whole = rule_and_words(form, rules)
    with error_beside("reason"):
        return check_body(whole, MAX_REASON)


def rule_and_words(form: Form, rules: ApplicableRules) -> str:
    """What was typed, with the chosen rule in front of it. Raises Invalid("rule_unknown")."""
    return rules.to_reason(number_in(form.line("rule")), form.line("reason"))


def ban_days(text: str) -> int:
    """The length of the ban in days, 0 for permanent. Raises Invalid."""
    if not text:
        return 0
    days = whole_number(text, LONGEST_BAN)
    if not days:
        raise Invalid("days", "Enter a number of days, or leave this empty for a permanent ban.")
    return days
