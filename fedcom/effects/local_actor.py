"""The rows of a local actor: its name (never reused), its addresses and its key.

Not an action: registration, creating a community and the first start create actors with it.
"""

from typing import Literal

from sqlalchemy import Connection, insert, select

from database.inserts import insert_ignoring
from fedcom.context import Context, NewKey
from fedcom.errors import Conflict
from fedcom.models.actor import PROOFS, REQUESTS, Actor, actor, actor_key, local_name
from fedcom.models.base import columns_of, to_row
from fedcom.queries.policy import policy_of
from fedcom.remote.peers import number_host
from fedcom.rules.names import check_name
from fedcom.rules.slurs import check_slurs
from fedcom.wire.addressing import community_iri, instance_iri, key_iri, person_iri, proof_key_iri


def create_local_actor(
    ctx: Context, *, kind: Literal["Person", "Group"], name: str, title: str, key: NewKey
) -> Actor:
    """Insert a person or the actor of a community, `name` in the local name space.

    The caller inserts the row in `community`. Raises Invalid (`name_…`, `slurs`) and
    Conflict("name_taken"), also if the name belonged to a deleted actor.
    """
    policy = policy_of(ctx)
    name = check_name(name, policy.name_limit)
    check_slurs(policy.slur_filter, name)
    if not insert_ignoring(ctx.conn, local_name, {"name": name, "taken_at": ctx.now}):
        raise _taken(name)
    iri = person_iri(ctx.origin, name) if kind == "Person" else community_iri(ctx.origin, name)
    return _insert(ctx, {"iri": iri, "kind": kind, "name": name, "title": title}, key)


def check_free(conn: Connection, name: str) -> None:
    """Raises Conflict("name_taken") for a name that a local actor has or had.

    It may be taken before it is used: `create_local_actor` has the last word.
    """
    if conn.execute(select(local_name.c.name).where(local_name.c.name == name)).first():
        raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict(
        "name_taken", "The name %(name)s is taken, or was taken in the past.", name=name
    )


def create_instance_actor(ctx: Context, key: NewKey) -> Actor:
    """Insert the actor in whose name this instance fetches. Its name is the host, as with Mastodon.

    Its inbox is the shared one.
    """
    iri = instance_iri(ctx.origin)
    shared = f"{ctx.origin}/inbox"
    values = {"iri": iri, "kind": "Application", "name": ctx.host, "title": "", "inbox": shared}
    return _insert(ctx, values, key)


def _insert(ctx: Context, values: dict[str, str], key: NewKey) -> Actor:
    iri = values["iri"]
    row = (
        ctx.conn.execute(
            insert(actor)
            .values(
                {
                    "local": True,
                    "host": ctx.host,
                    "url": iri,
                    "inbox": f"{iri}/inbox",
                    "shared_inbox": f"{ctx.origin}/inbox",
                    "outbox": f"{iri}/outbox",
                    "followers": f"{iri}/followers",
                    "public_key_id": key_iri(iri),
                    "public_key_pem": key.public_pem,
                    "proof_key_id": proof_key_iri(iri) if key.proof_multibase else None,
                    "proof_key": key.proof_multibase,
                    "published_at": ctx.now,
                    **values,
                }
            )
            .returning(*columns_of(Actor, actor))
        )
        .mappings()
        .one()
    )
    made = to_row(Actor, row)
    put_keys(ctx, made, key)
    number_host(ctx.conn, made.host, ctx.now)
    return made


def put_keys(ctx: Context, whose: Actor, key: NewKey) -> None:
    """Store the private keys of a local actor, already encrypted."""
    rows = (
        (whose.public_key_id, REQUESTS, key.encrypted_private, key.public_pem),
        (whose.proof_key_id, PROOFS, key.encrypted_proof, key.proof_multibase),
    )
    names = ("key_id", "algorithm", "private_key", "public_key")
    for row in rows:
        if None not in row:
            values = dict(zip(names, row, strict=True))
            stored = insert(actor_key).values(actor_id=whose.id, created_at=ctx.now, **values)
            ctx.conn.execute(stored)
