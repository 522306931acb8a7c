"""10,000 readings logged and sent end with the heap at which they began, on a 32-bit build."""

from .builds import DEVICE, ON_FAKES, on_wasm


def run(readings, leak):
    (found,) = on_wasm("steady", [DEVICE, *ON_FAKES], readings // 100, leak)
    assert found["held"] == readings, "readings that the server holds"
    return found["after"] - found["before"]


def test_ten_thousand_readings_leave_the_heap_as_it_was():
    assert run(10000, leak=False) == 0, "bytes of heap lost"


def test_one_small_tuple_for_a_hundred_readings_would_be_seen():
    assert run(3000, leak=True) >= 20 * 16
