// LocalRef: a counted reference to an object that one thread uses at a time.
//
// A `Loan` may outlive its `Sender`, and a `Lease` its `Receiver`: the last of them deletes the
// core. The count is not atomic, since one thread at a time uses these handles together.
#ifndef IPMPSC_INTERNAL_ENDPOINT_LOCAL_REF_H_
#define IPMPSC_INTERNAL_ENDPOINT_LOCAL_REF_H_

#include <cstdint>
#include <utility>

namespace ipmpsc::internal {

// Base of objects with a `LocalRef`.
class LocalRefCounted {
 private:
  template <typename T>
  friend class LocalRef;
  uint32_t references_ = 0;
};

template <typename T>
class LocalRef {
 public:
  LocalRef() = default;
  explicit LocalRef(T* object) : object_(object) {
    if (object_ != nullptr) ++Count();
  }
  LocalRef(const LocalRef& other) : LocalRef(other.object_) {}
  LocalRef(LocalRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalRef& operator=(LocalRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalRef() {
    if (object_ != nullptr && --Count() == 0) delete object_;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  uint32_t& Count() const { return static_cast<LocalRefCounted*>(object_)->references_; }

  T* object_ = nullptr;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_ENDPOINT_LOCAL_REF_H_
