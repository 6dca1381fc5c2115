"""Builds a wheel: the package, and the library that cargo builds from the repository.

A build backend for pip (PEP 517) that needs only Python and cargo. There is no source package: the sources are the
repository. With `--config-settings library=FILE` the library is that file, such as one that was
built before, and cargo is not needed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sysconfig
import zipfile
from pathlib import Path
from typing import Dict, Optional

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
MANIFEST = REPOSITORY / "Cargo.toml"
PACKAGE = HERE / "upay"
LIBRARIES = ("libupay.so", "libupay.dylib", "upay.dll")
# The earliest date that a zip file can have, so that the same files always make the same wheel.
DATE = (1980, 1, 1, 0, 0, 0)


def prepare_metadata_for_build_wheel(directory: str, settings: Optional[object] = None) -> str:
    """Called by pip first; without it pip would build twice. Returns the name of the new directory."""
    for path, content in _about().items():
        file = Path(directory) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return _about_directory()


def build_wheel(directory: str, settings: Optional[Dict[str, str]] = None, metadata: Optional[str] = None) -> str:
    """Called by pip. Returns the wheel's file name in the directory."""
    files = {f"upay/{path.name}": path.read_bytes() for path in sorted(PACKAGE.iterdir()) if path.is_file()}
    named = (settings or {}).get("library")
    library = _library() if named is None else Path(named)
    files[f"upay/{library.name}"] = library.read_bytes()
    files.update(_about())
    record = f"{_about_directory()}/RECORD"
    files[record] = _record(files, record).encode("utf-8")
    name = f"upay-{_version()}-{_tag()}.whl"
    with zipfile.ZipFile(Path(directory) / name, "w") as wheel:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, DATE)
            info.external_attr = 0o644 << 16
            wheel.writestr(info, content, zipfile.ZIP_DEFLATED)
    return name


def build_sdist(directory: str, settings: Optional[object] = None) -> str:
    """Called by `python -m build` without --wheel."""
    raise SystemExit("there is no source package of upay: build a wheel in the repository")


def _version() -> str:
    """The crate's version."""
    if not MANIFEST.is_file():
        raise SystemExit(f"upay is built inside its repository, and there is no {MANIFEST}")
    found = re.search(r'^version = "(.+)"$', MANIFEST.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{MANIFEST} names no version")
    return found.group(1)


def _tag() -> str:
    """Any Python 3, because no Python in it is compiled; one platform, because of the library."""
    return "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())


def _library() -> Path:
    """Builds the release form of the shared library. cargo's output says where it is."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise SystemExit("cargo is missing: install Rust from https://rustup.rs, or a wheel that was built elsewhere")
    command = [cargo, "rustc", "--release", "--locked", "--lib", "--crate-type", "cdylib"]
    command += ["--message-format", "json-render-diagnostics", "--manifest-path", str(MANIFEST)]
    built = subprocess.run(command, stdout=subprocess.PIPE)
    if built.returncode != 0:
        raise SystemExit(f"cargo could not build the library: it ended with {built.returncode}")
    messages = map(json.loads, built.stdout.splitlines())
    paths = [Path(path) for message in messages for path in message.get("filenames", [])]
    found = [path for path in paths if path.name in LIBRARIES]
    if not found:
        raise SystemExit(f"cargo built none of {', '.join(LIBRARIES)}")
    return found[-1]


def _about_directory() -> str:
    return f"upay-{_version()}.dist-info"


def _about() -> Dict[str, bytes]:
    """The wheel's metadata, without its record."""
    metadata = f"""\
Metadata-Version: 2.1
Name: upay
Version: {_version()}
Summary: Mobile payments for cash registers through the Shouqianba UPay v2 gateway
License: MIT OR Apache-2.0
Requires-Python: >=3.8
"""
    wheel = f"""\
Wheel-Version: 1.0
Generator: upay
Root-Is-Purelib: false
Tag: {_tag()}
"""
    files = {"METADATA": metadata.encode("utf-8"), "WHEEL": wheel.encode("utf-8")}
    for name in ("LICENSE", "LICENSE-MIT", "LICENSE-APACHE"):
        files[name] = (REPOSITORY / name).read_bytes()
    return {f"{_about_directory()}/{name}": content for name, content in files.items()}


def _record(files: Dict[str, bytes], itself: str) -> str:
    """Each file with its hash and size, except the record itself."""
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join(lines) + f"{itself},,\n"
