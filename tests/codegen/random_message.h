// Random messages of any type, and random changes to their bytes.
#ifndef IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_
#define IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_

#include <random>
#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"

namespace ipmpsc_test {

// Generates the same numbers on every machine for the same seed.
using Random = std::mt19937_64;

// Returns a number below `n`.
int Pick(Random& random, int n);

// Sets about half the fields and all required ones. Messages nest at most `depth` deep.
void FillRandomly(Random& random, int depth, google::protobuf::Message* message);

// Returns the wire format of `message`, the same in every run. Map entries are sorted by key, since
// the hash order depends on addresses.
std::string DeterministicWire(const google::protobuf::MessageLite& message);

// Changes the structure: fields are repeated, reordered, split, packed or unpacked, and tags, sizes
// and numbers get redundant bytes. protobuf accepts most results.
std::string ShuffleWire(Random& random, const std::string& wire);

// Changes some bytes.
std::string DamageWire(Random& random, std::string wire);

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_
