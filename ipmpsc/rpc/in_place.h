// Writes messages behind an envelope, in place in a loan.
#ifndef IPMPSC_RPC_IN_PLACE_H_
#define IPMPSC_RPC_IN_PLACE_H_

#include <cstddef>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/rpc/envelope.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/typed/serialise.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::rpc {

// In a template's parameters: only for arguments of type `Wanted`, which need not be complete where
// the template is declared.
template <typename Given, typename Wanted>
using IfSame = std::enable_if_t<std::is_same_v<Given, Wanted>>;

// A loan with a message behind its envelope, which is still to be written.
struct FilledLoan {
  Loan loan;
  size_t size;  // of the message
};

// Serialises the message into a loan that `claim(bound)` returns.
//
// Errors: as `claim`; kInvalidArgument - a required field is missing, or the message is 2 GiB or
// longer, or it was changed during the call.
template <typename Message, typename Claim>
absl::StatusOr<FilledLoan> Serialise(const Message& message, Claim claim) {
  const absl::StatusOr<size_t> size = typed::SizeOf(message);
  if (!size.ok()) return size.status();
  absl::StatusOr<Loan> loan = claim(*size);
  if (!loan.ok()) return loan.status();
  if (!typed::IsAsLongAs(message, *size)) return typed::ChangedError(message);
  typed::WriteMessage(message, loan->payload().data() + kEnvelopeSize);
  return FilledLoan{*std::move(loan), *size};
}

// Calls `fill(writer)` for a message of at most `bound` bytes, in a loan that `claim(bound)`
// returns.
//
// Errors: as `claim` and as `writer::Draft::Finish`.
template <typename Writer, typename Fill, typename Claim>
absl::StatusOr<FilledLoan> FillInPlace(size_t bound, absl::string_view name, Fill& fill,
                                       Claim claim) {
  absl::StatusOr<Loan> loan = claim(bound);
  if (!loan.ok()) return loan.status();
  writer::Draft draft(loan->payload().subspan(kEnvelopeSize));
  {
    Writer writer(&draft);
    fill(writer);
  }
  const absl::StatusOr<size_t> size = draft.Finish(name);
  if (!size.ok()) return size.status();
  return FilledLoan{*std::move(loan), *size};
}

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_IN_PLACE_H_
