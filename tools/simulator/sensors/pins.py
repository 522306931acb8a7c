"""Imitates `machine.Pin`, `machine.I2C` and `machine.ADC`: machine_pin.c, machine_i2c.c and
machine_adc.c of esp32 and rp2.

They are put in place of those in stand_ins/machine.py, to which nothing is attached.
- Numbers that a chip has not are refused, and on an ESP32 output on its pins 34 to 39.
- A pin reads what is attached to it, else its pull: what floats reads 0 here.
- irq() calls its handler, with the pin, as a soft interrupt: between two bytecodes of the program,
  also while a socket call is repeated, and not while it sleeps (here: at the end of that sleep).
  A full queue loses it. The level is the present one, not that of the edge.
- I2C addresses without a device: OSError, ENODEV on an ESP32 and EIO on an rp2 (which takes only
  some pins). Only scan() and transfers to and from a device's registers are here.
- An ADC measures what a recording has as the voltage at its pin; where nothing is attached it
  reads 0. An ESP32's reads up to what its attenuation lets through (MicroPython's quick reference
  for the ESP32), in whole millivolts, and on the pins that it shares with the radio not while
  that is on. An rp2's reads up to 3.3 V.
- A Pico W's pin 29 is the clock line of its radio chip, and has a third of VSYS only while pin 25,
  which selects that chip, is high (Raspberry Pi's data sheet of the Pico W, 2.1): here it has 0 V
  unless the program has set pin 25 and the radio is off.
- An rp2's lightsleep with a time ends at any edge that has an irq(); what wakes an ESP32 is in
  esp32.py. A reset, and so the end of a deep sleep, leaves no pin as it was.
"""

import attached
import bme280_chip
import machine
import machine_sleep
import micropython
import network
import utime

_LAST = {"esp32": 39, "rp2": 29}
_NOT_THERE = {"esp32": (20, 24, 28, 29, 30, 31), "rp2": ()}
_INPUT_ONLY = {"esp32": 34, "rp2": 99}
_NO_ANSWER = {"esp32": 19, "rp2": 5}  # ENODEV, EIO
_ADC_1 = (32, 33, 34, 35, 36, 37, 38, 39)  # of an ESP32; the others' is the radio's, too
_ADC_2 = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27)
_ADC_RP2 = (26, 27, 28, 29)
_MOST_MV = (950, 1250, 1750, 2450)  # by attenuation
_TIMED_OUT = 116
_RADIO_SELECT = 25
_VSYS = 29
_outputs = {}  # pin's number: level


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        style = machine.style
        if not isinstance(id, int) or not 0 <= id <= _LAST[style] or id in _NOT_THERE[style]:
            raise ValueError("invalid pin")
        self.number = id
        self._mode = self.IN
        self._pull = None
        self._out = 1
        self._watch = None  # (handler, trigger)
        self._watched = False
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if mode not in (-1, self.IN) and self.number >= _INPUT_ONLY[machine.style]:
            raise ValueError("pin can only be input")
        if mode != -1:
            self._mode = mode
        if pull != -1:
            self._pull = pull
        if value is not None:
            self._out = int(bool(value))
        self._drive()

    def _drive(self):
        if self._mode == self.OUT:
            _outputs[self.number] = self._out
        else:
            _outputs.pop(self.number, None)

    def value(self, *level):
        if level:
            self._out = int(bool(level[0]))
            self._drive()
            return None
        if self._mode == self.OUT or self._mode == self.OPEN_DRAIN and not self._out:
            return self._out
        fault, values = attached.row("button", self.number)
        return int(self._pull == self.PULL_UP) if fault else int(values[0])

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING):
        self._watch = handler, trigger
        if not self._watched:
            import _thread

            self._watched = True
            machine_sleep.edges += self.times_of(0) + self.times_of(1)
            _thread.start_new_thread(self._replay, ())

    def times_of(self, level):
        """When (time.up_ms()) what is attached to it comes to that level."""
        found, last = [], int(self._pull == self.PULL_UP)
        for at_ms, _, new in attached.rows("button", self.number):
            if new != last and new == level:
                found.append(at_ms)
            last = new
        return found

    def _replay(self):
        # In a thread of its own: the edges come whatever the program does.
        level = int(self._pull == self.PULL_UP)
        for at_ms, _, new in attached.rows("button", self.number):
            left_ms = at_ms - attached.now_ms()
            if left_ms >= 0:
                utime.sleep_ms(left_ms)
                handler, trigger = self._watch
                edge = self.IRQ_RISING if new > level else self.IRQ_FALLING
                if handler and new != level and trigger & edge:
                    try:  # noqa: SIM105
                        micropython.schedule(handler, self)
                    except RuntimeError:
                        pass  # the queue is full
            level = new


class I2C:
    def __init__(self, id=0, freq=400000, *, scl=None, sda=None, timeout=50000):
        if id not in (0, 1):
            raise ValueError(f"I2C({id}) doesn't exist")
        if machine.style == "rp2":
            for pin, odd, name in ((scl, 1, "SCL"), (sda, 0, "SDA")):
                if pin and (pin.number & 1 != odd or pin.number >> 1 & 1 != id):
                    raise ValueError(f"bad {name} pin")
        self._chips = {at: bme280_chip.Chip(at) for at in attached.places("bme280")}

    def scan(self):
        return [at for at in sorted(self._chips) if self._chips[at].answers()]

    def readfrom_mem(self, addr, memaddr, nbytes):
        return self._chip(addr).read(memaddr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf):
        buf[:] = self._chip(addr).read(memaddr, len(buf))

    def writeto_mem(self, addr, memaddr, buf):
        self._chip(addr).write(memaddr, buf)

    def _chip(self, addr):
        chip = self._chips.get(addr)
        if not chip or not chip.answers():
            raise OSError(_NO_ANSWER[machine.style])
        return chip


class ADC(machine.ADC):
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    def __init__(self, pin, *, atten=None):
        self._pin = None
        if machine.style == "rp2":
            if atten is not None:
                raise TypeError("extra keyword arguments given")
            if isinstance(pin, int) and pin <= self.CORE_TEMP:  # a channel
                if pin == self.CORE_TEMP:
                    super().__init__(pin)
                    return
                pin += _ADC_RP2[0]
        self._pin = pin.number if isinstance(pin, Pin) else Pin(pin).number
        self._atten = self.ATTN_11DB if atten is None else atten
        if machine.style == "rp2" and self._pin not in _ADC_RP2:
            raise ValueError("Pin doesn't have ADC capabilities")
        if machine.style == "esp32" and self._pin not in _ADC_1 + _ADC_2:
            raise ValueError("invalid pin")

    def read_u16(self):
        if self._pin is None:
            return super().read_u16()
        full_v = 3.3 if machine.style == "rp2" else _MOST_MV[self._atten] / 1000
        return min(int(self._volts() / full_v * 65535 + 0.5), 65535)

    def __getattr__(self, name):
        if name == "read_uv" and machine.style == "esp32":
            return self._microvolts
        raise AttributeError(name)

    def _microvolts(self):
        return min(int(self._volts() * 1000 + 0.5), _MOST_MV[self._atten]) * 1000

    def _volts(self):
        on_air = network.station().on_air
        if machine.style == "esp32" and self._pin in _ADC_2 and on_air:
            raise OSError(_TIMED_OUT)
        if machine.style == "rp2" and self._pin == _VSYS:
            if on_air or not _outputs.get(_RADIO_SELECT):
                return 0
        fault, values = attached.row("voltage", self._pin)
        return 0 if fault else values[0]
