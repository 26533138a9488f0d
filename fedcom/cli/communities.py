"""`fedcom community`: communities of this instance."""

from pathlib import Path

import click

from fedcom.accounts.members import find_member
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.cli.opening import with_instance
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.actor import Community
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance


@click.group("community")
def communities() -> None:
    """Manage communities."""


@communities.command()
@click.argument("name")
@click.option("--by", "owner", required=True, help="The member who becomes its first moderator.")
@click.option("--title", default="", help="The title that readers see instead of the name.")
@click.option("--description", default="", help="The description, in Markdown.")
@click.pass_obj
def create(config: Path | None, name: str, owner: str, title: str, description: str) -> None:
    """Create the community NAME."""

    async def work(instance: OpenInstance) -> Community:
        key = await instance.new_key()

        def make(ctx: Context) -> Community:
            member = find_member(ctx.conn, owner)
            if member is None:
                raise NotFound(
                    "couldnt_find_person", "There is no account named %(owner)s.", owner=owner
                )
            action = CreateCommunity(
                by=member.person,
                name=name,
                key=key,
                title=title,
                description=Body.of_markdown(description),
            )
            return perform(ctx, action)

        return await instance.unit(make)

    made = with_instance(config, work)
    click.echo(f"Created !{made.handle} at {made.iri}.")
