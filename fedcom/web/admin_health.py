"""The admin's page with what is right and wrong with the server, as `fedcom doctor` shows it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import mark
from fedcom.doctor.examination import LABELS
from fedcom.site.health import Finding
from fedcom.web.html.i18n import gettext
from fedcom.web.html.render import page
from fedcom.web.html.request_context import admin_of, context_of

_STATES = {"ok": mark("Works"), "warning": mark("Warning"), "failed": mark("Failed")}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding in the language of the page."""

    name: str
    state: str
    state_name: str
    found: str
    remedy: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingLine":
        """The finding, translated."""
        return cls(
            gettext(LABELS[finding.check]),
            finding.state,
            gettext(_STATES[finding.state]),
            gettext(finding.found) % finding.facts,
            gettext(finding.remedy) % finding.facts if finding.remedy else "",
        )


async def show(request: Request) -> Response:
    """GET /admin/health: all checks, made now; it takes some seconds if something is wrong."""
    context = await context_of(request)
    admin_of(context)
    lines = [FindingLine.of(one) for one in await context.instance.examine()]
    # What has failed comes first.
    wrong = [line for state in ("failed", "warning") for line in lines if line.state == state]
    right = [line for line in lines if line.state == "ok"]
    return page(context, "admin_health.html", {"wrong": wrong, "right": right})
