"""What `import islog` keeps of the heap, with log() in bytecode: from a folder, or from a ROMFS
image, which is a file.

Such an image is in memory before, as it is in a board's flash. What is imported is found from the
working directory, for a module's path becomes a name, which is to be as long for both. Prints null
where the port has no ROMFS.
"""

import gc
import os
import sys


def main(folder, image):
    import loaded

    assert loaded.modules
    if image:
        try:
            from vfs import VfsRom, mount
        except ImportError:
            print("null")
            return
        folder = "/rom"
        with open(image, "rb") as f:
            mount(VfsRom(f.read()), folder)
    os.chdir(folder)
    sys.path.insert(0, "")
    yield
    before = gc.mem_alloc()
    __import__("islog.bytecode")
    yield
    print(gc.mem_alloc() - before)
