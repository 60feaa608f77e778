/* tests/unit/test.h - cmocka with what it needs, in the order that it needs. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#endif
