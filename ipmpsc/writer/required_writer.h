// RequiredWriter: base of the generated writers of messages with required fields.
#ifndef IPMPSC_WRITER_REQUIRED_WRITER_H_
#define IPMPSC_WRITER_REQUIRED_WRITER_H_

#include <cstddef>
#include <cstdint>

#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::writer {

// `Derived::kRequired_` are the full names of the `kCount` fields.
//
// Each writer has to set them all. This holds even if two of them write the same singular message,
// which the receiver merges.
template <typename Derived, size_t kCount>
class RequiredWriter : public MessageWriter {
 public:
  explicit RequiredWriter(Draft* draft) : MessageWriter(draft) { first_missing_ = FirstMissing; }
  template <typename Place>
  RequiredWriter(MessageWriter* around, Place place) : MessageWriter(around, place) {
    first_missing_ = FirstMissing;
  }
  RequiredWriter(RequiredWriter&&) noexcept = default;
  RequiredWriter& operator=(RequiredWriter&&) noexcept = default;

 protected:
  using Base = RequiredWriter;

  // Closes here, while `set_` exists.
  ~RequiredWriter() { Close(); }

  void MarkSet(size_t index) { set_[index / 32] |= uint32_t{1} << (index % 32); }

 private:
  static const char* FirstMissing(const MessageWriter& writer) {
    const auto& self = static_cast<const RequiredWriter&>(writer);
    for (size_t i = 0; i < kCount; ++i) {
      if ((self.set_[i / 32] >> (i % 32) & 1) == 0) return Derived::kRequired_[i];
    }
    return nullptr;
  }

  uint32_t set_[(kCount + 31) / 32] = {};
};

}  // namespace ipmpsc::writer

#endif  // IPMPSC_WRITER_REQUIRED_WRITER_H_
