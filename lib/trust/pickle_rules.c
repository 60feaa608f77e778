/* lib/trust/pickle_rules.c - the rules of findings in pickles. */
#include "trust/pickle_machine.h"

#define RULE(variable, id, ...) DEFINE_RULE(pickle_rule_##variable, "pickle/" id, __VA_ARGS__)

#define DO_NOT_LOAD "do not load this file; find out who made it"
#define SAVE_AGAIN "have it saved again by the library's own function, from a source you trust"

RULE(denied, "import-denied", CRITICAL, UNSAFE,
     "the pickle imports what no model needs and what can do harm", DO_NOT_LOAD);
RULE(unknown, "import-unknown", MEDIUM, UNKNOWN, "the pickle imports what is on no list",
     "read the code that it imports; where it is harmless, accept it with a reason");
RULE(computed, "import-computed", HIGH, UNSAFE,
     "the name of an import is made while the pickle is loaded", DO_NOT_LOAD);
RULE(dotted, "import-dotted", HIGH, UNSAFE, "a dotted name reaches through a module into another",
     DO_NOT_LOAD);
RULE(odd_name, "import-odd-name", HIGH, UNSAFE, "an import has a name that no program would have",
     DO_NOT_LOAD);
RULE(python2, "python2-name", INFO, SAFE, "an import has a name that only Python 2 knows",
     "have it saved again by Python 3");
RULE(unresolved, "call-unresolved", HIGH, UNSAFE, "the pickle calls a value that another call gave",
     DO_NOT_LOAD);
RULE(arguments, "call-arguments", HIGH, UNSAFE,
     "a listed function is called with arguments that it is not listed for", DO_NOT_LOAD);
RULE(handed_on, "callable-handed-on", HIGH, UNSAFE,
     "a function that is harmless with some arguments only is handed on to be called later",
     DO_NOT_LOAD);
RULE(write, "write-to-import", CRITICAL, UNSAFE, "the pickle changes what it imports", DO_NOT_LOAD);
RULE(use, "unexpected-use", MEDIUM, UNKNOWN,
     "a listed name is used in another way than the one it is listed for", SAVE_AGAIN);
RULE(extension, "extension-registry", HIGH, UNSAFE,
     "an import comes from copyreg's extension registry, so the file does not name it",
     DO_NOT_LOAD);
RULE(persistent, "persistent-id", MEDIUM, UNKNOWN,
     "the pickle asks its loader for objects by an id of their own",
     "find out which program loads this file and what it does with such ids");
RULE(buffers, "out-of-band", MEDIUM, UNREADABLE, "data of the pickle lies outside of the file",
     SAVE_AGAIN);
RULE(memo, "memo-reuse", HIGH, UNSAFE,
     "one of several pickles uses the memo of an earlier one, so that loaders differ", DO_NOT_LOAD);
RULE(frames, "frame-divergence", HIGH, UNSAFE,
     "data crosses the end of its frame, where CPython's readers differ", DO_NOT_LOAD);
RULE(readers, "readers-differ", HIGH, UNSAFE,
     "CPython's readers in C and in Python take this pickle differently", DO_NOT_LOAD);
RULE(broken, "broken", MEDIUM, UNREADABLE, "the pickle cannot be loaded to its end",
     "get a whole copy of the file");
RULE(trailing, "trailing-bytes", MEDIUM, UNREADABLE,
     "bytes follow the pickle that are no further pickle", "get a clean copy of the file");
RULE(limit, "limit", MEDIUM, UNREADABLE, "the pickle is larger than what is followed", SAVE_AGAIN);
RULE(expansion, "expansion", HIGH, UNSAFE,
     "shared references unfold to more items than any memory holds", DO_NOT_LOAD);
RULE(nested, "nested", INFO, SAFE, "a constant of the pickle is a pickle itself",
     "see the findings in it");
RULE(depth, "nested-too-deep", MEDIUM, UNREADABLE, "pickles lie within pickles too deep to follow",
     SAVE_AGAIN);
RULE(unused, "unused-value", LOW, SAFE, "the pickle makes values that it does not use",
     "ask why: picklers do not do so");
RULE(padding, "padding", LOW, SAFE, "zero bytes follow the pickle", "get a clean copy of the file");
RULE(array, "array-data", MEDIUM, UNREADABLE,
     "the raw array data in a joblib file is not what its header says", SAVE_AGAIN);
RULE(storage, "storage-data", MEDIUM, UNREADABLE,
     "the raw tensor data in a PyTorch file is not what its pickles say", SAVE_AGAIN);
