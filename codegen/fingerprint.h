// Computes the fingerprint of a message's schema.
#ifndef IPMPSC_CODEGEN_FINGERPRINT_H_
#define IPMPSC_CODEGEN_FINGERPRINT_H_

#include <cstdint>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// Returns FNV-1a (64 bits) over the message and every message and enum that it can contain, in the
// order of their full names. Each contributes its name, the syntax of its file, and the size and
// bytes of its descriptor. The descriptor keeps only the parts that affect messages: no comments,
// options, reserved names or extensions. In an edition, the resolved features of the fields count
// too. File paths do not.
uint64_t Fingerprint(const google::protobuf::Descriptor& message);

// Returns the fingerprint of all messages and enums of the file. If it changes, the generated code
// of files that import this one may be out of date.
uint64_t Fingerprint(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_FINGERPRINT_H_
