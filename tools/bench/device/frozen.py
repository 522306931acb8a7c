"""What running islog's modules keeps of the heap, on the 32-bit build: as of a frozen one, whose
code, constants and names are in flash.

They are compiled first, which brings those, and are not counted. Arguments: a folder with the
sources, one with an empty file in the place of each, which is what is imported, and the modules,
each after those that it imports. Prints the bytes.
"""

import gc


def main(sources, empty, *names):
    import loaded

    assert loaded.modules
    codes = []
    for name in names:
        path = "/islog/" + name + ".py"
        hasattr(gc, empty + path)  # makes a name of it: a frozen module's is in flash
        with open(sources + path) as f:
            codes.append((name, compile(f.read(), path, "exec")))
        yield
    yield
    before = gc.mem_alloc()
    for name, code in codes:
        module = __import__("islog")
        if name != "__init__":
            __import__("islog." + name)
            module = getattr(module, name)
        exec(code, module.__dict__)
        module = None
        yield
    yield
    print(gc.mem_alloc() - before)
