// MessageLoan: a message that is written in place into the ring. Base of the generated classes:
//
//   absl::StatusOr<FrameLoan> frame = sender.Claim(bound, absl::Seconds(1));
//   frame->set_width(1920);
//   read(camera, frame->mutable_pixels(size).data(), size);
//   absl::Status published = std::move(*frame).Publish();
//
// It has all setters of the message's writer, and may be handed to a function that takes one.
#ifndef IPMPSC_TYPED_LOAN_H_
#define IPMPSC_TYPED_LOAN_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::typed {

// Lives before and after the writer of its message.
class DraftHolder {
 protected:
  explicit DraftHolder(absl::Span<char> space) : loan_draft_(space) {}

  writer::Draft loan_draft_;
};

// Nothing claimed after it, by anybody, is received before it is settled: fill it and let go.
//   claimed --Publish()--> published, or discarded with an error
//      `------~MessageLoan()--> discarded
// It may outlive its sender. Used by one thread at a time, together with its sender.
template <typename Writer, typename MessageChannel>
class ABSL_MUST_USE_RESULT MessageLoan : private DraftHolder, public Writer {
 public:
  MessageLoan(MessageLoan&& other) noexcept
      : DraftHolder(std::move(other)), Writer(std::move(other)), loan_(std::move(other.loan_)) {}
  MessageLoan& operator=(MessageLoan&& other) noexcept {
    if (this != &other) {
      loan_draft_.Abandon();
      loan_draft_ = std::move(other.loan_draft_);
      Writer::operator=(std::move(other));
      loan_ = std::move(other.loan_);
    }
    return *this;
  }
  ~MessageLoan() { loan_draft_.Abandon(); }

  // Where the record lies in the order of all records.
  uint64_t position() const { return loan_.position(); }

  // Commits the message, and gives back the bytes that it did not need: they are free when the
  // receiver has come past. If it is not as its receiver wants it, it is discarded. REQUIRES: it
  // was not published, or moved from, before; aborts otherwise.
  //
  // Errors: as `writer::Draft::Finish`.
  absl::Status Publish() && {
    internal::Require(this->IsOpen(),
                      "MessageLoan::Publish: the loan was published, or moved from, before");
    Loan loan = std::move(loan_);
    const absl::StatusOr<size_t> size = loan_draft_.Finish(MessageChannel::kType.name);
    if (!size.ok()) return size.status();
    std::move(loan).Publish(*size);
    return absl::OkStatus();
  }

  // End of public interfaces.

  // Of a generated class, which may itself be called as this template is.
  using Base = MessageLoan;

  explicit MessageLoan(Loan loan)
      : DraftHolder(loan.payload()), Writer(&loan_draft_), loan_(std::move(loan)) {}

 private:
  Loan loan_;
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_LOAN_H_
