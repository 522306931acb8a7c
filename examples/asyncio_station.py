"""A DHT22 on pin 15, an LED on pin 2 and a web page at the board's address, as asyncio tasks
beside the log. With "transport": "kept" in config.json none of them waits for the network."""

import asyncio

import dht
import islog
from machine import Pin

PORT = 80
log = islog.from_config("config.json")


async def measure(sensor, led):
    while True:
        led.value(log.state == "online")
        try:
            sensor.measure()
            log.log_object({"temperature": sensor.temperature(), "humidity": sensor.humidity()})
        except Exception as e:  # OSError: no answer; a bare Exception: a garbled one
            print("DHT22:", repr(e))
        await asyncio.sleep_ms(2000)


async def visit(reader, writer):
    while (await reader.readline()).strip():
        pass  # what is asked for does not matter
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n%s, %d readings sent" % (log.state.encode(), log.sent))
    await writer.drain()
    await writer.wait_closed()


async def main():
    await asyncio.start_server(visit, "0.0.0.0", PORT)
    await asyncio.gather(log.run(), measure(dht.DHT22(Pin(15)), Pin(2, Pin.OUT)))


asyncio.run(main())
