"""The browser that is brought for the page's tests can be started from wherever it lies."""

import subprocess

from . import chromium


def test_a_browser_is_started_also_where_its_folder_was_moved_or_is_a_link(tmp_path):
    brought = tmp_path / "a copy" / "chromium"
    program = brought / "root/usr/lib/chromium/chromium"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$LD_LIBRARY_PATH $1"\n')
    program.chmod(0o755)
    (brought / "root/usr/lib/pulse").mkdir()
    (brought / "root/usr/lib/pulse/libpulse.so.0").touch()
    chromium.write_launch(brought)
    kept = tmp_path / "kept"
    brought.rename(kept)
    brought.symlink_to(kept)
    for folder in (kept, brought):
        command = [folder / "launch", "--headless"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert said == f"{kept}/root/usr/lib/pulse --headless\n"
