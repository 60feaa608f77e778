#!/usr/bin/env python3
"""Pickles that scanners were fooled by, and what ours must say of them.

    make_pickles.py FOLDER                writes them
    make_pickles.py check PICKLE_DUMP     writes them to a temporary folder and compares

Each is put together here from opcodes; nothing is taken from other collections, and the payload is
never more than a name. Sources: the advisories (GHSA, CVE) named beside the entries, and
RESEARCH-security.md, whose numbers v01 … v42 are kept.
"""
import base64
import os
import pickle
import struct
import subprocess
import sys
import tempfile

CASES = []  # name, bytes, verdicts allowed, rules that must be among the findings


def case(name, data, verdict="unsafe", *rules):
    CASES.append((name, bytes(data), verdict.split("|"), rules))


# An assembler of a few words.
def proto(n):
    return b"\x80" + bytes([n])


def text(s):
    raw = s.encode("utf-8", "surrogatepass")
    return (b"\x8c" + bytes([len(raw)]) if len(raw) < 256 else b"X" + struct.pack("<I", len(raw))) + raw


def data(raw):
    return (b"C" + bytes([len(raw)]) if len(raw) < 256 else b"B" + struct.pack("<I", len(raw))) + raw


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def stack_named(module, name):
    return text(module) + text(name) + b"\x93"


def frame(body, size=None):
    return b"\x95" + struct.pack("<Q", len(body) if size is None else size) + body


def call(module, name, *arguments):
    return named(module, name) + b"(" + b"".join(arguments) + b"tR"


ID = text("id")
SYSTEM = call("os", "system", ID)
DENIED = "import-denied"

# Opcode families: each way to import and to call.
case("global_reduce_p0", b"cos\nsystem\n(S'id'\ntR.", "unsafe", DENIED)
case("global_reduce_p2", proto(2) + SYSTEM + b".", "unsafe", DENIED)
case("stack_global_p4", proto(4) + frame(stack_named("os", "system") + ID + b"\x85R."), "unsafe", DENIED)
case("stack_global_memo", proto(4) + text("system") + b"\x940" + text("os") + b"\x940h\x01h\x00\x93" +
     ID + b"\x85R.", "unsafe", DENIED)
case("inst", b"(S'id'\nios\nsystem\n.", "unsafe", DENIED)
case("obj", b"(cos\nsystem\nS'id'\no.", "unsafe", DENIED)
case("obj_popped", b"(cos\nsystem\nS'id'\no0N.", "unsafe", DENIED)  # GHSA-mxhj-88fx-4pcv
case("newobj", proto(2) + named("subprocess", "Popen") + ID + b"\x85\x81.", "unsafe", DENIED)
case("newobj_ex", proto(4) + stack_named("subprocess", "Popen") + b")}" + text("args") + ID + b"s\x92.",
     "unsafe", DENIED)
case("build_setstate", proto(2) + named("ctypes", "CDLL") + b")\x81}" + text("x") + b"Nsb.", "unsafe", DENIED)
case("popped_result", proto(2) + SYSTEM + b"0N.", "unsafe", DENIED)
case("in_a_list", proto(2) + b"](" + SYSTEM + b"e.", "unsafe", DENIED)
case("in_a_dict_value", proto(2) + b"}" + text("k") + SYSTEM + b"s.", "unsafe", DENIED)
case("reduce_with_list", proto(2) + named("os", "system") + b"](" + ID + b"eR.", "unsafe", DENIED, "readers-differ")
case("reduce_with_list_listed", proto(2) + named("collections", "deque") + b"](K\x01eR.", "unsafe", "readers-differ")
case("dup_call", proto(2) + named("os", "system") + b"20" + ID + b"\x85R.", "unsafe", DENIED)
case("import_only", proto(2) + named("antigravity", "x") + b"0N.", "unsafe", DENIED)

# Names that are written in other ways.
case("v10_unicode_escape", b"V\\u006f\\u0073\nV\\u0073ystem\n\x93(Vid\ntR.", "unsafe", DENIED)
case("v11_string_escape", b"S'\\x6fs'\nS'\\163ystem'\n\x93(S'id'\ntR.", "unsafe", DENIED)
case("unicode_escape_upper", b"V\\U0000006fs\nVsystem\n\x93(Vid\ntR.", "unsafe", DENIED)
case("binstring_names", b"U\x02osU\x06system\x93(S'id'\ntR.", "unsafe", DENIED)
case("long_binstring_names", b"T\x02\0\0\0osT\x06\0\0\0system\x93(S'id'\ntR.", "unsafe", DENIED)
case("binunicode8_names", proto(4) + b"\x8d" + struct.pack("<Q", 2) + b"os" + text("system") + b"\x93" + ID + b"\x85R.",
     "unsafe", DENIED)
case("computed_name", proto(4) + call("_codecs", "encode", text("os"), text("latin1")) + text("system") + b"\x93)R.",
     "unsafe", "import-computed")
case("name_with_nul", proto(4) + text("os\0x") + text("system") + b"\x93)R.", "unsafe", "import-odd-name")
case("name_with_blank", proto(4) + text("os ") + text("system") + b"\x93)R.", "unsafe", "import-odd-name")
case("name_of_length", proto(4) + text("o" * 5000) + text("system") + b"\x93)R.", "unsafe", "import-odd-name")

# Dotted names: from protocol 4 on they are walked (GHSA-5j3x-jp52-966f and others).
case("v01_dotted_pathlib", proto(4) + stack_named("pathlib", "os.getpid") + b")R.", "unsafe", "import-dotted")
case("v03_dotted_collections", proto(4) + stack_named("collections", "_sys.modules.copy") + b")R.", "unsafe")
case("dotted_builtins", proto(4) + stack_named("builtins", "eval.__call__") + text("1") + b"\x85R.", "unsafe")
case("dotted_class", proto(4) + stack_named("sklearn.base", "BaseEstimator.__init__.__globals__") + b".", "unsafe")
case("dotted_torch", proto(4) + stack_named("torch.nn.modules.linear", "math.sys.modules") + b".", "unsafe|unknown")
case("dotted_numpy", proto(4) + stack_named("numpy.core.multiarray", "os.system") + ID + b"\x85R.", "unsafe", "import-dotted")
for module, name in (("bdb", "Bdb.run"), ("code", "InteractiveInterpreter.runcode"), ("profile", "Profile.run"),
                     ("trace", "Trace.runctx"), ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
                     ("idlelib.run", "Executive.runcode"), ("lib2to3.pgen2.grammar", "Grammar.loads"),
                     ("idlelib.pyshell", "ModifiedInterpreter.runcommand"),
                     ("torch._dynamo.guards", "GuardBuilder.get"),
                     ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
                     ("torch.utils._config_module", "ConfigModule.load_config")):
    case(f"gadget_{module}_{name}", proto(4) + stack_named(module, name) + text("x") + b"\x85R.", "unsafe", DENIED)

# Callables of the published advisories, each by itself.
for module, name in (
        ("pip", "main"), ("pip._internal.cli.main", "main"), ("builtins", "eval"), ("builtins", "exec"),
        ("builtins", "compile"), ("builtins", "__import__"), ("builtins", "open"), ("builtins", "breakpoint"),
        ("builtins", "map"), ("builtins", "setattr"), ("builtins", "globals"), ("posix", "system"),
        ("nt", "system"), ("os", "popen"), ("subprocess", "run"), ("sys", "exit"), ("pty", "spawn"),
        ("runpy", "_run_code"), ("timeit", "timeit"), ("cProfile", "run"), ("cProfile", "runctx"),
        ("profile", "run"), ("pydoc", "pipepager"), ("pydoc", "locate"), ("doctest", "debug_script"),
        ("ensurepip", "_run_pip"), ("venv", "create"), ("webbrowser", "open"), ("ctypes", "CDLL"),
        ("socket", "create_connection"), ("ssl", "get_server_certificate"), ("urllib.request", "urlopen"),
        ("requests.api", "get"), ("aiohttp.client", "ClientSession"), ("http.client", "HTTPSConnection"),
        ("imaplib", "IMAP4_stream"), ("uuid", "_get_command_stdout"), ("_pyrepl.pager", "pipe_pager"),
        ("_osx_support", "_read_output"), ("_aix_support", "_read_cmd_output"), ("pickle", "loads"),
        ("_pickle", "loads"), ("pickle", "load"), ("marshal", "loads"), ("types", "CodeType"),
        ("types", "FunctionType"), ("importlib", "import_module"), ("importlib.machinery", "SourceFileLoader"),
        ("pkgutil", "resolve_name"), ("logging", "FileHandler"), ("logging.config", "listen"),
        ("_io", "FileIO"), ("io", "open"), ("shutil", "rmtree"), ("distutils.file_util", "write_file"),
        ("operator", "attrgetter"), ("operator", "methodcaller"), ("_operator", "attrgetter"),
        ("_operator", "methodcaller"), ("functools", "reduce"), ("functools", "partialmethod"),
        ("multiprocessing.util", "spawnv_passfds"), ("concurrent.futures.process", "ProcessPoolExecutor"),
        ("sqlite3", "connect"), ("tempfile", "mktemp"), ("gc", "get_objects"), ("inspect", "getattr_static"),
        ("site", "main"), ("code", "interact"), ("codeop", "compile_command"), ("cgitb", "lookup"),
        ("zipimport", "zipimporter"), ("smtplib", "SMTP"), ("ftplib", "FTP"), ("telnetlib", "Telnet"),
        ("test.support.script_helper", "assert_python_ok"), ("unittest.mock", "_importer"),
        ("numpy.f2py.crackfortran", "getlincoef"), ("numpy.f2py.crackfortran", "param_eval"),
        ("numpy.testing._private.utils", "runstring"), ("numpy", "load"), ("numpy", "fromfile"),
        ("numpy.distutils.exec_command", "exec_command"), ("torch", "load"), ("torch.serialization", "load"),
        ("torch.hub", "load"), ("torch.jit", "load"), ("torch.jit.unsupported_tensor_ops", "execWrapper"),
        ("torch.utils.collect_env", "run"), ("torch.utils.bottleneck.__main__", "run_cprofile"),
        ("torch._inductor.codecache", "compile_file"), ("torch.utils.data.datapipes.utils.decoder", "basichandlers"),
        ("torch.multiprocessing", "spawn"), ("joblib", "load"), ("joblib.numpy_pickle", "NDArrayWrapper"),
        ("pandas", "read_pickle"), ("pandas.core.computation.eval", "eval"), ("dill._dill", "_create_function"),
        ("dill._dill", "_import_module"), ("dill", "loads"), ("cloudpickle.cloudpickle", "_make_function"),
        ("cloudpickle.cloudpickle", "subimport"), ("cloudpickle", "loads"), ("IPython", "embed"),
        ("fickling", "x"), ("picklescan.scanner", "x"), ("copyreg", "add_extension"), ("typing", "get_type_hints"),
        ("dataclasses", "make_dataclass"), ("collections", "namedtuple"), ("mmap", "mmap"), ("signal", "alarm")):
    case(f"denied_{module}.{name}", proto(4) + stack_named(module, name) + text("x") + b"\x85R.", "unsafe", DENIED)

# On no list: reported, and never safe.
for module, name in (("mycompany.models", "Forest"), ("keras.models", "load_model"), ("sklearn.base", "clone"),
                     ("scipy.stats._continuous_distns", "norm_gen"), ("__main__", "Model"), ("numpy", "apply"),
                     ("torch", "_utils"), ("sklearn.datasets._base", "load_files"), ("collections", "x")):
    case(f"unlisted_{module}.{name}", proto(4) + stack_named(module, name) + b")R.", "unknown", "import-unknown")

# Python 2's names are mapped below protocol 3.
case("v04_cpickle", proto(2) + call("cPickle", "loads", data(b"N.")) + b".", "unsafe", DENIED)
case("v05_urllib2", proto(2) + call("urllib2", "Request", text("x")) + b".", "unsafe", DENIED)
case("v06_thread", proto(2) + call("thread", "get_ident") + b".", "unsafe", DENIED)
case("py2_commands", call("commands", "getoutput", b"S'id'\n") + b".", "unsafe", DENIED)
case("py2_builtin_eval", call("__builtin__", "eval", b"S'1'\n") + b".", "unsafe", DENIED)
case("py2_builtin_reduce", call("__builtin__", "reduce", b"S'1'\n") + b".", "unsafe", DENIED)
case("py2_httplib", proto(2) + call("httplib", "HTTPSConnection", text("x")) + b".", "unsafe", DENIED)
case("py2_name_at_protocol_4", proto(4) + call("__builtin__", "eval", text("1")) + b".", "unsafe", DENIED)
case("py2_harmless", proto(2) + call("__builtin__", "set", b"](K\x01e") + b".", "safe")
case("protocol_switched_back", proto(4) + proto(2) + call("commands", "getoutput", ID) + b".", "unsafe", DENIED)

# The extension registry.
case("v07_extension", proto(2) + call("copyreg", "add_extension", text("os"), text("system"), b"K\x01") +
     b"0\x82\x01" + ID + b"\x85R.", "unsafe", DENIED, "extension-registry")
case("extension_2", proto(2) + b"\x83\x01\x02.", "unsafe", "extension-registry")
case("extension_4", proto(2) + b"\x84\x01\x02\0\0.", "unsafe", "extension-registry")

# The memo.
case("v08_put_after_pop", proto(4) + text("os") + text("x") + b"0q\x000" + b"h\x00" + text("system") + b"\x93" + ID +
     b"\x85R.", "unsafe", DENIED)
case("v09_stacked_memo", proto(2) + text("os") + b"q\x00" + text("system") + b"q\x010N." +
     proto(4) + b"h\x00h\x01\x93" + ID + b"\x85R.", "unsafe", "memo-reuse", DENIED)
case("stacked_memoize", proto(4) + text("os") + b"\x94" + text("system") + b"\x940N." +
     proto(4) + text("torch") + b"\x94" + text("LongStorage") + b"\x94h\x00h\x01\x93" + b")R.", "unsafe", DENIED)
case("memo_missing", proto(2) + b"h\x05.", "unreadable", "broken")
case("memo_huge_index", proto(2) + b"Nr\xff\xff\xff\x7f" + b"j\xff\xff\xff\x7f0.", "unsafe", "expansion")
case("memo_overwritten", proto(4) + text("collections") + b"q\x000" + text("os") + b"q\x000h\x00" + text("system") +
     b"\x93" + ID + b"\x85R.", "unsafe", DENIED)

# Stacked and broken.
case("stacked", pickle.dumps([1]) + proto(2) + SYSTEM + b".", "unsafe", DENIED)
case("stacked_harmless", pickle.dumps([1]) + pickle.dumps({"a": 2}), "safe")
case("v14_no_stop", proto(2) + SYSTEM, "unsafe", DENIED, "broken")
case("v15_garbage_after_reduce", proto(2) + SYSTEM + b"\xff\xff\xff", "unsafe", DENIED, "broken")
case("broken_after_listed", proto(2) + call("collections", "OrderedDict") + b"\xff", "unreadable", "broken")
case("truncated_constant", proto(4) + b"B\xff\xff\xff\x7fabc", "unreadable", "broken")
case("truncated_after_call", proto(4) + SYSTEM + b"X\xff\xff\xff\x7fabc", "unsafe", DENIED)
case("name_without_newline", b"cos\nsystemx", "unsafe", DENIED, "readers-differ")
case("inst_without_newline", b"(S'id'\nios\nsystemx", "unsafe", DENIED)
case("module_without_newline", b"cantigravityx", "unsafe", DENIED)
case("empty_name", b"cos\n\n.", "unsafe", DENIED)
case("trailing_bytes", pickle.dumps([1]) + b"\xfe\xfd\xfc", "unreadable", "trailing-bytes")
case("trailing_zeros", pickle.dumps([1]) + bytes(512), "safe", "padding")
case("stack_underflow_after_call", proto(2) + SYSTEM + b"00000.", "unsafe", DENIED)
case("number_with_nul", b"K\x01p0\n0I1\0junk\n0" + SYSTEM + b".", "unsafe", DENIED, "readers-differ")
case("get_with_nul", b"Vos\np0\n0g0\0junk\nVsystem\n\x93)R.", "unsafe", DENIED, "readers-differ")
case("int_without_digits", b"I\n0" + SYSTEM + b".", "unsafe", DENIED, "readers-differ")
case("protocol_unknown", proto(9) + SYSTEM + b".", "unreadable", "broken")
case("protocol_repeated", proto(2) + b"N0" + proto(4) + stack_named("pathlib", "os.getpid") + b")R.", "unsafe")

# Frames (cpython#154848): readers in C from memory, in C from files, and in Python differ.
hidden = named("os", "getpid") + b")R."
case("v23_frame_shorter_than_bytes", proto(4) + frame(b"B" + struct.pack("<I", 20) + b"A" * 5) + b"N" * 15 + hidden,
     "unsafe", DENIED, "frame-divergence")
case("frame_shorter_than_text", proto(4) + frame(b"X" + struct.pack("<I", 20) + b"A" * 5) + b"N" * 15 + hidden,
     "unsafe", DENIED, "frame-divergence")
case("frame_only_without_peek", proto(4) + frame(b"X" + struct.pack("<I", 60) + b"A" * 5) +
     b"B" * 60 + b"0" + hidden.ljust(60, b".") , "unsafe", "frame-divergence")
case("frame_hides_from_memory", proto(4) + frame(b"NX" + struct.pack("<I", 3) + b"AA") + b"BBB0" + named("os", "x") +
     b".", "unsafe", "frame-divergence", DENIED)
case("frame_within_frame", proto(4) + frame(b"N\x95" + struct.pack("<Q", 8) + b"01", 12) + b"0" + hidden, "unsafe",
     "frame-divergence")
case("frame_beyond_the_end", proto(4) + frame(b"N.", 500), "unsafe", "readers-differ")
case("frame_goes_on_after_stop", proto(4) + frame(b"N." + SYSTEM + b"."), "unsafe", "frame-divergence", DENIED)
case("frame_crossed_by_line", proto(4) + frame(b"VAAA") + b"BBB\n0" + hidden, "unsafe", "frame-divergence", DENIED)
case("frames_of_python", pickle.dumps([b"x" * 70000, list(range(40000))], 4), "safe")

# Listed callables with arguments that they are not listed for, and listed names put to other uses.
case("getattr", proto(4) + call("builtins", "getattr", named("numpy", "ndarray"), text("__init_subclass__")) + b".",
     "unsafe", "call-arguments")
case("getattr_of_import", proto(4) + call("builtins", "getattr", named("os", "path"), text("os")) + b".", "unsafe", DENIED)
case("getattr_handed_on", proto(4) + call("functools", "partial", named("builtins", "getattr")) + b".", "unsafe",
     "callable-handed-on")
case("getattr_in_defaultdict", proto(4) + call("collections", "defaultdict", named("builtins", "getattr")) + b".",
     "unsafe", "callable-handed-on")
case("getattr_is_the_result", proto(4) + named("builtins", "getattr") + b".", "unsafe", "callable-handed-on")
case("call_of_a_result", proto(4) + call("functools", "partial", named("collections", "deque")) + b")R.", "unsafe",
     "call-unresolved")
case("encode_rot13", proto(4) + call("_codecs", "encode", text("bf"), text("rot13")) + b".", "unsafe", "call-arguments")
case("bytearray_of_length", proto(4) + call("builtins", "bytearray", b"J\xff\xff\xff\x7f") + b".", "unsafe", "call-arguments")
case("list_of_range", proto(4) + call("builtins", "list", call("builtins", "range", b"J\xff\xff\xff\x7f")) + b".",
     "unsafe", "call-arguments")
case("build_on_class", proto(4) + named("sklearn.base", "BaseEstimator") + b"N}" + text("__setstate__") +
     named("collections", "deque") + b"s\x86b.", "unsafe", "write-to-import")
case("setitem_on_import", proto(4) + named("sklearn.utils", "Bunch") + text("k") + b"Ns.", "unsafe", "write-to-import")
case("append_to_import", proto(4) + named("collections", "deque") + b"Na.", "unsafe", "write-to-import")
case("sys_modules", proto(4) + named("sys", "modules") + text("pickle") + b"Ns.", "unsafe", DENIED, "write-to-import")
case("reconstruct_other_class", proto(4) + call("numpy.core.multiarray", "_reconstruct",
     named("collections", "deque"), b"K\x00\x85", text("b")) + b".", "unsafe", "call-arguments")
case("reconstructor_of_result", proto(4) + call("copyreg", "_reconstructor", call("collections", "deque"),
     named("builtins", "object"), b"N") + b".", "unsafe", "call-arguments")
case("setitem_on_tensor", proto(2) + call("torch._utils", "_rebuild_tensor_v2") + b"K\x00K\x01s.", "unknown",
     "unexpected-use")  # CVE-2026-24747
case("rebuild_from_type_on_dtype", proto(4) + call("torch._tensor", "_rebuild_from_type_v2", named("numpy", "dtype"),
     named("numpy", "dtype"), text("O8") + b"\x85", b"N") + b".", "unsafe", "call-arguments")
case("load_from_bytes", proto(4) + call("torch.storage", "_load_from_bytes", data(b"junk")) + b".", "unsafe", "call-arguments")
case("load_from_bytes_of_payload", proto(4) + call("torch.storage", "_load_from_bytes", data(proto(2) + SYSTEM + b".")) +
     b".", "unsafe", DENIED, "nested")


def dtype(kind, *state):
    return call("numpy", "dtype", text(kind), b"\x89", b"\x88") + b"(" + b"".join(state) + b"tb"


def number(n):
    return b"J" + struct.pack("<i", n)


# A numpy dtype of objects whose flags deny it: addresses out of the file become objects.
case("dtype_objects_denied", proto(4) + dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1), number(0)) + b".",
     "unsafe", "call-arguments")
case("dtype_objects", proto(4) + dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1), number(63)) + b".", "safe")
case("dtype_field_outside", proto(4) + dtype("V8", b"K\x03", text("|"), b"N", text("a") + b"\x85", b"}" + text("a") +
     dtype("f8", b"K\x03", text("<"), b"NNN", number(-1), number(-1), number(0)) + number(4096) + b"\x86s",
     number(8), number(1), number(16)) + b".", "unsafe", "call-arguments")
case("dtype_fields_deny_objects", proto(4) + dtype("V8", b"K\x03", text("|"), b"N", text("a") + b"\x85", b"}" + text("a") +
     dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1), number(63)) + number(0) + b"\x86s",
     number(8), number(1), number(16)) + b".", "unsafe", "call-arguments")
case("frombuffer_of_objects", proto(5) + call("numpy._core.numeric", "_frombuffer", data(b"\x00" * 8),
     dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1), number(63)), b"K\x01\x85", text("C")) + b".",
     "unsafe", "call-arguments")

# Persistent ids, data from outside.
case("persistent_id", proto(2) + text("x") + b"Q.", "unknown", "persistent-id")
case("persistent_id_line", b"Pabc\n.", "unknown", "persistent-id")
case("persistent_torch", proto(2) + b"(" + text("storage") + named("torch", "FloatStorage") + text("0") + text("cpu") +
     b"K\x04tQ.", "safe")
case("persistent_torch_denied", proto(2) + b"(" + text("storage") + named("os", "system") + text("0") + text("cpu") +
     b"K\x04tQ.", "unsafe", DENIED)
case("next_buffer", proto(5) + b"\x97.", "unreadable", "out-of-band")

# References that unfold without end.
laughs = proto(4) + b"]\x94"
for level in range(60):
    laughs += b"](" + b"h" + bytes([level]) + b"h" + bytes([level]) + b"e\x94"
case("billion_laughs", laughs + b".", "unsafe", "expansion")
tuples = proto(4) + b")\x94"
for level in range(40):
    tuples += b"h" + bytes([level]) + b"h" + bytes([level]) + b"\x86\x94"
case("hash_of_tuples", tuples + b"0}h\x28Ns.", "unsafe", "expansion")

# Pickles within pickles.
inner = proto(2) + SYSTEM + b"."
case("nested_bytes", pickle.dumps({"w": inner}, 4), "unsafe", "nested", DENIED)
case("nested_bytes_p2", pickle.dumps({"w": inner}, 2), "unsafe", "nested", DENIED)
case("nested_bytes_p0", pickle.dumps({"w": inner}, 0), "unsafe", "nested", DENIED)
case("nested_base64", pickle.dumps({"w": base64.b64encode(inner).decode()}, 4), "unsafe", "nested", DENIED)
case("nested_base64_bytes", pickle.dumps({"w": base64.b64encode(inner)}, 4), "unsafe", "nested", DENIED)
case("nested_hex", pickle.dumps({"w": inner.hex()}, 4), "unsafe", "nested", DENIED)
case("nested_text_pickle", pickle.dumps({"w": b"cos\nsystem\n(S'id'\ntR."}, 4), "unsafe", "nested", DENIED)
case("nested_twice", pickle.dumps([pickle.dumps([inner])], 4), "unsafe", "nested", DENIED)
deep = inner
for level in range(7):
    deep = pickle.dumps([deep], 4)
case("nested_too_deep", deep, "unsafe|unreadable", "nested-too-deep")
case("nested_harmless", pickle.dumps([pickle.dumps([1])], 4), "safe", "nested")
case("bytes_that_begin_so", pickle.dumps([b"\x80\x04" + b"\xff" * 20, b"\x80\x02abc"], 4), "safe")

# PyTorch before the zip format: five pickles and the storages.
MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
version = proto(2) + b"M\xe9\x03."
system = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)


def storage_id(key, count, kind="FloatStorage"):
    return b"(" + text("storage") + named("torch", kind) + text(key) + text("cpu") + number(count) + b"NtQ"


objects = proto(2) + storage_id("7", 4) + b"."
keys = proto(2) + b"]" + text("7") + b"a."
storage = struct.pack("<q", 4) + bytes(16)
case("torch_legacy", proto(2) + MAGIC + version + system + objects + keys + storage, "safe")
case("v40_torch_legacy_fourth", proto(2) + MAGIC + version + system + proto(2) + SYSTEM + b"." + keys + storage,
     "unsafe", DENIED)
case("torch_legacy_fifth", proto(2) + MAGIC + version + system + objects + proto(2) + SYSTEM + b"0]" + text("7") + b"a." +
     storage, "unsafe", DENIED)
case("torch_magic_by_eval", proto(2) + call("builtins", "eval", text("1")) + b"." + version + system + objects + keys +
     storage, "unsafe", DENIED)
case("torch_magic_by_int", proto(2) + call("builtins", "int", text("119547037146038801333356")) + b"." + version +
     system + objects + keys + storage, "unknown|unreadable|unsafe")
case("torch_legacy_cut", proto(2) + MAGIC + version + system + objects + keys + storage[:12], "unreadable", "storage-data")
case("torch_legacy_trailing", proto(2) + MAGIC + version + system + objects + keys + storage + proto(2) + SYSTEM + b".",
     "unsafe", DENIED)
case("torch_legacy_unknown_key", proto(2) + MAGIC + version + system + objects + proto(2) + b"]" + text("8") + b"a." +
     storage, "unreadable", "storage-data")

# joblib: arrays in between.
F8 = dtype("f8", b"K\x03", text("<"), b"NNN", number(-1), number(-1), number(0))


def wrapper(dtype_, shape, aligned=True):
    return (named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + text("subclass") + named("numpy", "ndarray") +
            text("shape") + shape + text("order") + text("C") + text("dtype") + dtype_ + text("allow_mmap") + b"\x88" +
            (text("numpy_array_alignment_bytes") + b"K\x10" if aligned else b"") + b"ub")


case("joblib_array", proto(3) + wrapper(F8, b"K\x02\x85") + b"\x03\xff\xff\xff" + bytes(16) + b".", "safe")
case("joblib_payload_after_array", proto(3) + b"](" + wrapper(F8, b"K\x02\x85") + b"\x01\xff" + bytes(16) + SYSTEM + b"e.",
     "unsafe", DENIED)
case("joblib_padding_is_opcodes", proto(3) + wrapper(F8, b"K\x02\x85") + b"0" + b"." * 48 + bytes(16) + b".", "unreadable",
     "array-data")
case("joblib_array_cut", proto(3) + wrapper(F8, number(9999) + b"\x85") + b"\x00" + bytes(16) + b".", "unreadable", "array-data")
case("joblib_array_is_opcodes", proto(3) + wrapper(F8, number(4) + b"\x85", False) +
     (b"0" + SYSTEM + b".").ljust(32, b".") + b".", "unsafe", DENIED)
case("joblib_objects", proto(3) + wrapper(dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1), number(63)),
     b"K\x01\x85") + proto(2) + b"]" + SYSTEM + b"a." + b".", "unsafe", DENIED)
case("joblib_objects_harmless", proto(3) + wrapper(dtype("O8", b"K\x03", text("|"), b"NNN", number(-1), number(-1),
     number(63)), b"K\x01\x85") + proto(2) + b"]Na." + b".", "safe")
case("joblib_shape_overflow", proto(3) + wrapper(F8, number(0x7fffffff) * 3 + b"\x87", False) + b".", "unreadable", "array-data")


# npy.
def npy(header, body=b"", version=1):
    raw = header.encode("latin-1")
    raw += b" " * (-(len(raw) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(raw)) + raw + body


plain = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
case("npy.npy", npy(plain, bytes(16)), "safe")
case("npy_v2.npy", npy(plain, bytes(16), 2), "safe")
case("npy_objects.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", inner), "unsafe", DENIED)
case("npy_objects_harmless.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", pickle.dumps([1])), "safe")
case("npy_object_field.npy", npy("{'descr': [('a', '<f8'), ('b', [('c', '|O')])], 'fortran_order': False, "
                                 "'shape': (1,), }", inner), "unsafe", DENIED)
case("npy_body_is_pickle.npy", npy(plain, inner), "unreadable|unsafe")
case("npy_short.npy", npy(plain, bytes(8)), "unreadable", "npy/size")
case("npy_trailing.npy", npy(plain, bytes(16) + inner), "unsafe", DENIED)
case("npy_code.npy", npy("{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,), }"), "unreadable",
     "npy/header")
case("npy_key_twice.npy", npy("{'descr': '<f8', 'descr': '|O', 'fortran_order': False, 'shape': (2,), }", inner),
     "unreadable", "npy/header")
case("npy_overflow.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), "unreadable")
case("npy_cut.npy", npy(plain)[:40], "unreadable", "npy/header")

# What picklescan's advisories of 2025 and 2026 and its tests name: callables that ran code, read or
# fetched files past a scanner. By GLOBAL, and by STACK_GLOBAL, which takes names with dots apart.
PUBLISHED = """
__builtin__:apply __builtin__:compile __builtin__:eval __builtin__:exec __builtin__:getattr
builtins:__import__ builtins:eval builtins:exec _pickle:loads pickle:loads pickle:load
_aix_support:_read_cmd_output _osx_support:_read_output _io:FileIO _operator:attrgetter
_operator:methodcaller operator:attrgetter operator:methodcaller _pyrepl.pager:pipe_pager
aiohttp.client:ClientSession asyncio.unix_events:_UnixSubprocessTransport._start bdb:Bdb
bdb:Bdb.run cProfile:run cProfile:runctx cloudpickle.cloudpickle:_builtin_type
cloudpickle.cloudpickle:_function_setstate cloudpickle.cloudpickle:_make_cell
cloudpickle.cloudpickle:_make_empty_cell cloudpickle.cloudpickle:_make_function
cloudpickle.cloudpickle:subimport code:InteractiveInterpreter.runcode ctypes:CDLL
distutils.file_util:write_file doctest:debug_script ensurepip:_run_pip
httplib:HTTPSConnection idlelib.autocomplete:AutoComplete.fetch_completions
idlelib.autocomplete:AutoComplete.get_entity idlelib.calltip:Calltip.fetch_tip
idlelib.calltip:get_entity idlelib.debugobj:ObjectTreeItem.SetText
idlelib.pyshell:ModifiedInterpreter.runcode idlelib.pyshell:ModifiedInterpreter.runcommand
idlelib.run:Executive.runcode imaplib:IMAP4_stream lib2to3.pgen2.grammar:Grammar.loads
lib2to3.pgen2.pgen:ParserGenerator.make_label logging:FileHandler
numpy.f2py.crackfortran:getlincoef numpy.testing._private.utils:runstring os:system pip:main
pkgutil:resolve_name posix:system profile:Profile.run profile:Profile.runctx profile:run pty:spawn
pydoc:locate pydoc:pipepager requests.api:get runpy:_run_code socket:create_connection
ssl:get_server_certificate subprocess:run sys:exit
test.support.script_helper:assert_python_ok timeit:timeit torch._dynamo.guards:GuardBuilder.get
torch._inductor.codecache:compile_file
torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression
torch.jit.unsupported_tensor_ops:execWrapper torch.serialization:load
torch.utils._config_module:ConfigModule.load_config
torch.utils.bottleneck.__main__:run_autograd_prof torch.utils.bottleneck.__main__:run_cprofile
torch.utils.collect_env:run torch.utils.collect_env:run_and_read_all
torch.utils.data.datapipes.utils.decoder:basichandlers trace:Trace.run trace:Trace.runctx
types:CodeType urllib.request:urlopen uuid:_get_command_stdout venv:create
modelscan.modelscan:ModelScan picklescan.scanner:scan_file_path fickling.fickle:Pickled
""".split()
for pair in PUBLISHED:
    module, name = pair.split(":")
    case(f"published_{module}.{name}_global", proto(2) + call(module, name, ID) + b".", "unsafe")
    case(f"published_{module}.{name}_stack",
         proto(4) + frame(stack_named(module, name) + ID + b"\x85R."), "unsafe")
    case(f"published_{module}.{name}_import", proto(4) + stack_named(module, name) + b".", "unsafe")

# functools.partial, which they name too, is harmless: what it is given is judged.
case("published_partial", proto(2) + named("functools", "partial") + b"(" + named("os", "system") + ID + b"tR.", "unsafe",
     DENIED)

# Harmless: no alarm.
for protocol in range(6):
    case(f"harmless_{protocol}", pickle.dumps({"a": [1, 2.5, None, True, "x", b"y", (1, 2, 3), {4}], 5: 1 << 100}, protocol),
         "safe")


def write(folder):
    for name, body, _, _ in CASES:
        with open(os.path.join(folder, name), "wb") as out:
            out.write(body)


def check(program):
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        names = [name for name, _, _, _ in CASES]
        run = subprocess.run([os.path.abspath(program), "scan"] + names, cwd=folder, stdout=subprocess.PIPE, check=True)
        verdicts, rules = {}, {}
        for line in run.stdout.decode("utf-8", "replace").split("\n"):
            if line.startswith("  "):
                rules[current].append(line.split()[1])
            elif line:
                verdict, current = line.split(" ", 1)
                verdicts[current], rules[current] = verdict, []
    for name, _, allowed, wanted in CASES:
        missing = [rule for rule in wanted if not any(found in (rule, "pickle/" + rule) for found in rules[name])]
        if verdicts[name] not in allowed or missing:
            bad += 1
            print(f"{name}: {verdicts[name]} {rules[name]}, wanted {'|'.join(allowed)} with {list(wanted)}")
    print(f"{len(CASES) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    write(sys.argv[1])
