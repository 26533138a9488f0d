from pathlib import Path

from tests.demo.scenario import Play
from tests.demo.stage import Stage
from tests.support.databases import PostgresqlDatabases
from tests.support.server_processes import Node, running, tail


def test_actions_on_each_of_three_servers_show_on_the_others(
    postgresql_databases: PostgresqlDatabases, redis_url: str, tmp_path: Path
) -> None:
    urls = [postgresql_databases.create(migrated=True) for _ in range(2)]
    nodes = [
        Node("alpha", tmp_path / "alpha", address="127.0.0.4", database_url=urls[0]),
        Node("beta", tmp_path / "beta", address="127.0.0.5"),
        Node(
            "gamma",
            tmp_path / "gamma",
            address="127.0.0.6",
            database_url=urls[1],
            redis_url=redis_url,
        ),
    ]
    stage = Stage(lambda _line: None)
    play = Play(stage, nodes, more_posts=0)
    try:
        with running(*nodes):
            play.run()
    finally:
        play.close()
    failed = [step for step in stage.steps if not step.is_good]
    assert play.refused() == []
    assert failed == [], "\n".join(tail(node.server.log) for node in nodes)
    assert len(stage.steps) == 35
