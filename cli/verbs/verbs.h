// The verbs of the command, one file each.
#ifndef IPMPSC_CLI_VERBS_VERBS_H_
#define IPMPSC_CLI_VERBS_VERBS_H_

#include "cli/verb.h"

namespace ipmpsc::cli {

void AddInfo(Program& program);

// In the order in which `ipmpsc --help` lists them.
inline constexpr void (*kVerbs[])(Program& program) = {
    AddInfo,
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_VERBS_VERBS_H_
