#!/usr/bin/env python3
"""Looks at the titles of all processes until it is ended, and writes down those that have a secret.

usage: titles.py SECRETS FOUND EXCEPT   (a file of one secret a line; EXCEPT is in the titles of servers that
are told their secret so). FOUND is there as soon as all were looked at once.
"""
import glob
import os
import sys
import time

secrets = [line for line in open(sys.argv[1], "rb").read().splitlines() if line]
while True:
    found = b""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            title = open(path, "rb").read()
        except OSError:
            continue  # it ended
        if any(secret in title for secret in secrets) and sys.argv[3].encode() not in title:
            found += title.replace(b"\0", b" ") + b"\n"
    with open(sys.argv[2], "ab") as file:
        file.write(found)
    os.sched_yield()
    time.sleep(0.002)
