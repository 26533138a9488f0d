"""What programs that fill in every form trip over, and people do not notice.

A field that nobody sees must stay empty, and nobody reads and fills in the form within the blink of
an eye. When the form was shown stands in it, signed. Whoever is wronged sends it once more.
"""

from datetime import datetime, timedelta

from fedcom.errors import Invalid
from fedcom.http.signer import HmacSigner
from fedcom.web.html.forms import Form

BAIT = "homepage"
"""The name of the field that nobody sees; programs like to fill it."""

SHOWN_AT = "shown_at"
"""The name of the field with the moment when the form was shown."""

AT_LEAST = timedelta(seconds=2)
AT_MOST = timedelta(days=1)
"""So long a moment is good: one that was once fetched is not of use for ever."""

_PURPOSE = "sign-up"


def set_trap(form: Form, signer: HmacSigner, now: datetime) -> None:
    """Before the form is shown: note the moment, unless a good one stands there; lay the bait."""
    if _moment(form, signer, now) is None:
        stamp = str(int(now.timestamp() * 1000))
        form.values[SHOWN_AT] = f"{stamp}.{signer.sign(_PURPOSE, stamp)}"
    form.values[BAIT] = ""


def check_trap(form: Form, signer: HmacSigner, now: datetime) -> None:
    """When the form came back. Raises Invalid: `trap_filled`, `trap_expired`, `trap_too_quick`."""
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
    """When the form was shown; None when we did not write that, or long ago."""
    stamp, _, signature = form.text(SHOWN_AT).partition(".")
    if not signer.is_ours(_PURPOSE, stamp, signature):
        return None
    shown = datetime.fromtimestamp(int(stamp) / 1000, now.tzinfo)
    return shown if now - shown <= AT_MOST else None
