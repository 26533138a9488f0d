"""The admin's page with what happened here over time, as small plots and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import mark
from fedcom.models.site import DailyCount
from fedcom.site.statistics import list_days, to_weeks
from fedcom.web.html.i18n import gettext
from fedcom.web.html.plots import Plot, draw
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, read_page

DAYS = 30
WEEKS = 26

_MEASURES = {
    "members": mark("Members"),
    "active": mark("Active people"),
    "posts": mark("Posts"),
    "comments": mark("Comments"),
    "votes": mark("Votes"),
    "failing": mark("Failing servers"),
}
"""The fields of `DailyCount` that are shown, with their names."""


@dataclass(frozen=True, slots=True)
class PlottedMeasure:
    """One plot with its name, its newest value and its highest."""

    name: str
    plot: Plot
    latest: int | None


async def show(request: Request) -> Response:
    """GET /admin/statistics: the last 30 days, or with `by=week` the last 26 weeks."""
    is_weekly = request.query_params.get("by") == "week"

    def read(conn: Connection, context: PageContext) -> list[DailyCount]:
        admin_of(context)
        today = context.now.date()
        if is_weekly:
            first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
            return to_weeks(list_days(conn, first))
        return list_days(conn, today - timedelta(days=DAYS - 1))

    context, rows = await read_page(request, read)
    values = {
        "is_weekly": is_weekly,
        "rows": list(reversed(rows)),
        "names": {field: gettext(name) for field, name in _MEASURES.items()},
        "measures": _plotted(rows, 7 if is_weekly else 1),
    }
    return page(context, "admin_statistics.html", values)


def _plotted(rows: Sequence[DailyCount], step: int) -> list[PlottedMeasure]:
    """A plot of each measure, with a gap where a day or week was not counted."""
    if not rows:
        return []
    known = {row.day: row for row in rows}
    count = (rows[-1].day - rows[0].day).days // step + 1
    days = [rows[0].day + timedelta(days=step * number) for number in range(count)]

    def series(field: str) -> list[int | None]:
        return [_value(known.get(day), field) for day in days]

    return [
        PlottedMeasure(gettext(name), draw(series(field)), _value(rows[-1], field))
        for field, name in _MEASURES.items()
    ]


def _value(row: DailyCount | None, field: str) -> int | None:
    value: int | None = getattr(row, field, None)
    return value
