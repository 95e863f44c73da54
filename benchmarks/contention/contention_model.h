// A model of many senders on processors of their own: a discrete-event simulation of the cache
// lines that a send and a receive move between processors. It is no measurement. It serves where
// the machine at hand has too few processors to measure.
//
// The model has the claim word as a line that is read, then owned, by one processor at a
// time, in the order of the requests; lost races, and the pauses after them; the lines of a record,
// which the receiver must have before it takes the record, and which a sender's next locked
// instruction waits for; a full ring; the distance of processors from each other.
// It leaves out the line with the release position, which a sender reads where the ring seems to be
// full; the arbitration of a real interconnect, which is not first come, first served; its
// bandwidth; hyper-threads; turns, sleeping and the scheduler.
#ifndef IPMPSC_BENCHMARKS_CONTENTION_CONTENTION_MODEL_H_
#define IPMPSC_BENCHMARKS_CONTENTION_CONTENTION_MODEL_H_

#include <string>
#include <vector>

namespace ipmpsc::benchmarks {

// Times are nanoseconds, for one line that another processor has written.
struct MachineModel {
  std::string name;
  int processors;
  int group;   // processors that share a cache
  int socket;  // processors of one socket
  double group_time;
  double socket_time;
  double machine_time;
  double pause_time;  // of one SpinPause
  std::string source;
};

// 8, 32 and 128 processors, with published times.
const std::vector<MachineModel>& PublishedMachines();

struct ContentionSetup {
  int senders = 1;
  int batch = 1;       // messages a claim, of one line each
  int channels = 1;    // with a receiver each; senders are distributed evenly
  bool pauses = true;  // after a lost race, as Producer does
};

struct ContentionResult {
  double messages_per_second = 0;
  double lost_races_per_claim = 0;
  double claim_transfers_per_message = 0;  // of the line with the claim word
  double least_share = 0;                  // of the slowest sender; 1: as much as all others
};

// Runs until `claims` claims have been made. The result depends on the arguments only. REQUIRES:
// senders + channels <= machine.processors, channels <= senders.
ContentionResult SimulateContention(const MachineModel& machine, const ContentionSetup& setup,
                                    int claims = 2000);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_CONTENTION_CONTENTION_MODEL_H_
