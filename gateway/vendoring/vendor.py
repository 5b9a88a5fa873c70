"""Copies the libraries of the console from npm to a folder, and says under which licences.

usage: vendor.py FOLDER

npm takes the versions of package.json and checks the hashes of package-lock.json. A copy differs
from its package in what it imports: a page without inline scripts has no import map, so that
names of packages become names of files. Lines that name source maps are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

# File of the console, the package that it is of, and its path there.
FILES = (
    ("htm.js", "htm", "dist/htm.mjs"),
    ("preact.js", "preact", "dist/preact.mjs"),
    ("preact-hooks.js", "preact", "hooks/dist/hooks.mjs"),
    ("signals-core.js", "@preact/signals-core", "dist/signals-core.mjs"),
    ("signals.js", "@preact/signals", "dist/signals.mjs"),
    ("uplot.css", "uplot", "dist/uPlot.min.css"),
    ("uplot.js", "uplot", "dist/uPlot.esm.js"),
)
IMPORTS = {
    "preact": "./preact.js",
    "preact/hooks": "./preact-hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def copy(modules: Path, folder: Path) -> None:
    """Write the files, and the licences of their packages, to an empty folder."""
    for name, package, path in FILES:
        text = (modules / package / path).read_text()
        text = re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", text)
        for package_name, file_name in IMPORTS.items():
            text = text.replace(f'from"{package_name}"', f'from"{file_name}"')
        (folder / name).write_text(text)
    packages = sorted({package for _, package, _ in FILES})
    licences = (f"{name}\n\n{(modules / name / 'LICENSE').read_text()}" for name in packages)
    (folder / "LICENSES.txt").write_text(f"\n{'=' * 80}\n\n".join(licences))


def main() -> None:
    """Install the packages aside, and copy from there."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as aside:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, aside)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=aside, check=True, stdout=subprocess.DEVNULL)
        copy(Path(aside) / "node_modules", folder)


if __name__ == "__main__":
    main()
