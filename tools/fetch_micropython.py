"""Bring the distribution's MicroPython (unix port) into a folder, without root.

`tools/micropython` runs this once, where a Debian or Ubuntu machine has no MicroPython:

    python3 tools/fetch_micropython.py FOLDER

Where it comes from is the machine's own apt configuration: its mirrors, keys and proxies, first
for its own release and, where that has no MicroPython or one that is too old, for the releases
after it on the same mirrors. apt works on lists, a cache and a dpkg status of its own inside
FOLDER (sources.list(5), apt.conf(5)), so the machine itself stays as it is. Its resolver sees an
empty system and so brings every library, the C library included: what is unpacked runs on an
older system through its own dynamic loader (ld.so(8), --library-path).

Invariants: one run at a time (a lock, which lives as long as any child does); `FOLDER/launch`
is written last, so it is there only where everything else is; whatever an interrupted run has
left is used or replaced by the next.
"""

import fcntl
import os
import re
import shutil
import struct
import subprocess
import sys

OLDEST = (1, 22)  # has `tls` and a frozen `requests`, as boards do

# Releases in order, by family: one whose MicroPython is too old borrows from a later one.
RELEASES = (
    ("bullseye", "bookworm", "trixie", "forky"),
    ("focal", "jammy", "noble"),
)
POCKETS = ("", "-updates", "-security")

LIBRARY_FOLDER = re.compile(r"/lib(64)?(/[^/]+-linux-[^/]+)?$")

APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear Acquire::IndexTargets::deb::CNF;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
Acquire::Languages "none";
Acquire::Retries "2";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/sources.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::lists "{folder}/state/lists";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Cache::archives "{folder}/cache/archives";
"""


class FetchError(Exception):
    """Why there is no MicroPython now, as a sentence for the user."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


class Machine:
    """The machine's apt, made to work inside one folder."""

    def __init__(self, folder, lock_fd):
        self.folder = folder
        self.lock_fd = lock_fd
        self.sources = self._read_sources()

    def run(self, *command):
        """Run a command quietly; returns (succeeded, its output)."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, LC_ALL="C"),
            pass_fds=(self.lock_fd,),
        )
        return done.returncode == 0, done.stdout

    def apt(self, *arguments):
        return self.run(arguments[0], "-c", self.folder + "/apt.conf", *arguments[1:])

    def _read_sources(self):
        """The machine's sources: a list of (form, text), form being "list" or "sources"."""
        asked = ("main", "Dir::Etc::sourcelist/f", "parts", "Dir::Etc::sourceparts/d")
        ok, text = self.run("apt-config", "shell", *asked)
        places = dict(re.findall(r"^(\w+)='(.*)'$", text, re.M)) if ok else {}
        paths = [places.get("main", "")]
        parts = places.get("parts", "")
        if os.path.isdir(parts):
            paths += sorted(os.path.join(parts, name) for name in os.listdir(parts))
        found = []
        for path in paths:
            form = path.rpartition(".")[2]
            if form in ("list", "sources") and os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    found.append((form, file.read()))
        return found

    def releases(self):
        """What to try, in order: codenames from the machine's own on, or None: all as it is."""
        suites = set()
        for form, text in self.sources:
            for entry in entries(form, text):
                suites.update(entry.suites)
        for family in RELEASES:
            for place, release in enumerate(family):
                if release in suites:
                    return family[place:]
        return (None,)

    def use(self, release):
        """Point the private apt at `release`; False where no source is left."""
        lines, stanzas = [], []
        own = self.releases()[0]
        for form, text in self.sources:
            for entry in entries(form, text):
                suites = entry.suites
                if release is not None:
                    known = [own + pocket for pocket in POCKETS]
                    suites = [release + s[len(own) :] for s in suites if s in known]
                if suites:
                    (lines if form == "list" else stanzas).append(entry.text(suites))
        write(self.folder + "/sources.list", "\n".join(lines) + "\n")
        write(self.folder + "/sources.d/machine.sources", "\n\n".join(stanzas) + "\n")
        return bool(lines or stanzas)


class ListEntry:
    """One line of sources.list: `deb [options] uri suite component ...`."""

    FORM = re.compile(r"^\s*deb\s+(\[[^]]*\]\s+)?(?!cdrom:)(\S+)\s+(\S+)\s+([^#]*[^#\s])")

    def __init__(self, match):
        self.options, self.uri, suite, self.components = match.groups()
        self.suites = [suite]

    def text(self, suites):
        return f"deb {self.options or ''}{self.uri} {suites[0]} {self.components}"


class Stanza:
    """One deb822 stanza; fields that span lines (a key in Signed-By) stay as they are."""

    def __init__(self, fields):
        self.fields = fields
        self.suites = fields["suites"].split()

    def text(self, suites):
        fields = dict(self.fields, suites=" " + " ".join(suites), types=" deb")
        return "\n".join(f"{name.title()}:{value}" for name, value in fields.items())


def entries(form, text):
    """The usable binary-package entries in a sources file of either form."""
    if form == "list":
        matches = map(ListEntry.FORM.match, text.splitlines())
        return [ListEntry(match) for match in matches if match]
    found = []
    text = re.sub(r"^#.*\n?", "", text, flags=re.M)
    for block in re.split(r"\n\s*\n", text):
        fields = re.findall(r"^([A-Za-z][\w-]*):(.*(?:\n[ \t].*)*)", block, re.M)
        fields = {name.lower(): value for name, value in fields}
        enabled = fields.get("enabled", "yes").strip().lower() not in ("no", "false", "0")
        complete = "suites" in fields and "uris" in fields and "components" in fields
        if enabled and complete and "deb" in fields.get("types", "").split():
            found.append(Stanza(fields))
    return found


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def reason(output):
    """What apt says went wrong, in brackets; nothing where it says nothing."""
    said = [line[3:].strip() for line in output.splitlines() if line.startswith(("E: ", "W: "))]
    failed = [line for line in said if line.startswith("Failed to fetch")]
    return f" (apt says: {(failed + said)[0]})" if said else ""


def download(machine):
    """Have apt download MicroPython and its libraries; returns the paths of the packages."""
    archives = machine.folder + "/cache/archives"
    os.makedirs(archives + "/partial", exist_ok=True)
    os.makedirs(machine.folder + "/state/lists/partial", exist_ok=True)
    os.makedirs(machine.folder + "/sources.d", exist_ok=True)
    write(machine.folder + "/apt.conf", APT_CONF.format(folder=machine.folder))
    write(machine.folder + "/state/status", "")
    problem = ""
    for release in machine.releases():
        if not machine.use(release):
            continue
        say(f"  reading the package lists of {release or 'this system'} ...")
        ok, output = machine.apt("apt-get", "update")
        problem = reason(output)
        ok, output = machine.apt("apt-cache", "policy", "micropython")
        version = re.search(r"Candidate: (\d+)\.(\d+)", output) if ok else None
        if not version or (int(version.group(1)), int(version.group(2))) < OLDEST:
            continue
        say(f"  downloading MicroPython {'.'.join(version.groups())} and its libraries ...")
        shutil.rmtree(archives)
        os.makedirs(archives + "/partial")
        ok, output = machine.apt("apt-get", "install", "-y", "--download-only", "micropython")
        problem = reason(output)
        if ok:
            return [os.path.join(archives, n) for n in os.listdir(archives) if n.endswith(".deb")]
    raise FetchError(
        f"apt could not bring MicroPython {OLDEST[0]}.{OLDEST[1]} or later{problem}: check the"
        " network and run this again, or install MicroPython so that it is on PATH."
    )


def unpack(machine, packages):
    """Unpack into FOLDER/root, find how to run it, prove that it runs, write FOLDER/launch."""
    root = machine.folder + "/root"
    shutil.rmtree(root, ignore_errors=True)
    for package in packages:
        ok, output = machine.run("dpkg", "-x", package, root)
        if not ok:
            raise FetchError(f"A package of MicroPython could not be unpacked: {output.strip()}")
    binary = root + "/usr/bin/micropython"
    name = os.path.basename(interpreter(binary))
    folders = [where for where, _, _ in os.walk(root) if LIBRARY_FOLDER.search(where)]
    # A link to the loader may be absolute, and so point out of the folder: only the file counts.
    loaders = [f"{where}/{name}" for where in folders if is_plain_file(f"{where}/{name}")]
    if not loaders:
        raise FetchError(f"The MicroPython fetched lacks its dynamic loader {name}.")
    command = [loaders[0], "--library-path", ":".join(sorted(folders)), binary]
    ok, output = machine.run(*command, "-c", "import requests, tls; print('runs')")
    if not ok or output.strip() != "runs":
        raise FetchError(f"The MicroPython fetched does not run here: {output.strip()}")
    words = [word.replace(machine.folder, "$cache") for word in command]
    write(machine.folder + "/launch", 'exec {} "$@"\n'.format(" ".join(f'"{w}"' for w in words)))


def is_plain_file(path):
    return os.path.isfile(path) and not os.path.islink(path)


def interpreter(path):
    """The dynamic loader that an ELF program asks for (elf(5), PT_INTERP)."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x7fELF":
        raise FetchError("The MicroPython fetched is no program.")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    table = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    for at in range(table, table + size * count, size):
        if struct.unpack_from(order + "I", data, at)[0] == 3:
            form, place = (order + "Q", 8) if wide else (order + "I", 4)
            offset = struct.unpack_from(form, data, at + place)[0]
            return data[offset : data.index(b"\0", offset)].decode()
    raise FetchError("The MicroPython fetched names no dynamic loader.")


def fetch(folder):
    """Make FOLDER/launch, or raise FetchError."""
    for tool in ("apt-get", "apt-cache", "apt-config", "dpkg"):
        if not shutil.which(tool):
            raise FetchError(
                "No MicroPython on this machine: install it with the system's package manager"
                " or build its unix port, so that `micropython` is on PATH."
            )
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is fetching MicroPython; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(folder + "/launch"):
            return
        say("No MicroPython on this machine; fetching its package into .cache", end="")
        say(" (once; 4 MB and apt's lists of packages, some 10 MB each) ...")
        machine = Machine(folder, lock.fileno())
        unpack(machine, download(machine))
        for name in ("cache", "state"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        say("  done.")


def main(arguments):
    if len(arguments) != 1:
        say("Usage: python3 tools/fetch_micropython.py FOLDER")
        return 2
    try:
        fetch(os.path.abspath(arguments[0]))
    except FetchError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"MicroPython could not be fetched: {error}.")
        return 1
    except KeyboardInterrupt:
        say("Stopped; run it again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
