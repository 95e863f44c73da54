// Makes the kernel refuse a system call, as kernels, file systems and containers without it do.
#ifndef TESTS_TESTING_DENY_SYSCALL_H_
#define TESTS_TESTING_DENY_SYSCALL_H_

#include <cstdint>
#include <string>

namespace ipmpsc::testing {

// Makes system call `number` fail with `error` if `bits` are all set in its argument `argument` (0
// to 5, lower 32 bits). Lasts until this process ends. Returns the failure, or "".
std::string DenySyscall(long number, int argument, uint32_t bits, int error);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_DENY_SYSCALL_H_
