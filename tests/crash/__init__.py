"""`python -m tests.crash`: servers are killed while they exchange activities, and lose nothing.

`__main__` reads the command line, `scenario` runs the scenario, `people` fills the servers,
`stores` starts a PostgreSQL and a Redis that can be killed, `driver` acts for the members and
records the expected result, `kills` ends processes at the worst moment, `contents` compares the
final state of the servers.
"""
