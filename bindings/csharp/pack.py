#!/usr/bin/env python3
"""Makes the NuGet package, a zip file with a nuspec, without the .NET SDK.

    pack.py --assembly net40=DIR --assembly net45=DIR --assembly netstandard2.0=DIR
            --native win-x86=upay.dll --native linux-x64=libupay.so ... [--out DIRECTORY]

DIR holds Upay.dll and Upay.xml as they were built for that framework. The package's name and its frameworks are read from
Upay.csproj. A file that is missing, or that is for another machine than its name says, is an error.
"""

import argparse
import struct
import sys
import xml.etree.ElementTree as xml
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent

# The name of the file, and the machine that its first bytes must name.
NATIVES = {
    "win-x86": ("upay.dll", "PE 0x14c"),
    "win-x64": ("upay.dll", "PE 0x8664"),
    "linux-x64": ("libupay.so", "ELF64 62"),
    "linux-arm64": ("libupay.so", "ELF64 183"),
    "osx-x64": ("libupay.dylib", "Mach-O 0x1000007"),
    "osx-arm64": ("libupay.dylib", "Mach-O 0x100000c"),
}

CONTENT_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
{}
</Types>
"""

RELATIONS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{id}.nuspec" Id="manifest" />
</Relationships>
"""

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata minClientVersion="4.3">
    <id>{id}</id>
    <version>{version}</version>
    <authors>{authors}</authors>
    <license type="expression">{license}</license>
    <readme>{readme}</readme>
    <description>{description}</description>
    <tags>{tags}</tags>
    <dependencies>
{groups}
    </dependencies>
  </metadata>
</package>
"""

GROUPS = {"net40": ".NETFramework4.0", "net45": ".NETFramework4.5", "netstandard2.0": ".NETStandard2.0"}


def fail(words):
    sys.exit("pack.py: " + words)


def machine(image):
    """Which machine a library is for, in the words of its own header."""
    if image[:2] == b"MZ" and len(image) > 0x40:
        at = struct.unpack_from("<I", image, 0x3C)[0]
        if image[at : at + 4] == b"PE\0\0":
            return "PE %#x" % struct.unpack_from("<H", image, at + 4)
    if image[:4] == b"\x7fELF" and len(image) > 20:
        return "ELF%d %d" % (32 * image[4], struct.unpack_from("<H", image, 18)[0])
    if image[:4] == b"\xcf\xfa\xed\xfe":
        return "Mach-O %#x" % struct.unpack_from("<I", image, 4)
    return "no library"


def read(path):
    try:
        return Path(path).read_bytes()
    except OSError as error:
        fail("%s: %s" % (path, error.strerror))


def natives(pairs):
    for rid, path in pairs:
        if rid not in NATIVES:
            fail("%s: not one of %s" % (rid, ", ".join(NATIVES)))
        name, wanted = NATIVES[rid]
        image = read(path)
        if machine(image) != wanted:
            fail("%s: is %s, and %s needs %s" % (path, machine(image), rid, wanted))
        yield "runtimes/%s/native/%s" % (rid, name), image


def assemblies(pairs, frameworks):
    given = dict(pairs)
    if set(given) != set(frameworks):
        fail("--assembly has to give %s, not %s" % (", ".join(frameworks), ", ".join(given) or "none"))
    for framework in frameworks:
        for name in ("Upay.dll", "Upay.xml"):
            yield "lib/%s/%s" % (framework, name), read(Path(given[framework]) / name)


def pair(text):
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError("not NAME=PATH: " + text)
    return name, path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assembly", type=pair, action="append", default=[], metavar="FRAMEWORK=DIR")
    parser.add_argument("--native", type=pair, action="append", default=[], metavar="RID=FILE")
    parser.add_argument("--out", default=".", metavar="DIRECTORY")
    given = parser.parse_args()
    if not given.native:
        fail("without --native the package would have no library in it")

    project = {node.tag: node.text or "" for node in xml.parse(HERE / "Upay.csproj").iter()}
    frameworks = project["TargetFrameworks"].split(";")
    files = dict(assemblies(given.assembly, frameworks))
    files.update(natives(given.native))
    files["README.md"] = read(HERE / "README.md")
    files["build/net40/Upay.targets"] = read(HERE / "build/Upay.targets")

    keys = {"id": "PackageId", "version": "Version", "authors": "Authors", "license": "PackageLicenseExpression",
            "readme": "PackageReadmeFile", "description": "Description", "tags": "PackageTags"}
    groups = "\n".join('      <group targetFramework="%s" />' % GROUPS[framework] for framework in frameworks)
    nuspec = NUSPEC.format(groups=groups, **{key: escape(project[name]) for key, name in keys.items()})
    files = {project["PackageId"] + ".nuspec": nuspec.encode(), **files}
    endings = sorted({name.rpartition(".")[2] for name in files})
    types = "\n".join('  <Default Extension="%s" ContentType="application/octet" />' % ending for ending in endings)

    package = Path(given.out) / ("%s.%s.nupkg" % (project["PackageId"], project["Version"]))
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", CONTENT_TYPES.format(types))
        out.writestr("_rels/.rels", RELATIONS.format(id=project["PackageId"]))
        for name, content in files.items():
            out.writestr(name, content)
    print(package)


if __name__ == "__main__":
    main()
