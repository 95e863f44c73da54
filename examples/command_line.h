// The command line of an example: Abseil's flags, and what is no flag.
//
// Unlike absl::ParseCommandLine, bad input gets one line that names it and status 2, and --help
// status 0.
#ifndef IPMPSC_EXAMPLES_COMMAND_LINE_H_
#define IPMPSC_EXAMPLES_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {

// The exit statuses of the examples.
inline constexpr int kFault = 1;
inline constexpr int kBadInput = 2;

// Sets the flags that `argv` gives, and returns what is left. Ends the program where an argument is
// wrong, and, with `usage` and a list of `flags` on standard output, where --help is among them.
std::vector<std::string> ParseArguments(int argc, char** argv, absl::string_view usage,
                                        const std::vector<absl::string_view>& flags);

// One line on standard error, which begins with the program's name.
void Complain(absl::string_view what);

// Ends the program with one line on standard error.
[[noreturn]] void Fail(int exit_status, absl::string_view what);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_COMMAND_LINE_H_
