# Runs on the board behind on_board.py, where it has a ROMFS: what romfs.py asks of it.
# Its first partition (MicroPython mounts no other) is a block device on rp2 and esp32.
import hashlib

import vfs

_PART_BYTES = 512  # divides a block


def _walk(rom, folder, found):
    for entry in rom.ilistdir(folder or "/"):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            _walk(rom, path, found)
        else:
            found.append(path)
    return found


def rom_about():
    # "holds": paths of files; none where there is no ROMFS in the partition. Sizes of 0: it is no
    # block device, as on other ports.
    device = vfs.rom_ioctl(2, 0)
    try:
        holds = _walk(vfs.VfsRom(device), "", [])
    except OSError:
        holds = []
    writable = hasattr(device, "writeblocks")
    block = device.ioctl(5, 0) if writable else 0
    size = device.ioctl(4, 0) * block if writable else 0
    return {"bytes": size, "block_bytes": block, "holds": holds}


def rom_digest(length):
    device = vfs.rom_ioctl(2, 0)
    block = device.ioctl(5, 0)
    hashed = hashlib.sha256()
    part = memoryview(bytearray(_PART_BYTES))
    for at in range(0, length, _PART_BYTES):
        device.readblocks(at // block, part, at % block)
        hashed.update(part[: min(_PART_BYTES, length - at)])
    return binascii.hexlify(hashed.digest()).decode()  # noqa: F821 (on_board.py has it)


def rom_erase(blocks):
    # The first block, without which there is no ROMFS, goes first.
    try:  # noqa: SIM105
        vfs.umount("/rom")
    except OSError:
        pass  # there was none
    device = vfs.rom_ioctl(2, 0)
    for block in range(blocks):
        device.ioctl(6, block)


def rom_write(block, content):
    vfs.rom_ioctl(2, 0).writeblocks(block, binascii.a2b_base64(content), 0)  # noqa: F821
