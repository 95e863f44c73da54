// Makes the kernel refuse a system call, as kernels, file systems and containers do that do not
// have it.
#ifndef TESTS_TESTING_DENY_SYSCALL_H_
#define TESTS_TESTING_DENY_SYSCALL_H_

#include <cstdint>
#include <string>

namespace ipmpsc::testing {

// From now on, in this process and for good, system call `number` fails with `error` where `bits`
// are all set in its argument `argument` (0 to 5; the lower 32 bits count). Returns what failed, or
// "".
std::string DenySyscall(long number, int argument, uint32_t bits, int error);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_DENY_SYSCALL_H_
