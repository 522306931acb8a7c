"""One measurement by a BME280, after its data sheet: 3.3 (forced mode), 4.2.3 (in integers)."""

import struct
import time


def read(i2c, address=0x76):
    """(degrees Celsius, hPa, % relative humidity). OSError where no BME280 answers there."""
    if i2c.readfrom_mem(address, 0xD0, 1) != b"\x60":
        raise OSError("what answers there is no BME280")
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, h1 = struct.unpack(
        "<HhhHhhhhhhhhxB", i2c.readfrom_mem(address, 0x88, 26)
    )
    h2, h3, h4, both, h5, h6 = struct.unpack("<hBbBbb", i2c.readfrom_mem(address, 0xE1, 7))
    h4, h5 = h4 * 16 + (both & 15), h5 * 16 + (both >> 4)
    i2c.writeto_mem(address, 0xF2, b"\x01")  # humidity: one sample
    i2c.writeto_mem(address, 0xF4, b"\x25")  # the other two: one each, now
    time.sleep_ms(10)
    raw = i2c.readfrom_mem(address, 0xF7, 8)

    t = raw[3] << 12 | raw[4] << 4 | raw[5] >> 4
    fine = ((t >> 3) - (t1 << 1)) * t2 >> 11
    fine += (((t >> 4) - t1) * ((t >> 4) - t1) >> 12) * t3 >> 14

    v = fine - 128000
    w = v * v * p6 + (v * p5 << 17) + (p4 << 35)
    v = ((1 << 47) + (v * v * p3 >> 8) + (v * p2 << 12)) * p1 >> 33
    p = 1048576 - (raw[0] << 12 | raw[1] << 4 | raw[2] >> 4)
    p = ((p << 31) - w) * 3125 // v
    p = (p + (p9 * (p >> 13) * (p >> 13) >> 25) + (p8 * p >> 19) >> 8) + (p7 << 4)

    v = fine - 76800
    w = ((v * h6 >> 10) * ((v * h3 >> 11) + 32768) >> 10) + 2097152
    h = (((raw[6] << 8 | raw[7]) << 14) - (h4 << 20) - h5 * v + 16384 >> 15) * (
        w * h2 + 8192 >> 14
    )
    h = max(0, min(h - (((h >> 15) * (h >> 15) >> 7) * h1 >> 4), 419430400))
    # No more digits than the sensor has.
    return (fine * 5 + 128 >> 8) / 100, round(p / 25600, 2), round((h >> 12) / 1024, 2)
