from pathlib import Path

from tests.crash.driver import Plan
from tests.crash.scenario import Stores, play
from tests.support.databases import PostgresqlDatabases


def test_servers_killed_at_any_time_lose_and_duplicate_nothing(
    postgresql_databases: PostgresqlDatabases, redis_url: str, tmp_path: Path
) -> None:
    url = postgresql_databases.create(migrated=True)
    plan = Plan(posts=40, comments=20, votes=100)
    # Some kills come a moment too late, when nothing is open any more; six leave room for those.
    verdict = play(plan, 6, Stores(tmp_path, url, redis_url), people=12)
    postgresql_databases.drop(url)
    assert verdict.problems == []
    assert verdict.busy_kills >= 3, verdict.kills
