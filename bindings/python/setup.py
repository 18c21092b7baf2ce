"""Builds the engine with the machine's Rust and packs it with the code generated from it.

Plain setuptools: the library is loaded with ctypes and knows nothing of Python, so that one wheel
serves every version of it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]
# "debug" builds in a fraction of the time; tests do.
PROFILE = os.environ.get("DECKPORT_PROFILE", "release")


def version() -> str:
    """The version of the workspace."""
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)
    if found is None:
        sys.exit("Cargo.toml names no version")
    return found[1]


class BuildWithEngine(build_py):
    """Adds the library and the generated module."""

    def run(self) -> None:
        """Build the package as usual, then the engine."""
        super().run()
        options = ["--release"] if PROFILE == "release" else []
        subprocess.run(["cargo", "xtask", "bindings", *options], cwd=ROOT, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
        built = (ROOT / target / "bindings").resolve()
        package = Path(self.build_lib) / "deckport"
        shutil.copy(built / "python" / "deckport.py", package / "_engine.py")
        for library in (built / "native").iterdir():
            shutil.copy(library, package)


class PlatformWheel(bdist_wheel):
    """A wheel for this platform and any Python 3."""

    def finalize_options(self) -> None:
        """Note that there is a library inside."""
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        """Name no version of Python."""
        return "py3", "none", super().get_tag()[2]


setup(
    version=version(),
    cmdclass={"build_py": BuildWithEngine, "bdist_wheel": PlatformWheel},
)
