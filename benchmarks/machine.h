// The identity of a run: the machine and the state of the tree.
#ifndef IPMPSC_BENCHMARKS_MACHINE_H_
#define IPMPSC_BENCHMARKS_MACHINE_H_

#include <string>

namespace ipmpsc::benchmarks {

std::string ProcessorName();  // "AMD EPYC, 2 processors"
std::string KernelVersion();
std::string Placement();  // "receiver on processor 1, senders on 0"
// Returns the tree's commit, with "+" appended if the tree has uncommitted changes, or "" if it is
// unknown.
std::string CommitOf(const std::string& tree);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MACHINE_H_
