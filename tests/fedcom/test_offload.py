import contextvars
import threading

import pytest

from fedcom.offload import offload

pytestmark = pytest.mark.anyio

LANGUAGE = contextvars.ContextVar("language", default="en")


async def test_work_runs_in_another_thread_with_its_arguments_and_context():
    def work(one, *, other):
        return threading.current_thread(), one + other, LANGUAGE.get()

    LANGUAGE.set("de")
    thread, total, language = await offload(work, 1, other=2)

    assert thread is not threading.current_thread()
    assert (total, language) == (3, "de")


async def test_exceptions_of_the_work_are_raised():
    def work():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await offload(work)
