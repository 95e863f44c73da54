// Random messages of any type, and random changes to their bytes.
#ifndef IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_
#define IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_

#include <random>
#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"

namespace ipmpsc_test {

// The same on every machine for the same seed.
using Random = std::mt19937_64;

// Below `n`.
int Pick(Random& random, int n);

// Sets about half the fields, required ones always, messages at most `depth` deep.
void FillRandomly(Random& random, int depth, google::protobuf::Message* message);

// The wire format of `message`, the same in every run: entries of a map come in the order of keys,
// not in that of a hash seeded with addresses.
std::string DeterministicWire(const google::protobuf::MessageLite& message);

// Changes the structure: fields come twice, in another order, in pieces, packed or not, with tags,
// sizes and numbers that are longer than need be. Mostly still what protobuf accepts.
std::string ShuffleWire(Random& random, const std::string& wire);

// Changes bytes here and there.
std::string DamageWire(Random& random, std::string wire);

}  // namespace ipmpsc_test

#endif  // IPMPSC_TESTS_CODEGEN_RANDOM_MESSAGE_H_
