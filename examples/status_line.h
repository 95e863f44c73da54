// The status line of an example.
#ifndef IPMPSC_EXAMPLES_STATUS_LINE_H_
#define IPMPSC_EXAMPLES_STATUS_LINE_H_

#include <string>

namespace ipmpsc::examples {

// Prints `line` to standard output. On a terminal the line takes the place of the one before and is
// cut at the terminal's width, unless it is the `last`. Elsewhere it is a line of its own. Ends the
// program with status `kFault` if standard output cannot be written.
void PrintStatusLine(const std::string& line, bool last);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_STATUS_LINE_H_
