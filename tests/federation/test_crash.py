import tempfile
from pathlib import Path

from tests.crash.driver import Plan
from tests.crash.scenario import play
from tests.support import services


def test_servers_killed_at_any_time_lose_and_duplicate_nothing() -> None:
    plan = Plan(posts=40, comments=20, votes=100)
    # PostgreSQL, under another user, must find its folder, and its socket needs a short path.
    with tempfile.TemporaryDirectory(dir=services.run_folder()) as name:
        folder = Path(name)
        folder.chmod(0o711)
        # Each once. Some kills come a moment too late, when nothing is open any more.
        verdict = play(plan, 7, folder, people=12)
    assert verdict.problems == []
    assert verdict.busy_kills >= 3, verdict.kills
