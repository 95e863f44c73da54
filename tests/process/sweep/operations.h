// The operations of senders and receivers in the sweep.
#ifndef TESTS_PROCESS_SWEEP_OPERATIONS_H_
#define TESTS_PROCESS_SWEEP_OPERATIONS_H_

#include <vector>

#include "tests/process/sweep/operation.h"

namespace ipmpsc::testing {

std::vector<Operation> SenderOperations();
std::vector<Operation> ReceiverOperations();

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_OPERATIONS_H_
