"""Imitates the WLAN of a Pico W: extmod/network_cyw43.c and the cyw43-driver below it (its
cyw43_ctrl.c, cyw43_lwip.c). See network.py.

- A lost link, or a failed attempt, stays as it is. connect() while joining starts over. status()
  is an unnamed 2 while there is no address yet.
- active() tells what was asked for last: also after a bring-up that failed (`failing_bring_ups`)
  and after deinit(). Then connect() raises OSError(1), EPERM.
- Nothing but connect() raises. Each call to a chip that is silent (`wedged`) takes a second, what
  is read of it is what lay in the buffer, and no join ends. active(False) leaves its power on;
  deinit(), which takes the access point down as well, is what helps.
- A bring-up sets PM_PERFORMANCE and starts DHCP: a static address is lost. (That txpower is lost
  as well, where the chip keeps its power, is not known for certain.) The country counts where the
  chip's power comes on.
- active(False) and deinit() abort all TCP connections (lwIP's netif_remove). disconnect() and a
  lost access point do not: they go on where the same address comes back.
"""

import time

from network_station import FAILED, IDLE, JOINING, NO_ADDRESS, UP, Station

_IOCTL_MS = 1000  # CYW43_IOCTL_TIMEOUT_US
_OF_BRING_UP = 13
_OF_JOIN = 11
_EPERM = 1
_RUBBISH = int.from_bytes(b"qtxp", "little") // 4  # "qtxpower", as a number


class Cyw43(Station):
    PM_NONE = 0x10
    PM_PERFORMANCE = 0xA11142
    PM_POWERSAVE = 0x11
    tells_active = False

    def __init__(self, port):
        self._powered = False
        self.country = None  # that it keeps to
        super().__init__(port)

    def status(self, *query):
        self._fault("status")
        self._look()
        constant = self._port.constant
        if query:
            if query[0] != "rssi":
                raise ValueError("unknown status param")
            self._ioctls(1)
            return self._port.signal_dbm if self._state == UP and self.in_range() else 0
        if self._state == NO_ADDRESS:
            return 2  # CYW43_LINK_NOIP, which the port does not name
        if self._state == FAILED:
            return self._reason
        names = {IDLE: "STAT_IDLE", JOINING: "STAT_CONNECTING", UP: "STAT_GOT_IP"}
        return constant(names[self._state])

    def deinit(self):
        self._fault("deinit")
        self._netif_gone()
        self.access_point.go()
        self._powered = self._port.wedged = self._port.deaf = False

    def _ioctls(self, count):
        if not self._powered:
            self._powered = True
            self.country = self._port.country_code
        if self._port.wedged:
            time.sleep_ms(count * _IOCTL_MS)
        return not self._port.wedged

    def _switch_on(self):
        if not (self.on_air or self.access_point.on_air):
            if not self._powered and self._port.failing_bring_ups:
                self._port.failing_bring_ups -= 1
                return
            if self._ioctls(_OF_BRING_UP):
                self.start_radio()
        if not self.on_air:
            self._address = None
        self.on_air = True

    def _switch_off(self):
        self._ioctls(1)
        self._netif_gone()

    def _netif_gone(self):
        if self._state == UP:
            self._cut()
        self._state = IDLE
        self._address = None
        self.on_air = False

    def _may_connect(self, ssid):
        if not isinstance(ssid, (str, bytes)):
            raise TypeError("object with buffer protocol required")
        if not self.on_air:
            raise OSError(_EPERM)
        self._ioctls(_OF_JOIN)

    def _configure(self, name, value):
        if isinstance(value, float):
            raise TypeError("can't convert float to int")
        if self._ioctls(1):
            self._settings[name] = value

    def _configured_ssid(self):
        return (self._ssid or "") if self._ioctls(1) and self._state != IDLE else ""

    def _configured_as(self, name):
        return self._settings[name] if self._ioctls(1) else _RUBBISH

    def _leave(self):
        if self._ioctls(1):
            self._state = IDLE

    def _join(self):
        if not (self._port.wedged and self._state == UP):
            super()._join()

    def _link_down(self):
        pass

    def _lost(self):
        if not self._port.wedged:
            self._state = IDLE

    def _look_at_join(self):
        if not self._port.wedged:
            super()._look_at_join()

    def _heard(self, reason):
        pass

    def _refused(self, reason):
        self._state = FAILED
        self._reason = reason

    def _start_dhcp(self):
        self._set_address(None)
        waited_ms = 0
        while not self.isconnected():
            if waited_ms > 10000:
                raise OSError("timeout waiting for DHCP to get IP address")
            time.sleep_ms(100)
            waited_ms += 100
