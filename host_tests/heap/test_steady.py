"""10,000 readings logged and sent end with the heap at which they began, on a 32-bit build."""

from .builds import DEVICE, ON_FAKES, on_wasm


def run(leak):
    (found,) = on_wasm("steady", [DEVICE, *ON_FAKES], leak)
    assert found["held"] == 10000, "readings that the server holds"
    return found["after"] - found["before"]


def test_ten_thousand_readings_leave_the_heap_as_it_was():
    assert run(leak=False) == 0, "bytes of heap lost"


def test_one_small_tuple_for_a_hundred_readings_would_be_seen():
    assert run(leak=True) >= 80 * 16
