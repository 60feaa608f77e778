"""MD5 of every file of a folder, and a copy: what a store of whole files has to do at least.

    python3 md5_copy.py FROM TO
"""
import hashlib
import pathlib
import shutil
import sys

source, target = map(pathlib.Path, sys.argv[1:3])
for path in sorted(source.rglob("*")):
    if path.is_file():
        with open(path, "rb") as file:
            hashlib.file_digest(file, "md5")
        there = target / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
