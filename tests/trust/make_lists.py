#!/usr/bin/env python3
"""The allow-lists of lib/trust/pickle_list_{sklearn,torch}.c, out of the libraries themselves.

    make_lists.py names > names-1.2.1.txt       with each version that is to be known
    make_lists.py write sklearn names-*.txt > lib/trust/pickle_list_sklearn.c
    make_lists.py write torch names-*.txt > lib/trust/pickle_list_torch_modules.c
    make_lists.py python2 lib/trust/pickle_python2.c    compares it with _compat_pickle

Only classes that pickles of fitted models hold are taken: estimators and what they are made of,
never functions that read files, load, or call what they are given.
"""
import importlib
import inspect
import pkgutil
import re
import sys
import warnings

SKLEARN_SKIP = re.compile(r"\.(tests|externals|datasets|_testing|_build_utils|utils\.(_joblib|parallel|"
                          r"estimator_checks|_mocking|_show_versions|validation|fixes|deprecation|"
                          r"_metadata_requests|metaestimators)|conftest|experimental|setup|"
                          r"_config|callback|_repr_html|inspection|__check_build|utils\._pprint|"
                          r"utils\._estimator_html_repr|utils\._plotting|exceptions)(\.|$)")
# What runs what it is given, or writes files, when it is made or restored.
SKLEARN_NOT = {"_MetadataRequester", "_AvailableIfDescriptor", "Options", "StrOptions"}


def modules(package, skip):
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, package + "."):
        if skip and skip.search(found.name):
            continue
        try:
            yield importlib.import_module(found.name)
        except Exception:  # an optional dependency is missing: then its classes are not for us
            continue


def sklearn_names():
    from sklearn.base import BaseEstimator
    for module in modules("sklearn", SKLEARN_SKIP):
        compiled = (getattr(module, "__file__", "") or "").endswith(".so")
        for name, value in sorted(vars(module).items()):
            home = getattr(value, "__module__", None)
            if home != module.__name__ or name in SKLEARN_NOT or name.startswith("__pyx_capi"):
                continue
            if inspect.isclass(value):
                if issubclass(value, (Exception, Warning)) or name.endswith(("Mixin", "Protocol")):
                    continue
                if compiled:
                    yield home, name, "USE_TYPE"
                elif issubclass(value, dict):
                    yield home, name, "USE_MODEL | USE_DICT"
                elif (issubclass(value, BaseEstimator) or name.startswith("_") or
                      re.search(r"gaussian_process\.kernels|model_selection|_loss|losses|tree|"
                                r"_hist_gradient|_birch|_bisect|_column_transformer|_scorer|"
                                r"_stochastic_opt|_nca|metrics\._dist", home)):
                    yield home, name, "USE_MODEL"
            elif compiled and (name.startswith("__pyx_unpickle_") or name == "newObj"):
                yield home, name, "USE_CALL | USE_BUILD"
            elif (inspect.isfunction(value) and not name.startswith("_") and
                  re.match(r"sklearn\.(metrics\._(classification|regression|ranking)$|"
                           r"metrics\.pairwise$|feature_selection\._(univariate|mutual))", home)):
                yield home, name, "0"
    for home, name in (("sklearn.cluster._kmeans", "_kmeans_single_lloyd"),
                       ("sklearn.cluster._kmeans", "_kmeans_single_elkan"),
                       ("sklearn.metrics._scorer", "_passthrough_scorer")):
        yield home, name, "0"
    for home, name in (("sklearn._loss.link", "Interval"),
                       ("sklearn.utils._metadata_requests", "MetadataRequest"),
                       ("sklearn.utils._metadata_requests", "MethodMetadataRequest")):
        yield home, name, "USE_MODEL"


def torch_names():
    import torch
    for module in modules("torch.nn.modules", None):
        for name, value in sorted(vars(module).items()):
            if (inspect.isclass(value) and issubclass(value, torch.nn.Module) and
                    value.__module__ == module.__name__):
                yield module.__name__, name, "USE_MODEL"


def print_names():
    warnings.simplefilter("ignore")
    for library, names in (("sklearn", sklearn_names), ("torch", torch_names)):
        try:
            for row in sorted(set(names())):
                print(library, *row, sep="\t")
        except ImportError:
            pass


def write(library, paths):
    rows = {}
    for path in paths:
        for line in open(path, encoding="utf-8"):
            of, module, name, uses = line.rstrip("\n").split("\t")
            if of == library:
                rows.setdefault((module, uses), set()).add(name)
    title = {"sklearn": "scikit-learn", "torch": "PyTorch's layers"}[library]
    symbol = {"sklearn": "pickle_profile_sklearn", "torch": "pickle_profile_torch_modules"}[library]
    print(f"""/*
 * {title}: exact names, made by tests/trust/make_lists.py from the libraries.
 */
#include "trust/pickle_names.h"

/* clang-format off */
static const struct pickle_row rows[] = {{""")
    for (module, uses), names in sorted(rows.items()):
        print(f'    {{"{module}",')
        line = ""
        words = sorted(names)
        for i, word in enumerate(words):
            piece = word + (" " if i + 1 < len(words) else "")
            if len(line) + len(piece) > 88:
                print(f'     "{line}"')
                line = ""
            line += piece
        print(f'     "{line}",\n     {uses}, GUARD_NONE}},')
    print(f"""}};
/* clang-format on */

const struct pickle_profile {symbol} = {{"{title.split("'")[0]}", rows, ARRAY_LENGTH(rows)}};""")


def compare_python2(path):
    import _compat_pickle
    text = open(path, encoding="utf-8").read()
    names = {((a, b), (c, d)) for a, b, c, d in
             re.findall(r'\{"([^"]*)", "([^"]*)", "([^"]*)", "([^"]*)"\}', text)}
    pairs = set(re.findall(r'\{"([^"]*)", "([^"]*)"\}', text))
    missing = set(_compat_pickle.NAME_MAPPING.items()) - names
    missing |= set(_compat_pickle.IMPORT_MAPPING.items()) - pairs
    for pair in sorted(missing, key=str):
        print("missing:", pair)
    return 1 if missing else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["names"]:
        print_names()
    elif len(sys.argv) > 3 and sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) == 3 and sys.argv[1] == "python2":
        sys.exit(compare_python2(sys.argv[2]))
    else:
        sys.exit(__doc__)
