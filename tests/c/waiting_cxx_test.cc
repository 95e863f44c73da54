// The tests of what waits in the C interface, compiled as C++.
#include "tests/c/waiting_test.c"
