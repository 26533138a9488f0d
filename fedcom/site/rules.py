"""Changing the rules of the site and of communities.

This is no action, because no peer is told of it (docs/decisions/0056).
"""

from sqlalchemy import delete, insert, select, update

from fedcom.accounts.rate_limits import MODERATION, count_action
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.rule import Rule, rule
from fedcom.models.site import site
from fedcom.queries.actors import is_admin, standing
from fedcom.queries.rules import get_rule, list_rules
from fedcom.rules.limits import check_body, check_rule_name
from fedcom.rules.permissions import must_be_admin, must_moderate
from fedcom.wire.body import Body

MAX_RULES = 30
"""Rules in one list."""

MAX_TEXT = 2_000
"""Characters of the text of one rule."""


def add_rule(ctx: Context, by: Person, community: Community | None, name: str, text: Body) -> Rule:
    """A new rule at the end of the list of a community, or with None of the site.

    Raises Denied, TooMany, and Invalid: `name_…`, `body_…`, `too_many_rules`.
    """
    _begin(ctx, by, community)
    values = _values(name, text)
    known = list_rules(ctx.conn, _id_of(community))
    if len(known) >= MAX_RULES:
        raise Invalid(
            "too_many_rules", "The list may have at most %(maximum)s rules.", maximum=MAX_RULES
        )
    values |= {"community_id": _id_of(community), "position": len(known) + 1}
    made = ctx.conn.execute(insert(rule).values(**values).returning(rule.c.id)).scalar_one()
    _store_names(ctx, community)
    return get_rule(ctx.conn, _id_of(community), made)


def edit_rule(
    ctx: Context, by: Person, community: Community | None, rule_id: int, name: str, text: Body
) -> Rule:
    """Change the name and the text of a rule. Raises as `add_rule`, and NotFound."""
    _begin(ctx, by, community)
    get_rule(ctx.conn, _id_of(community), rule_id)
    ctx.conn.execute(update(rule).where(rule.c.id == rule_id).values(**_values(name, text)))
    _store_names(ctx, community)
    return get_rule(ctx.conn, _id_of(community), rule_id)


def move_rule(
    ctx: Context, by: Person, community: Community | None, rule_id: int, *, up: bool
) -> None:
    """Exchange a rule with the one above or below it; at the end of the list, nothing changes.

    Raises Denied, TooMany and NotFound.
    """
    _begin(ctx, by, community)
    number = get_rule(ctx.conn, _id_of(community), rule_id).position
    order = [one.id for one in list_rules(ctx.conn, _id_of(community))]
    other = number - 2 if up else number
    if 0 <= other < len(order):
        order[number - 1], order[other] = order[other], order[number - 1]
    _number(ctx, community, order)


def remove_rule(ctx: Context, by: Person, community: Community | None, rule_id: int) -> None:
    """Delete a rule; those below it move up. Reasons that named it stay as they are.

    Raises Denied, TooMany and NotFound.
    """
    _begin(ctx, by, community)
    get_rule(ctx.conn, _id_of(community), rule_id)
    ctx.conn.execute(delete(rule).where(rule.c.id == rule_id))
    _number(ctx, community, [one.id for one in list_rules(ctx.conn, _id_of(community))])


def _begin(ctx: Context, by: Person, community: Community | None) -> None:
    """Check and count the change, and let no other one happen at the same time."""
    if community is None:
        must_be_admin(by, is_admin(ctx.conn, by.id), ctx.now)
    else:
        must_moderate(by, community, standing(ctx.conn, by, community), ctx.now)
        if not community.local:
            raise Denied(
                "not_a_local_community",
                "The rules of a community are written on its own server, %(host)s.",
                host=community.host,
            )
    whose = community.id if community else select(site.c.actor_id).scalar_subquery()
    ctx.conn.execute(select(actor.c.id).where(actor.c.id == whose).with_for_update())
    count_action(ctx, by, MODERATION)


def _number(ctx: Context, community: Community | None, order: list[int]) -> None:
    for position, rule_id in enumerate(order, start=1):
        ctx.conn.execute(update(rule).where(rule.c.id == rule_id).values(position=position))
    _store_names(ctx, community)


def _store_names(ctx: Context, community: Community | None) -> None:
    names = "\n".join(one.name for one in list_rules(ctx.conn, _id_of(community)))
    if community is None:
        change = update(site)
    else:
        change = update(community_table).where(community_table.c.actor_id == community.id)
    ctx.conn.execute(change.values(rule_names=names))


def _values(name: str, text: Body) -> dict[str, object]:
    check_body(text.source, MAX_TEXT)
    return {"name": check_rule_name(name), "text_source": text.source, "text_html": text.html}


def _id_of(community: Community | None) -> int | None:
    return community.id if community else None
