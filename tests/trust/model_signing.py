#!/usr/bin/env python3
"""The reference implementation of the OpenSSF Model Signing specification against ours: each signs,
the other verifies; and what the reference lets through, ours refuses or tells.

    model_signing.py MLOPS FOLDER

Installs model-signing from PyPI into a virtual environment in FOLDER; exits with 77 where that
cannot be had.
"""
import base64
import copy
import json
import os
import shutil
import subprocess
import sys

mlops, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
failures = 0


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def expect(what, wanted, result):
    global failures
    if (result.returncode == 0) != wanted:
        failures += 1
        print(f"WRONG: {what}: {result.returncode}\n{result.stdout}{result.stderr}")


def install():
    venv = os.path.join(folder, "venv")
    from_pypi = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop", "from_pypi")
    if run(from_pypi, venv, "model-signing==1.1.1", "pyopenssl==26.4.0").returncode:
        print("model-signing cannot be installed")
        sys.exit(77)
    return f"{venv}/bin/model_signing"


def openssl(*words):
    done = run("openssl", *words)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def make_model(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(f"{path}/a/sub")
    for name, text in (("a.txt", "hello\n"), ("a/b.bin", "\0\1"), ("a/sub/empty", ""),
                       ("config.json", "{}"), ("ä ö.txt", "unicode\n")):
        with open(f"{path}/{name}", "w") as file:
            file.write(text)


def keys(reference):
    """Every curve, both ways."""
    for name, curve in (("p256", "prime256v1"), ("p384", "secp384r1"), ("p521", "secp521r1")):
        make_model("m")
        key, public = f"{name}.key", f"{name}.pem"
        openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", key)
        openssl("pkey", "-in", key, "-pubout", "-out", public)
        expect(f"{name}: ours signs", True, run(mlops, "sign", "./m", "--key", f"./{key}", "-o", "ours.sig"))
        expect(f"{name}: theirs verifies ours", True,
               run(reference, "verify", "key", "m", "--signature", "ours.sig", "--public_key", public))
        expect(f"{name}: theirs signs", True,
               run(reference, "sign", "key", "m", "--private_key", key, "--signature", "theirs.sig"))
        for signature in ("ours.sig", "theirs.sig"):
            verify = [mlops, "verify", "./m", "--signature", signature, "--key", f"./{public}"]
            expect(f"{name}: ours verifies {signature}", True, run(*verify))
            with open("m/a.txt", "a") as file:
                file.write("more")
            expect(f"{name}: changed, {signature}", False, run(*verify))
            make_model("m")
            open("m/extra", "w").close()
            expect(f"{name}: one more, {signature}", False, run(*verify))
            os.remove("m/extra")
            os.remove("m/a/sub/empty")
            expect(f"{name}: one less, {signature}", False, run(*verify))
            make_model("m")


def certificates(reference):
    make_model("m")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=ca", "-addext",
            "keyUsage=critical,keyCertSign")
    for name, days, extension in (("good", "10", "keyUsage=critical,digitalSignature"),
                                  ("use", "10", "keyUsage=critical,keyAgreement"),
                                  ("expired", "-1", "keyUsage=critical,digitalSignature")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=ana")
        with open("extensions", "w") as file:
            file.write(extension + "\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", days, "-extfile", "extensions", "-out", f"{name}.crt")
        with open(f"{name}.chain", "w") as file:
            file.write(open(f"{name}.crt").read() + open("ca.pem").read())
        expect(f"{name}: ours signs", True, run(mlops, "sign", "./m", "--key", f"./{name}.key",
                                                 "--certificate", f"{name}.chain", "-o", "ours.sig"))
        expect(f"{name}: ours verifies ours", name == "good",
               run(mlops, "verify", "./m", "--signature", "ours.sig", "--roots", "ca.pem"))
    expect("another's certificate", False, run(mlops, "sign", "./m", "--key", "./good.key", "--certificate",
                                               "use.chain", "-o", "x.sig"))
    run(mlops, "sign", "./m", "--key", "./good.key", "--certificate", "good.chain", "-o", "ours.sig")
    expect("theirs verifies ours", True, run(reference, "verify", "certificate", "m", "--signature",
                                             "ours.sig", "--certificate_chain", "ca.pem"))
    expect("theirs signs", True, run(reference, "sign", "certificate", "m", "--private_key", "good.key",
                                     "--signing_certificate", "good.crt", "--certificate_chain", "ca.pem",
                                     "--signature", "theirs.sig"))
    expect("ours verifies theirs", True,
           run(mlops, "verify", "./m", "--signature", "theirs.sig", "--roots", "ca.pem"))
    expect("no roots for it", False,
           run(mlops, "verify", "./m", "--signature", "theirs.sig", "--roots", "good.crt"))


def let_through(reference):
    """Made with the right key, by somebody who wants it to say two things."""
    make_model("m")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "k.key")
    openssl("pkey", "-in", "k.key", "-pubout", "-out", "k.pem")
    run(mlops, "sign", "./m", "--key", "./k.key", "-o", "good.sig")
    good = json.load(open("good.sig"))

    def resign(change):
        bundle = copy.deepcopy(good)
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        change(bundle, statement)
        payload = json.dumps(statement).encode()
        pae = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
        with open("pae", "wb") as file:
            file.write(pae)
        openssl("dgst", "-sha256", "-sign", "k.key", "-out", "raw", "pae")
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(open("raw", "rb").read()).decode()
        with open("bad.sig", "w") as file:
            json.dump(bundle, file)
        return (run(reference, "verify", "key", "m", "--signature", "bad.sig", "--public_key", "k.pem"),
                run(mlops, "verify", "./m", "--signature", "bad.sig", "--key", "./k.pem"))

    def twice(bundle, statement):
        resources = statement["predicate"]["resources"]
        resources.insert(0, dict(resources[0], digest="00" * 32))
        root = b"".join(bytes.fromhex(r["digest"]) for r in resources)
        import hashlib
        statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(root).hexdigest()

    def second_signature(bundle, statement):
        bundle["dsseEnvelope"]["signatures"].append({"sig": "AAAA", "keyid": ""})

    def old_predicate(bundle, statement):
        statement["predicateType"] = "https://model_signing/Digests/v0.1"

    def wrong_root(bundle, statement):
        statement["subject"][0]["digest"]["sha256"] = "00" * 32

    def two_subjects(bundle, statement):
        statement["subject"].append(statement["subject"][0])

    def extra_member(bundle, statement):
        bundle["extra"] = 1

    def climbs(bundle, statement):
        statement["predicate"]["resources"][0]["name"] = "../a.txt"

    def other_media(bundle, statement):
        bundle["mediaType"] = "application/json"

    passed = 0
    expect("the same again", True, resign(lambda bundle, statement: None)[1])
    for change in (twice, second_signature, old_predicate, wrong_root, two_subjects, extra_member, climbs,
                   other_media):
        theirs, ours = resign(change)
        passed += theirs.returncode == 0
        expect(change.__name__, False, ours)
    # files that nobody signed, where the reference does not look
    os.makedirs("m/.github")
    open("m/.github/x", "w").close()
    expect("a file in .github", False,
           run(mlops, "verify", "./m", "--signature", "good.sig", "--key", "./k.pem"))
    passed += run(reference, "verify", "key", "m", "--signature", "good.sig", "--public_key",
                  "k.pem").returncode == 0
    shutil.rmtree("m/.github")
    os.makedirs("m/nothing")
    os.chmod("m/a.txt", 0o4755)
    told = run(mlops, "verify", "./m", "--signature", "good.sig", "--key", "./k.pem")
    if "m/nothing" not in told.stderr and "nothing: an empty folder" not in told.stderr or \
            "setuid" not in told.stderr:
        expect("empty folders and setuid bits are told", True,
               subprocess.CompletedProcess([], 1, told.stdout, told.stderr))
    print(f"the reference let {passed} of 9 through")


def main():
    os.makedirs(folder, exist_ok=True)
    reference = install()
    os.chdir(folder)
    os.environ["MLOPS_KEYS"] = os.path.join(folder, "keys")
    keys(reference)
    certificates(reference)
    let_through(reference)
    print(f"{failures} wrong")
    sys.exit(failures > 0)


main()
