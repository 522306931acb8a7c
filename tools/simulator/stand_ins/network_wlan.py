"""Imitates the WLAN of an ESP32: ports/esp32/network_wlan.c. See network.py.

- A lost link or a failed attempt is tried again `reconnects` times, or without end, until
  disconnect() (WIFI_EVENT_STA_DISCONNECTED). Meanwhile connect() and config() raise OSError.
- status() tells some reasons of the last failure by name, also while it tries again, and until
  there is an address; the others only once it has given up. After disconnect(), also while it
  joins anew, it is STAT_IDLE.
- Each time the station leaves, or is left by, its access point all TCP connections are aborted
  (ESP-IDF's Wi-Fi guide, WIFI_EVENT_STA_DISCONNECTED). A static address outlives all that.
- The radio stops where neither interface is active: its power is full when it starts again. (That
  `pm` is lost then, too, is not known for certain.)
"""

from network_station import IDLE, JOINING, NO_ADDRESS, UP, Station

_BEACON_TIMEOUT = 200
_LEFT = 8  # WIFI_REASON_ASSOC_LEAVE
_NAMED = (201, 202, 210, 211, 212)
_CONNECTION_FAIL = 205  # is shown as a wrong password
_TXPOWER = (8, 84)  # quarters of a dBm (esp_wifi_set_max_tx_power)
_ARGUMENT = "Wifi Unknown Error 0x0102"
_DHCP_RUNS = "Wifi Unknown Error 0x5004"


class Esp32(Station):
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    tells_active = True

    def __init__(self, port):
        super().__init__(port)
        self._settings["reconnects"] = -1
        self._tries = 0  # that have failed

    def status(self, *query):
        self._fault("status")
        self._look()
        if query:
            if query[0] != "rssi":
                raise ValueError("unknown status param")
            if not self.on_air:
                raise OSError("Wifi Not Started")
            if self._state not in (NO_ADDRESS, UP) or not self.in_range():
                raise OSError("Wifi Not Connected")
            return self._port.signal_dbm
        constant = self._port.constant
        if self._state == UP:
            return constant("STAT_GOT_IP")
        if self._reason in _NAMED:
            return self._reason
        if self._reason == _CONNECTION_FAIL:
            return constant("STAT_WRONG_PASSWORD")
        if self._reason == _LEFT:
            return constant("STAT_IDLE")
        if self._state in (JOINING, NO_ADDRESS):
            return constant("STAT_CONNECTING")
        return self._reason or constant("STAT_IDLE")

    def _switch_on(self):
        if not (self.on_air or self.access_point.on_air):
            self.start_radio()
        self.on_air = True

    def _switch_off(self):
        self._leave_if_there()
        self.on_air = self._port.deaf = False

    def _may_connect(self, ssid):
        if self._state == JOINING:
            raise OSError("Wifi Internal Error" if ssid is None else "Wifi Internal State Error")
        if not self.on_air:
            raise OSError("Wifi Not Started")
        self._tries = 0
        scans_from = self._port.scans_from
        scans_from.append(self._settings["channel"])
        del scans_from[:-4]

    def _configure(self, name, value):
        if name == "txpower":
            quarters = int(value * 4)
            if not (self.on_air or self.access_point.on_air):
                raise OSError("Wifi Not Started")
            if not _TXPOWER[0] <= quarters <= _TXPOWER[1]:
                raise RuntimeError(_ARGUMENT)
            value = quarters / 4
        self._settings[name] = value

    def _configured(self):
        if self._state == JOINING:  # esp_wifi_set_config, which comes last
            raise OSError("Wifi Internal State Error")

    def _leave(self):
        if not self.on_air:
            raise OSError("Wifi Not Started")
        self._leave_if_there()

    def _leave_if_there(self):
        if self._state != IDLE:
            self._link_down()
            self._reason = _LEFT
        self._state = IDLE

    def _link_down(self):
        if self._state in (NO_ADDRESS, UP):
            self._cut()

    def _lost(self):
        self._link_down()
        self._refused(_BEACON_TIMEOUT)

    def _heard(self, reason):
        self._reason = reason

    def _refused(self, reason):
        self._reason = reason
        self._tries += 1
        self._state = IDLE
        if not 0 <= self._settings["reconnects"] < self._tries:
            self._join()

    def _got_address(self):
        self._reason = self._tries = 0

    def _start_dhcp(self):
        if not self._address:
            raise RuntimeError(_DHCP_RUNS)
        self._set_address(None)
