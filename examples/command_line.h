// The command line of an example: Abseil's flags and positional arguments.
//
// Unlike with absl::ParseCommandLine, bad input ends the program with one line that names it and
// with status 2, and --help with status 0.
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

// Sets the flags in `argv` and returns the other arguments. Ends the program if an argument is
// wrong. At
// --help, prints `usage` and the list of `flags` and ends the program.
std::vector<std::string> ParseArguments(int argc, char** argv, absl::string_view usage,
                                        const std::vector<absl::string_view>& flags);

// Prints one line on standard error, which begins with the program's name.
void Complain(absl::string_view what);

// Prints one line as `Complain` does and ends the program.
[[noreturn]] void Fail(int exit_status, absl::string_view what);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_COMMAND_LINE_H_
