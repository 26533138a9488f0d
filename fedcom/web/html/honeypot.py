"""A trap for programs that fill in every form; people do not see it.

A hidden field must stay empty, and the form must not come back faster than anyone can fill it in.
The time when it was shown is in the form, signed. A person caught by mistake can send it again.
"""

from datetime import datetime, timedelta

from fedcom.errors import Invalid
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.web.html.forms import Form

BAIT = "homepage"
"""The name of the hidden field, which programs like to fill in."""

SHOWN_AT = "shown_at"
"""The name of the field with the time when the form was shown."""

AT_LEAST = timedelta(seconds=2)
AT_MOST = timedelta(days=1)
"""How long that time is valid, so that a form fetched once cannot be used for ever."""

_PURPOSE = "sign-up"


def set_honeypot(form: Form, signer: HmacSigner, now: datetime) -> None:
    """Before the form is shown: add the time unless a valid one is there; empty the bait."""
    if _moment(form, signer, now) is None:
        stamp = str(int(now.timestamp() * 1000))
        form.values[SHOWN_AT] = signer.sign(_PURPOSE, stamp)
    form.values[BAIT] = ""


def check_honeypot(form: Form, signer: HmacSigner, now: datetime) -> None:
    """When the form comes back. Raises Invalid: `trap_filled`, `trap_expired`, `trap_too_quick`."""
    if form.text(BAIT):
        raise Invalid(
            "trap_filled",
            "Your browser filled in a hidden field. We have cleared it."
            " Please send the form again.",
        )
    shown = _moment(form, signer, now)
    if shown is None:
        raise Invalid("trap_expired", "This form was open for a long time. Please send it again.")
    if now - shown < AT_LEAST:
        raise Invalid("trap_too_quick", "Please wait a moment and send again.")


def _moment(form: Form, signer: HmacSigner, now: datetime) -> datetime | None:
    """When the form was shown; None if the value was not signed by us, or is too old."""
    value = form.text(SHOWN_AT)
    (stamp,) = parts_of(value, 1)
    if not stamp or not signer.verify(_PURPOSE, value):
        return None
    shown = datetime.fromtimestamp(int(stamp) / 1000, now.tzinfo)
    return shown if now - shown <= AT_MOST else None
