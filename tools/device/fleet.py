"""`make flash`: which files go to which board; several boards one after another.

All that lies on this machine is checked before a board is asked for. A configuration with ID in
its name is each board's own: then the boards are first asked who they are, and none is changed
where one's file is missing or wrong.
"""

import sys
from pathlib import Path

from . import DeviceError, image
from .board import ALL, Board, find_port, find_ports
from .flash import flash

ID = "{id}"  # in CONFIG=, what machine.unique_id() of the board is, in hexadecimal digits
_OWN = f"CONFIG=fleet/{ID}.json"
_WHO = "import binascii, machine; print(binascii.hexlify(machine.unique_id()).decode())"


def flash_boards(port, config, program, form, follow_s):
    """Flash the board at `port`, the only one where that is empty, or ALL of them. DeviceError:
    why it could not be done, or why one of them sends nothing."""
    image.modules(program)
    each_its_own = ID in str(config)
    if not each_its_own:
        given = image.prepare(config, program)
        confirm_open([given])
    ports = find_ports() if port == ALL else [find_port(port)]
    if each_its_own:
        images = own_images(ports, config, program)
        confirm_open(images.values())
    else:
        images = dict.fromkeys(ports, given)
        if len(ports) > 1:
            check_shared(given, len(ports))
    if port != ALL:
        flash(ports[0], images[ports[0]], form, follow_s)
    else:
        one_after_another(images, form, follow_s)


def own_images(ports, config, program):
    """{port: what goes on the board there}, by the boards' own ids."""
    images, wrong = {}, []
    for port in ports:
        who = board_id(port)
        try:
            images[port] = image.prepare(Path(str(config).replace(ID, who)), program)
            print(f"The board at {port} is {who}: it gets {images[port].config}.", flush=True)
        except DeviceError as e:
            wrong.append(f"The board at {port} is {who}. {e}")
    if wrong:
        raise DeviceError("\n".join([*wrong, "No board was changed."]))
    return images


def board_id(port):
    with Board(port) as board:
        board.stop(bare=True)
        who = board.run(_WHO).split()[-1]
        board.leave_running()
    return who


def check_shared(given, count):
    """What boards with one and the same configuration have in common."""
    networks = given.settings["wifi"] or ()
    shared = ["bucket_id"] if given.settings["bucket_id"] else []
    shared += ["ifconfig"] if any(network.get("ifconfig") for network in networks) else []
    if shared:
        raise DeviceError(
            f"{given.config} has {' and '.join(shared)}, which {count} boards cannot share: give"
            f" each a file of its own, as in {_OWN}."
        )
    print(
        f"{count} boards get {given.config}. Each sends to a bucket of its own; all of these are"
        f" named {given.settings['bucket_name']}. For names of their own: {_OWN}.",
        flush=True,
    )


def confirm_open(images):
    """A network without a password is an open one, or was forgotten."""
    asked = set()
    for given in images:
        for network in given.settings["wifi"] or ():
            name = network["ssid"]
            if network["password"] or name in asked:
                continue
            asked.add(name)
            if not sys.stdin.isatty():
                where = f"Wi-Fi {name} has no password in {given.config}"
                print(f"{where}: taken for an open network.", flush=True)
            elif not _yes(f"Wi-Fi {name} has no password. Is it an open network? [y/N] "):
                raise DeviceError(
                    f"Then its password belongs into {given.config}: `make config` asks for it."
                )


def _yes(question):
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def one_after_another(images, form, follow_s):
    results = dict.fromkeys(images, "was not begun")
    failed = 0
    try:
        for i, (port, given) in enumerate(images.items(), 1):
            print(f"\n--- Board {i} of {len(images)}, at {port}", flush=True)
            results[port] = "was stopped"
            try:
                results[port] = flash(port, given, form, follow_s)
            except DeviceError as e:
                print(e, file=sys.stderr, flush=True)
                results[port] = f"FAILED: {str(e).splitlines()[0]}"
                failed += 1
    finally:
        rows = [("port", "configuration", "result")]
        rows += [(port, images[port].config, results[port]) for port in images]
        wide, wider = (max(len(row[i]) for row in rows) for i in (0, 1))
        print()
        for port, config, result in rows:
            print(f"{port:{wide}}  {config:{wider}}  {result}", flush=True)
    if failed:
        raise DeviceError(f"{failed} of {len(images)} boards failed.")
