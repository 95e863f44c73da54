// Identifies a run: the machine and the state of the tree.
#ifndef IPMPSC_BENCHMARKS_MACHINE_H_
#define IPMPSC_BENCHMARKS_MACHINE_H_

#include <string>

namespace ipmpsc::benchmarks {

std::string ProcessorName();  // "AMD EPYC, 2 processors"
std::string KernelVersion();
std::string Placement();  // "receiver on processor 1, senders on 0"
// The tree's commit, with "+" behind it where something is not committed. Empty: not known.
std::string CommitOf(const std::string& tree);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MACHINE_H_
