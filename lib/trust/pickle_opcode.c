/* lib/trust/pickle_opcode.c - the table of opcodes. */
#include "trust/pickle_opcode.h"

#define PLAIN(name)                                                                                \
    {                                                                                              \
        name, ARGUMENT_NONE, 0, false, false                                                       \
    }
#define FIXED(name, width)                                                                         \
    {                                                                                              \
        name, ARGUMENT_FIXED, width, false, false                                                  \
    }
#define LINE(name)                                                                                 \
    {                                                                                              \
        name, ARGUMENT_LINE, 0, false, false                                                       \
    }
#define COUNTED(name, width)                                                                       \
    {                                                                                              \
        name, ARGUMENT_COUNTED, width, false, false                                                \
    }
#define SIGNED(name)                                                                               \
    {                                                                                              \
        name, ARGUMENT_COUNTED, 4, true, false                                                     \
    }
/* _Unpickler_ReadInto takes what is left of the frame and then goes on in the file. */
#define DIRECT(name, width)                                                                        \
    {                                                                                              \
        name, ARGUMENT_COUNTED, width, false, true                                                 \
    }

static const struct pickle_opcode opcodes[256] = {
    [OP_MARK] = PLAIN("MARK"),
    [OP_STOP] = PLAIN("STOP"),
    [OP_POP] = PLAIN("POP"),
    [OP_POP_MARK] = PLAIN("POP_MARK"),
    [OP_DUP] = PLAIN("DUP"),
    [OP_BINBYTES] = DIRECT("BINBYTES", 4),
    [OP_SHORT_BINBYTES] = DIRECT("SHORT_BINBYTES", 1),
    [OP_FLOAT] = LINE("FLOAT"),
    [OP_BINFLOAT] = FIXED("BINFLOAT", 8),
    [OP_INT] = LINE("INT"),
    [OP_BININT] = FIXED("BININT", 4),
    [OP_BININT1] = FIXED("BININT1", 1),
    [OP_LONG] = LINE("LONG"),
    [OP_BININT2] = FIXED("BININT2", 2),
    [OP_NONE] = PLAIN("NONE"),
    [OP_PERSID] = LINE("PERSID"),
    [OP_BINPERSID] = PLAIN("BINPERSID"),
    [OP_REDUCE] = PLAIN("REDUCE"),
    [OP_STRING] = LINE("STRING"),
    [OP_BINSTRING] = SIGNED("BINSTRING"),
    [OP_SHORT_BINSTRING] = COUNTED("SHORT_BINSTRING", 1),
    [OP_UNICODE] = LINE("UNICODE"),
    [OP_BINUNICODE] = COUNTED("BINUNICODE", 4),
    [OP_EMPTY_LIST] = PLAIN("EMPTY_LIST"),
    [OP_APPEND] = PLAIN("APPEND"),
    [OP_BUILD] = PLAIN("BUILD"),
    [OP_GLOBAL] = {"GLOBAL", ARGUMENT_LINES, 0, false, false},
    [OP_DICT] = PLAIN("DICT"),
    [OP_APPENDS] = PLAIN("APPENDS"),
    [OP_GET] = LINE("GET"),
    [OP_BINGET] = FIXED("BINGET", 1),
    [OP_INST] = {"INST", ARGUMENT_LINES, 0, false, false},
    [OP_LONG_BINGET] = FIXED("LONG_BINGET", 4),
    [OP_LIST] = PLAIN("LIST"),
    [OP_OBJ] = PLAIN("OBJ"),
    [OP_PUT] = LINE("PUT"),
    [OP_BINPUT] = FIXED("BINPUT", 1),
    [OP_LONG_BINPUT] = FIXED("LONG_BINPUT", 4),
    [OP_SETITEM] = PLAIN("SETITEM"),
    [OP_TUPLE] = PLAIN("TUPLE"),
    [OP_SETITEMS] = PLAIN("SETITEMS"),
    [OP_EMPTY_DICT] = PLAIN("EMPTY_DICT"),
    [OP_EMPTY_TUPLE] = PLAIN("EMPTY_TUPLE"),
    [OP_PROTO] = FIXED("PROTO", 1),
    [OP_NEWOBJ] = PLAIN("NEWOBJ"),
    [OP_EXT1] = FIXED("EXT1", 1),
    [OP_EXT2] = FIXED("EXT2", 2),
    [OP_EXT4] = FIXED("EXT4", 4),
    [OP_TUPLE1] = PLAIN("TUPLE1"),
    [OP_TUPLE2] = PLAIN("TUPLE2"),
    [OP_TUPLE3] = PLAIN("TUPLE3"),
    [OP_NEWTRUE] = PLAIN("NEWTRUE"),
    [OP_NEWFALSE] = PLAIN("NEWFALSE"),
    [OP_LONG1] = COUNTED("LONG1", 1),
    [OP_LONG4] = SIGNED("LONG4"),
    [OP_SHORT_BINUNICODE] = COUNTED("SHORT_BINUNICODE", 1),
    [OP_BINUNICODE8] = COUNTED("BINUNICODE8", 8),
    [OP_BINBYTES8] = DIRECT("BINBYTES8", 8),
    [OP_EMPTY_SET] = PLAIN("EMPTY_SET"),
    [OP_ADDITEMS] = PLAIN("ADDITEMS"),
    [OP_FROZENSET] = PLAIN("FROZENSET"),
    [OP_NEWOBJ_EX] = PLAIN("NEWOBJ_EX"),
    [OP_STACK_GLOBAL] = PLAIN("STACK_GLOBAL"),
    [OP_MEMOIZE] = PLAIN("MEMOIZE"),
    [OP_FRAME] = FIXED("FRAME", 8),
    [OP_BYTEARRAY8] = DIRECT("BYTEARRAY8", 8),
    [OP_NEXT_BUFFER] = PLAIN("NEXT_BUFFER"),
    [OP_READONLY_BUFFER] = PLAIN("READONLY_BUFFER"),
};

const struct pickle_opcode *pickle_opcode(uint8_t byte)
{
    return &opcodes[byte];
}
