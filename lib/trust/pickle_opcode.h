/*
 * lib/trust/pickle_opcode.h - the 68 opcodes of pickle protocols 0 to 5 and how each one's argument
 * lies in the stream. Source: CPython's pickletools.py and Modules/_pickle.c.
 */
#ifndef TRUST_PICKLE_OPCODE_H
#define TRUST_PICKLE_OPCODE_H
#include "base/util.h"

enum pickle_argument {
    ARGUMENT_NONE,
    ARGUMENT_FIXED,  /* `width` bytes: an integer or a float */
    ARGUMENT_LINE,   /* up to a newline */
    ARGUMENT_LINES,  /* two lines: module and name */
    ARGUMENT_COUNTED /* a length of `width` bytes, little-endian, and as many bytes */
};

struct pickle_opcode {
    const char *name; /* NULL: no such opcode */
    enum pickle_argument argument;
    uint8_t width;
    bool is_signed; /* of a length: negative is an error */
    bool direct;    /* read past a frame's end by CPython without dropping the rest of the frame */
};

enum {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_DUP = '2',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_FLOAT = 'F',
    OP_BINFLOAT = 'G',
    OP_INT = 'I',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_LONG = 'L',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_PERSID = 'P',
    OP_BINPERSID = 'Q',
    OP_REDUCE = 'R',
    OP_STRING = 'S',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_UNICODE = 'V',
    OP_BINUNICODE = 'X',
    OP_EMPTY_LIST = ']',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_DICT = 'd',
    OP_APPENDS = 'e',
    OP_GET = 'g',
    OP_BINGET = 'h',
    OP_INST = 'i',
    OP_LONG_BINGET = 'j',
    OP_LIST = 'l',
    OP_OBJ = 'o',
    OP_PUT = 'p',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    OP_SETITEMS = 'u',
    OP_EMPTY_DICT = '}',
    OP_EMPTY_TUPLE = ')',
    OP_PROTO = 0x80,
    OP_NEWOBJ = 0x81,
    OP_EXT1 = 0x82,
    OP_EXT2 = 0x83,
    OP_EXT4 = 0x84,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_LONG4 = 0x8b,
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_BINBYTES8 = 0x8e,
    OP_EMPTY_SET = 0x8f,
    OP_ADDITEMS = 0x90,
    OP_FROZENSET = 0x91,
    OP_NEWOBJ_EX = 0x92,
    OP_STACK_GLOBAL = 0x93,
    OP_MEMOIZE = 0x94,
    OP_FRAME = 0x95,
    OP_BYTEARRAY8 = 0x96,
    OP_NEXT_BUFFER = 0x97,
    OP_READONLY_BUFFER = 0x98,
};

#define PICKLE_PROTOCOL_MAX 5

/* What the byte stands for; `name` is NULL where it is no opcode. Static storage. */
const struct pickle_opcode *pickle_opcode(uint8_t byte);

#endif
