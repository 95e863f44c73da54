// Takes from this process what the system may refuse elsewhere: capabilities, system calls, mounts.
// Each restriction lasts until the process ends, so a test restricts a child (child_process.h).
// Each function returns the failure, or "".
#ifndef TESTS_TESTING_PROCESS_RESTRICTIONS_H_
#define TESTS_TESTING_PROCESS_RESTRICTIONS_H_

#include <cstdint>
#include <string>

namespace ipmpsc::testing {

// Makes the permissions of files bind root, too.
std::string DropFileCapabilities();

// Drops `capability` (CAP_...).
std::string DropCapability(int capability);

// Enters a mount namespace of its own.
std::string EnterOwnMounts();

// Makes system call `number` fail with `error` if `bits` are all set in its argument `argument` (0
// to 5, lower 32 bits), as in kernels, file systems and containers without the call.
std::string DenySyscall(long number, int argument, uint32_t bits, int error);

// The same for the calls that open files, of which each C library has its own, with `bits` of the
// flags.
std::string DenyOpen(uint32_t bits, int error);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_RESTRICTIONS_H_
