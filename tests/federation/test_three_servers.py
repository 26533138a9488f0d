from tests.demo.scenario import Play
from tests.support.server_processes import tail


def test_actions_on_each_of_three_servers_show_on_the_others(play: Play) -> None:
    play.run()
    stage = play.stage
    failed = [step for step in stage.steps if not step.is_good]
    assert play.refused() == []
    assert failed == [], "\n".join(tail(server.node.server.log) for server in play.servers)
    assert len(stage.steps) == 35
