/*
 * tests/sanitizer_options.c - what programs built with the sanitizers do where ASAN_OPTIONS says nothing else.
 *
 * The interceptor of __tls_get_addr takes what stands before a block at byte 16 of a page for a header of glibc
 * 2.19, and then the search for leaks reads from address 0x3b0 or so, dies, and has the program exit with 1.
 * Without it, what only a loaded library's thread-local variables point to may pass for a leak; ours have none.
 */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "intercept_tls_get_addr=0";
}
