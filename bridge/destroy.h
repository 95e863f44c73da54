// Destroy: a deleter for std::unique_ptr that calls a function of a C library.
#ifndef IPMPSC_BRIDGE_DESTROY_H_
#define IPMPSC_BRIDGE_DESTROY_H_

namespace ipmpsc::bridge {

template <typename T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_DESTROY_H_
