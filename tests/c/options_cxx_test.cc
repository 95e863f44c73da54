// The tests of options, post-mortems and errno in the C interface, compiled as C++.
#include "tests/c/options_test.c"
