"""The rules of the site and of communities, and a broken rule as the reason of a decision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from fedcom.catalogues import LANGUAGES, catalogue
from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import Community
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.rule import Rule, rule

_DASH = " \u2013 "
_RULES = select(*columns_of(Rule, rule)).order_by(rule.c.position, rule.c.id)


@dataclass(frozen=True, slots=True)
class ApplicableRules:
    """The rules that hold in one place: those of its community, if it has any, and of the site.

    `language` is that of the place, for the words around the name of a rule.
    """

    own: tuple[Rule, ...]
    of_site: tuple[Rule, ...]
    language: str = ""

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self.own or self.of_site)

    def to_reason(self, rule_id: int, words: str) -> str:
        """`words` behind the rule with this row id, such as "Rule 2: Be kind" and a dash; just
        the words for the id 0.

        The text is public, and sent to other servers, so it has to say which rule it was, whatever
        becomes of the list. Raises Invalid("rule_unknown").
        """
        if not rule_id:
            return words
        broken = next((one for one in (*self.own, *self.of_site) if one.id == rule_id), None)
        if broken is None:
            raise Invalid("rule_unknown", "Choose one of the rules.")
        say = catalogue(self.language)
        if broken.community_id is None and self.own:
            label = say.gettext("Server rule %(number)s: %(name)s")
        else:
            label = say.gettext("Rule %(number)s: %(name)s")
        named = label % {"number": broken.position, "name": broken.name}
        return f"{named}{_DASH}{words}" if words else named


def list_rules(conn: Connection, community_id: int | None) -> tuple[Rule, ...]:
    """The rules of a community, or with None of the site, in their order."""
    mine = rule.c.community_id == community_id if community_id else rule.c.community_id.is_(None)
    return tuple(to_row(Rule, row) for row in conn.execute(_RULES.where(mine)).mappings())


def list_applicable_rules(conn: Connection, community: Community | None) -> ApplicableRules:
    """The rules that hold in a community, or with None outside of all."""
    row_id = community.id if community else None
    found = map_applicable_rules(conn, [row_id] if row_id else [])[row_id]
    languages = community.languages.split() if community else []
    known = [one for one in languages if one in LANGUAGES]
    return ApplicableRules(
        found.own, found.of_site, known[0] if len(languages) == 1 and known else ""
    )


def map_applicable_rules(
    conn: Connection, community_ids: Collection[int]
) -> dict[int | None, ApplicableRules]:
    """The rules that hold in each of these communities and, under None, outside of all, in one
    statement.
    """
    wanted = or_(rule.c.community_id.is_(None), rule.c.community_id.in_(community_ids))
    rows = [to_row(Rule, row) for row in conn.execute(_RULES.where(wanted)).mappings()]
    of_site = _only(rows, None)
    return {None: ApplicableRules((), of_site)} | {
        row_id: ApplicableRules(_only(rows, row_id), of_site) for row_id in community_ids
    }


def _only(rules: Sequence[Rule], community_id: int | None) -> tuple[Rule, ...]:
    return tuple(one for one in rules if one.community_id == community_id)


def get_rule(conn: Connection, community_id: int | None, rule_id: int) -> Rule:
    """The rule with this row id in the list of a community or the site. Raises NotFound."""
    found = first_row(Rule, conn.execute(_RULES.where(rule.c.id == rule_id)))
    if found is None or found.community_id != community_id:
        raise NotFound("couldnt_find_rule", "There is no such rule.")
    return found
