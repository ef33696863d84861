"""Add to dist/wheels what students on other machines need, torch left out. It asks the package index, so it needs a network."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
PLATFORMS = {
    "windows": ("win_amd64",),
    "macos": ("macosx_14_0_arm64", "macosx_11_0_arm64"),
    "macos-intel": ("macosx_14_0_x86_64", "macosx_10_12_x86_64"),
    "linux": tuple(f"{kind}_x86_64" for kind in LINUX),
    "linux-arm": tuple(f"{kind}_aarch64" for kind in LINUX),
}
# pip reads conditions such as sys_platform == "win32" for the machine that it runs on
BESIDES = {"windows": ("colorama",)}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="again for several; all if left out")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="again for several; all if left out")
    options = parser.parse_args()
    kits = sorted(options.dist.glob("grade_kit-*.whl"))
    if not kits:
        parser.error(f"no wheel of the kit in {options.dist}; make release first")
    failed = []
    for platform in options.platform or PLATFORMS:
        for python in options.python or PYTHONS:
            command = [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "-c",
                str(ROOT / "constraints.txt"), "--python-version", python, "-d", str(options.dist / "wheels"),
                *(word for tag in PLATFORMS[platform] for word in ("--platform", tag)), str(kits[-1]), *BESIDES.get(platform, ()),
            ]  # fmt: skip
            done = subprocess.run(command, check=False)
            print(f"{platform}, Python {python}: {'done' if done.returncode == 0 else 'not to be had'}")
            if done.returncode:
                failed.append((platform, python))
    for copy in (options.dist / "wheels").glob("grade_kit-*.whl"):
        copy.unlink()  # it lies beside the folder
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
