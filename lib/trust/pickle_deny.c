/*
 * lib/trust/pickle_deny.c - what is surely dangerous to import and call. Nothing is safe for not
 * being here: these rows only give the danger its name.
 *
 * Of Python's own library every module is taken for dangerous that is not among `neutral`: no model
 * needs it, and too many of its corners run what they are given (published bypasses of other
 * scanners use uuid, imaplib, _pyrepl, asyncio.unix_events, profile, …).
 */
#include "trust/pickle_names.h"

#define RUNS "runs programs"
#define CODE "runs Python code"
#define IMPORTS "imports modules"
#define FILES "reads or writes files"
#define NETWORK "talks to the network"
#define NATIVE "reaches native code"
#define LOADS "loads another pickle or model"
#define REACHES "reaches any attribute or object"
#define PROCESS "changes the running process"
#define SCANNER "meddles with scanners"
#define LIBRARY "is a part of Python's library that no model needs"

struct denied_modules {
    const char *modules; /* each with all below it */
    const char *danger;
};
struct denied_names {
    const char *module, *names;
    const char *danger;
};

static const struct denied_modules modules[] = {
    {"os posix nt subprocess _posixsubprocess pty _winapi commands popen2 multiprocessing "
     "_multiprocessing concurrent asyncio _asyncio asyncore asynchat webbrowser antigravity "
     "platform sched pip setuptools pkg_resources easy_install ensurepip venv distutils sh plumbum "
     "pexpect ptyprocess invoke fabric psutil torch.multiprocessing torch.distributed "
     "joblib.externals joblib.parallel joblib.memory "
     "_aix_support _osx_support idlelib uwsgi gunicorn",
     RUNS},
    {"code codeop runpy timeit cProfile profile pdb bdb trace doctest cgi cgitb marshal "
     "py_compile compileall dis symtable pydoc lib2to3 rlcompleter unittest _testcapi "
     "_testinternalcapi _xxsubinterpreters _interpreters test tests _pyrepl sre_compile "
     "numpy.testing numpy.f2py numpy.distutils cloudpickle dill IPython ipykernel "
     "mako jinja2 tornado.template django flask pytest _pytest nose hypothesis "
     "numexpr torch.jit torch.fx torch._dynamo torch._inductor torch.utils torch.testing "
     "torch.package torch.onnx "
     "ast py_mini_racer js2py execjs future.standard_library pyximport Cython cython cffi",
     CODE},
    {"importlib imp zipimport pkgutil modulefinder site _frozen_importlib "
     "_frozen_importlib_external _imp zipapp torch.hub",
     IMPORTS},
    {"shutil io _io _pyio tempfile glob fileinput linecache tarfile zipfile gzip bz2 lzma _bz2 "
     "_lzma filecmp mailbox mailcap netrc dbm _dbm _gdbm gdbm dumbdbm anydbm whichdb sqlite3 "
     "_sqlite3 configparser ConfigParser plistlib getpass mmap nturl2path posixfile dircache "
     "tkinter Tkinter _tkinter turtle turtledemo wave aifc sunau sndhdr imghdr codecs "
     "distutils.file_util numpy.lib numpy.DataSource "
     "yaml ruamel git dulwich",
     FILES},
    {"socket _socket ssl _ssl http httplib httplib2 urllib urllib2 urllib3 urlparse ftplib "
     "telnetlib "
     "smtplib smtpd poplib imaplib nntplib xmlrpc xmlrpclib SimpleXMLRPCServer socketserver "
     "SocketServer BaseHTTPServer SimpleHTTPServer CGIHTTPServer wsgiref select selectors requests "
     "aiohttp httpx paramiko "
     "tornado twisted zmq websocket websockets pycurl",
     NETWORK},
    {"ctypes _ctypes cffi _cffi_backend fcntl msvcrt winreg _winreg msilib _msi numpy.ctypeslib "
     "torch.ops torch._C torch.classes torch.utils.cpp_extension",
     NATIVE},
    {"pickle _pickle cPickle pickletools shelve joblib.numpy_pickle_utils "
     "joblib.numpy_pickle_compat pandas.io pandas.core.computation jsonpickle "
     "numpy.core.memmap torch.serialization",
     LOADS},
    {"sys gc inspect signal _signal atexit threading _thread thread dummy_threading _dummy_thread "
     "resource "
     "faulthandler tracemalloc _tracemalloc warnings _warnings locale _locale logging.config "
     "logging.handlers contextlib readline curses _curses syslog",
     PROCESS},
    {"fickling picklescan modelscan modelaudit model_unpickler saferpickle pickle_inspector",
     SCANNER},
};

static const struct denied_names names[] = {
    {"builtins", "eval exec compile execfile breakpoint help __build_class__ reload", CODE},
    {"builtins", "__import__", IMPORTS},
    {"builtins", "open input raw_input file print", FILES},
    {"builtins",
     "getattr setattr delattr hasattr vars globals locals dir id type super classmethod "
     "staticmethod property callable map filter apply reduce iter next sorted min max sum any all "
     "zip enumerate reversed memoryview __dict__ __loader__ __spec__ exit quit license credits "
     "copyright buffer intern coerce format repr ascii isinstance issubclass",
     REACHES},
    {"types",
     "CodeType FunctionType LambdaType MethodType ModuleType BuiltinFunctionType new_class "
     "CellType coroutine DynamicClassAttribute prepare_class resolve_bases GeneratorType "
     "CoroutineType ClassType InstanceType",
     CODE},
    {"functools",
     "reduce partialmethod cached_property lru_cache cache singledispatch singledispatchmethod "
     "wraps update_wrapper cmp_to_key total_ordering",
     REACHES},
    {"_functools", "reduce cmp_to_key _lru_cache_wrapper", REACHES},
    {"operator", "attrgetter methodcaller call setitem delitem iadd iconcat", REACHES},
    {"_operator", "attrgetter methodcaller call setitem delitem iadd iconcat", REACHES},
    {"itertools", "starmap takewhile dropwhile filterfalse groupby accumulate imap ifilter",
     REACHES},
    {"copyreg", "add_extension remove_extension clear_extension_cache pickle constructor", PROCESS},
    {"_codecs",
     "register register_error lookup decode unregister readbuffer_encode charmap_build "
     "lookup_error",
     REACHES},
    {"typing", "get_type_hints ForwardRef NamedTuple TypedDict", CODE},
    {"dataclasses", "make_dataclass", CODE},
    {"collections", "namedtuple", CODE},
    {"enum", "EnumMeta EnumType", REACHES},
    {"weakref", "finalize ref proxy", REACHES},
    {"logging", "FileHandler Handler StreamHandler Formatter basicConfig", FILES},
    {"json", "load loads", LOADS},
    {"csv", "reader writer", FILES},
    {"copy", "copy deepcopy _reconstruct", REACHES},
    {"random", "_os _urandom _inst", REACHES},
    {"numpy",
     "load save savez savez_compressed loadtxt savetxt genfromtxt fromfile memmap tofile "
     "DataSource "
     "fromregex open_memmap source",
     FILES},
    {"numpy",
     "vectorize frompyfunc apply_along_axis apply_over_axes piecewise fromfunction fromiter "
     "fromstring deprecate test testing f2py distutils ctypeslib lib sys os warnings",
     CODE},
    {"torch",
     "load hub jit save compile classes ops package utils multiprocessing serialization "
     "fx onnx func vmap",
     LOADS},
    {"torch.storage", "_load_from_bytes", LOADS},
    {"joblib", "load dump Memory Parallel delayed hash", LOADS},
    {"joblib.numpy_pickle", "load dump load_temporary_memmap NDArrayWrapper ZNDArrayWrapper",
     LOADS},
    {"pandas",
     "read_pickle read_csv read_table read_json read_html read_xml read_excel read_sql "
     "read_hdf read_parquet read_feather read_orc read_sas read_spss read_stata "
     "read_clipboard read_fwf read_gbq to_pickle eval HDFStore ExcelFile ExcelWriter io "
     "compat util",
     LOADS},
    {"scipy.io", "loadmat savemat", FILES},
    {"sklearn.datasets", "load_files fetch_openml fetch_file get_data_home clear_data_home", FILES},
};

/* sys.stdlib_module_names of CPython 3.9 to 3.14 and the top level of Python 2.7. */
static const char library[] =
    "__future__ __main__ _abc _aix_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 "
    "_codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections "
    "_collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv _ctypes "
    "_curses _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib "
    "_frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _imp _interpchannels "
    "_interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 "
    "_msi _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support "
    "_overlapped _pickle _posixshmem _posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal "
    "_pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy _sha1 _sha2 _sha256 _sha3 "
    "_sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime "
    "_struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter _tokenize "
    "_tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd "
    "abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit "
    "audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk "
    "cmath cmd code codecs codeop collections colorsys compileall compression concurrent "
    "configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime "
    "dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler "
    "fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc genericpath getopt "
    "getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr "
    "imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging "
    "lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing "
    "netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev parser "
    "pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint "
    "profile profiling pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri "
    "random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve "
    "shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile "
    "sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symbol "
    "symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this "
    "threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle "
    "turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref "
    "webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo "
    "__builtin__ exceptions new sets md5 sha user UserDict UserList UserString commands popen2 "
    "cPickle cStringIO StringIO thread urllib2 urlparse httplib copy_reg ihooks imputil rexec "
    "Bastion compiler os2emxpath posixfile mimetools rfc822 htmllib sgmllib hotshot toaiff";

/* Where a name that is not known is only that; one that begins with an underscore is denied. */
static const char neutral[] =
    "__future__ abc argparse array base64 binascii bisect calendar cmath collections colorsys "
    "contextvars copy csv dataclasses datetime decimal email enum errno exceptions fractions "
    "functools graphlib hashlib heapq html ipaddress itertools json keyword logging math numbers "
    "operator pathlib queue random re reprlib secrets sets statistics string struct textwrap time "
    "token types typing unicodedata uuid weakref zoneinfo UserDict UserList UserString "
    "_collections _datetime _decimal _heapq _random _struct _functools _operator _zoneinfo "
    "copyreg copy_reg _codecs __main__";

static bool word_at(const char *words, const char *word, size_t length)
{
    for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

bool pickle_word_in(const char *word, size_t length, const char *words)
{
    char copy[256];
    if (length == 0 || length >= sizeof(copy) || memchr(word, ' ', length))
        return false;
    memcpy(copy, word, length);
    copy[length] = '\0';
    return word_at(words, copy, length);
}

/* The module or one of its parents is in `words`. */
static bool module_in(const char *module, const char *words)
{
    for (const char *end = module + strcspn(module, ".");; end += 1 + strcspn(end + 1, ".")) {
        if (pickle_word_in(module, (size_t)(end - module), words))
            return true;
        if (*end == '\0')
            return false;
    }
}

const char *pickle_denied(const char *module, const char *name)
{
    size_t name_length = strcspn(name, "."); /* of a dotted name the way begins at the first part */
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if ((str_equal(module, names[i].module) ||
             (str_equal(module, "__builtin__") && str_equal(names[i].module, "builtins"))) &&
            pickle_word_in(name, name_length, names[i].names))
            return names[i].danger;
    for (size_t i = 0; i < ARRAY_LENGTH(modules); i++)
        if (module_in(module, modules[i].modules))
            return modules[i].danger;
    size_t top = strcspn(module, ".");
    if (!pickle_word_in(module, top, library))
        return NULL;
    if (str_equal(module, "builtins") || str_equal(module, "__builtin__"))
        return name[0] == '_' ? REACHES : NULL;
    if (!pickle_word_in(module, top, neutral))
        return LIBRARY;
    return name[0] == '_' ? REACHES : NULL;
}
