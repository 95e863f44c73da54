// The fingerprint of a message's schema.
#ifndef IPMPSC_CODEGEN_FINGERPRINT_H_
#define IPMPSC_CODEGEN_FINGERPRINT_H_

#include <cstdint>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// FNV-1a (64 bits) over the message and every message and enum that it can contain, in the order of
// their full names: the name, the syntax of its file, the size of its descriptor and the descriptor
// on the wire, in which only what bears on messages is left (no comments, options, reserved names,
// extensions), and of an edition what the features of its fields decide. It does not depend on where
// files lie.
uint64_t Fingerprint(const google::protobuf::Descriptor& message);

// Of all messages and enums of the file. Another one means that what was generated for a file that imports
// this one may be out of date.
uint64_t Fingerprint(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FINGERPRINT_H_
