// The tests of the C interface, compiled as C++.
#include "tests/c/interface_test.c"
