#!/usr/bin/env python3
"""sign_s3.py METHOD PATH [FILE]: a configuration of curl (-K) that sends this request, or uploads FILE by it, to
the S3 server of the AWS variables, path style, signed (AWS Signature Version 4, body unsigned): curl 7.88's own
--aws-sigv4 leaves out headers that servers demand. The caller sends it within 15 minutes."""
import datetime
import hashlib
import hmac
import os
import sys
from urllib.parse import quote, urlsplit

method, path = sys.argv[1:3]
endpoint, region = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"]
path = quote(path)
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
headers = {"host": urlsplit(endpoint).netloc, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
names = ";".join(headers)
canonical = "\n".join([method, path, "", *(f"{k}:{v}" for k, v in headers.items()), "", names, "UNSIGNED-PAYLOAD"])
scope = f"{now[:8]}/{region}/s3/aws4_request"
text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
for part in scope.split("/"):
    key = hmac.new(key, part.encode(), hashlib.sha256).digest()
signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"

print("silent\nfail\nshow-error")
print(f'url = "{endpoint}{path}"\nrequest = "{method}"')
if len(sys.argv) > 3:
    print(f'upload-file = "{sys.argv[3]}"\nheader = "Expect:"')
print(f'header = "x-amz-date: {now}"\nheader = "x-amz-content-sha256: UNSIGNED-PAYLOAD"')
print(f'header = "Authorization: AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}"')
