/*
 * lib/trust/executable.h - machine code and bytecode: ELF, PE, Mach-O, WebAssembly, Java classes,
 * Python's .pyc. What they do is not looked into: they are named for what they are.
 */
#ifndef TRUST_EXECUTABLE_H
#define TRUST_EXECUTABLE_H
#include "trust/scanner.h"

extern const struct scanner scanner_executable;

#endif
