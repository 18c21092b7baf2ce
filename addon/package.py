"""Packs the add-ons: `package.py OUT`; `cargo xtask addon` calls it.

The same sources give the same bytes: names in order, one date, nothing compressed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

HERE = Path(__file__).parent
# The wheels that are fetched; of zeroconf's, which also holds compiled code, any has the sources.
WHEELS = [
    "--only-binary=:all:",
    "--python-version=3.9",
    "--implementation=cp",
    "--abi=cp39",
    "--abi=none",
    "--platform=manylinux_2_28_x86_64",
    "--platform=any",
]
DATE = (2020, 1, 1, 0, 0, 0)
NOTICE = """The libraries in this folder are not part of Deckport; each is under its own licence,
which lies beside it. They are the unchanged Python sources of the packages on https://pypi.org:

{packages}
zeroconf is under the GNU LGPL 2.1 or later: you may replace it by your own version.
"""


def main(out: Path) -> None:
    """Makes both files."""
    out.mkdir(parents=True, exist_ok=True)
    files = sources(HERE / "deckport") | licences() | vendored(out / "wheels")
    pack(out / "deckport.ankiaddon", files)
    pack(out / "deckport-old.ankiaddon", sources(HERE / "old") | licences())


def sources(folder: Path) -> dict[str, bytes]:
    """The files of an add-on, as they are in the repository."""
    kinds = {".py", ".json", ".md"}
    named = {file.relative_to(folder): file for file in folder.rglob("*") if file.suffix in kinds}
    # A `meta.json` is what Anki keeps; somebody may have run it from here.
    return {
        path.as_posix(): file.read_bytes()
        for path, file in named.items()
        if path.parts[0] not in ("vendor", "meta.json")
    }


def licences() -> dict[str, bytes]:
    """Of the add-on itself."""
    names = ("LICENSE-MIT", "LICENSE-APACHE")
    return {name: (HERE.parent / name).read_bytes() for name in names}


def vendored(wheels: Path) -> dict[str, bytes]:
    """The libraries, below `vendor/`."""
    download = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--require-hashes", *WHEELS, "--dest", str(wheels),
        "--requirement", str(HERE / "vendored.txt"),
    ]  # fmt: skip
    subprocess.run(download, check=True)
    lines = (HERE / "vendored.txt").read_text(encoding="utf-8").splitlines()
    packages = [line.split()[0].split("==") for line in lines if line and line[0] != "#"]
    files: dict[str, bytes] = {}
    for name, version in packages:
        (wheel,) = wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl")
        files |= of_wheel(wheel)
    told = "".join(f"  {name} {version}\n" for name, version in packages)
    files["vendor/README.txt"] = NOTICE.format(packages=told).encode()
    return files


def of_wheel(wheel: Path) -> dict[str, bytes]:
    """Python sources and licences; neither tests nor compiled code."""
    files = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = PurePosixPath(name)
            is_licence = path.name.split(".")[0] in ("LICENSE", "COPYING")
            if is_licence or (path.suffix == ".py" and not path.name.startswith("test_")):
                folder = path.parts[0].split("-")[0]
                kept = PurePosixPath(folder, path.name) if is_licence else path
                files[f"vendor/{kept}"] = archive.read(name)
    return files


def pack(target: Path, files: dict[str, bytes]) -> None:
    """Writes an archive of them."""
    json.loads(files["manifest.json"])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, DATE)
            # The same on every system.
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
