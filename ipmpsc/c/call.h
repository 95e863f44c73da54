// The parts that all functions of the C interface share: status codes, error texts, exceptions and
// structures that carry their size.
#ifndef IPMPSC_C_CALL_H_
#define IPMPSC_C_CALL_H_

#include <cxxabi.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/c/ipmpsc.h"

namespace ipmpsc::c {

// Keeps the text for `ipmpsc_error_text` and returns the code.
ipmpsc_status Fail(ipmpsc_status code, absl::string_view text) noexcept;
ipmpsc_status FailWith(const absl::Status& status) noexcept;
// "ipmpsc_send: `sender` is NULL".
ipmpsc_status FailNull(const char* function, const char* argument) noexcept;

// For an exception of a callback.
ipmpsc_status FailCallback(const char* what) noexcept;
// For an exception of this library that has no other code.
ipmpsc_status FailInternal(const char* what) noexcept;

inline ipmpsc_status Result(const absl::Status& status) noexcept {
  return status.ok() ? IPMPSC_OK : FailWith(status);
}

// Puts back the errno that its maker had.
class ErrnoKeeper {
 public:
  ErrnoKeeper() = default;
  ErrnoKeeper(const ErrnoKeeper&) = delete;
  ErrnoKeeper& operator=(const ErrnoKeeper&) = delete;
  ~ErrnoKeeper() { errno = kept_; }

 private:
  const int kept_ = errno;
};

// Ends a call whose callback has thrown. `CallBack` has kept the text.
struct CallbackThrew {};

// Returns what `callback` returns. Turns each exception into CallbackThrew, so that `Guarded` takes
// none for the library's own: a std::bad_alloc of the callback says nothing about the channel. Lets
// the cancellation of a thread pass, as `Guarded` does.
template <typename Callback>
auto CallBack(Callback&& callback) {
  try {
    return callback();
#ifdef __GLIBCXX__
  } catch (const abi::__forced_unwind&) {
    throw;
#endif
  } catch (const std::exception& thrown) {
    FailCallback(thrown.what());
  } catch (...) {
    FailCallback("no std::exception");
  }
  throw CallbackThrew{};
}

// Returns what `call` returns, or the status for what it throws. Lets the cancellation of a thread
// (pthread_cancel) pass, which is no exception of C++. Only libstdc++ has a name for it, and musl's
// does not unwind.
template <typename Call>
ipmpsc_status Guarded(Call&& call) {
  const ErrnoKeeper keeper;
  try {
    return call();
#ifdef __GLIBCXX__
  } catch (const abi::__forced_unwind&) {
    throw;
#endif
  } catch (const CallbackThrew&) {
    return IPMPSC_UNKNOWN;
  } catch (const std::bad_alloc&) {
    return Fail(IPMPSC_RESOURCE_EXHAUSTED, "no memory is left");
  } catch (const std::length_error&) {
    return Fail(IPMPSC_RESOURCE_EXHAUSTED, "a count is larger than memory can be: correct it");
  } catch (const std::exception& thrown) {
    return FailInternal(thrown.what());
  } catch (...) {
    return FailInternal("no std::exception");
  }
}

// Returns what `call` returns, for functions without a status. `otherwise` if it throws.
template <typename T, typename Call>
T ValueOr(T otherwise, Call&& call) {
  const ErrnoKeeper keeper;
  try {
    return call();
#ifdef __GLIBCXX__
  } catch (const abi::__forced_unwind&) {
    throw;
#endif
  } catch (...) {
    return otherwise;
  }
}

// Puts the value that `make()` returns into a new handle, or returns its error. `*out` is NULL
// after an error. Takes the memory of the handle first, since what `make()` does stays done: a
// channel is created, a message is passed over, a descriptor is received.
template <typename Handle, typename Make>
ipmpsc_status MakeHandle(Handle** out, Make&& make) {
  using T = typename std::decay_t<decltype(make())>::value_type;
  static_assert(std::is_nothrow_move_constructible_v<T>);
  static_assert(alignof(Handle) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  struct Free {
    void operator()(void* memory) const { ::operator delete(memory); }
  };
  std::unique_ptr<void, Free> memory(::operator new(sizeof(Handle)));
  absl::StatusOr<T> made = make();
  if (!made.ok()) return FailWith(made.status());
  *out = new (memory.get()) Handle{*std::move(made)};
  (void)memory.release();  // The handle's.
  return IPMPSC_OK;
}

// Stores a value, or returns its error.
template <typename T>
ipmpsc_status Store(const absl::StatusOr<T>& value, T* out) {
  if (!value.ok()) return FailWith(value.status());
  *out = *value;
  return IPMPSC_OK;
}

template <typename Handle>
void FreeHandle(Handle** handle) {
  if (handle == nullptr) return;
  const ErrnoKeeper keeper;
  delete std::exchange(*handle, nullptr);
}

inline absl::Duration Timeout(int64_t nanoseconds) {
  return nanoseconds == IPMPSC_FOREVER ? absl::InfiniteDuration() : absl::Nanoseconds(nanoseconds);
}

// Nanoseconds since 1970, and 0 for the infinite past.
int64_t UnixNanoseconds(absl::Time time);

// No structure will ever be larger. So a `size` that was never set is noticed.
inline constexpr size_t kLargestStructure = 4096;

// Reads a structure of options of any version: what `given` does not have is zero. NULL has
// nothing. INVALID_ARGUMENT - `size` is not set, or a field that this library does not know is.
template <typename Options>
ipmpsc_status ReadOptions(const Options* given, Options* options) {
  static_assert(std::is_trivially_copyable_v<Options>);
  std::memset(static_cast<void*>(options), 0, sizeof(*options));
  if (given == nullptr) return IPMPSC_OK;
  const size_t size = given->size;
  if (size < sizeof(size_t) || size > kLargestStructure) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "`size` of the options is not set: set it to sizeof");
  }
  const char* const bytes = reinterpret_cast<const char*>(given);
  for (size_t at = sizeof(Options); at < size; ++at) {
    if (bytes[at] != 0) {
      return Fail(IPMPSC_INVALID_ARGUMENT,
                  "this library is older than an option of the program: update the library, or "
                  "leave the option zero");
    }
  }
  std::memcpy(static_cast<void*>(options), bytes, std::min(size, sizeof(Options)));
  return IPMPSC_OK;
}

// Whether all reserved fields of options are zero, which a later version gives a meaning.
template <typename... Fields>
ipmpsc_status CheckReserved(const Fields&... fields) {
  const auto is_zero = [](const auto& field) {
    const char* const bytes = reinterpret_cast<const char*>(&field);
    return std::all_of(bytes, bytes + sizeof(field), [](char byte) { return byte == 0; });
  };
  if ((is_zero(fields) && ...)) return IPMPSC_OK;
  return Fail(IPMPSC_INVALID_ARGUMENT,
              "a reserved field of the options is not zero: zero the structure, or update the "
              "library");
}

// Whether a structure of results can be filled.
template <typename Structure>
ipmpsc_status CheckOutput(const Structure* out, const char* function) {
  if (out == nullptr) return FailNull(function, "the structure");
  if (out->size < sizeof(size_t) || out->size > kLargestStructure) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "`size` of the structure is not set: set it to sizeof");
  }
  return IPMPSC_OK;
}

// Copies as much of `value` as the caller's structure has room for, and sets the rest to zero.
// REQUIRES: `CheckOutput`.
template <typename Structure>
void FillOutput(const Structure& value, Structure* out) {
  const size_t size = out->size;
  char* const bytes = reinterpret_cast<char*>(out);
  const size_t known = std::min(size, sizeof(Structure));
  std::memcpy(bytes + sizeof(size_t), reinterpret_cast<const char*>(&value) + sizeof(size_t),
              known - sizeof(size_t));
  std::memset(bytes + known, 0, size - known);
}

}  // namespace ipmpsc::c

#endif  // IPMPSC_C_CALL_H_
