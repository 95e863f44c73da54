// The verbs of the command, one file each.
#ifndef IPMPSC_CLI_VERBS_VERBS_H_
#define IPMPSC_CLI_VERBS_VERBS_H_

#include "cli/verb.h"

namespace ipmpsc::cli {

void AddBench(Program& program);
void AddBw(Program& program);
void AddCompletion(Program& program);
void AddDelay(Program& program);
void AddDoctor(Program& program);
void AddGc(Program& program);
void AddHz(Program& program);
void AddInfo(Program& program);
void AddLs(Program& program);
void AddMan(Program& program);
void AddMetrics(Program& program);
void AddReceive(Program& program);
void AddRm(Program& program);
void AddSend(Program& program);
void AddTail(Program& program);
void AddTop(Program& program);

// In the order in which `ipmpsc --help` lists them.
inline constexpr void (*kVerbs[])(Program& program) = {
    AddLs,      AddInfo,   AddTop, AddTail, AddHz,      AddBw,    AddDelay,      AddSend,
    AddReceive, AddDoctor, AddRm,  AddGc,   AddMetrics, AddBench, AddCompletion, AddMan,
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_VERBS_VERBS_H_
