#include "ipmpsc/typed/arena_pool.h"

#include <cstdint>
#include <utility>

#include "ipmpsc/view/arena.h"

namespace ipmpsc::typed {

struct PooledArena::Node {
  view::Arena arena;
  Node* next = nullptr;
  bool was_used = true;  // since the last search
};

namespace {

// The number of messages after which unused arenas are freed. Many may remain from leases that were
// held at once, or from a burst of large messages.
constexpr uint32_t kMessagesBetweenLooks = 256;

}  // namespace

PooledArena::~PooledArena() {
  if (pool_ != nullptr) pool_->ReturnToPool(node_);
}

view::Arena* PooledArena::get() const { return &node_->arena; }

ArenaPool::~ArenaPool() {
  while (free_ != nullptr) delete std::exchange(free_, free_->next);
}

void ArenaPool::AddNode() {
  auto* const node = new PooledArena::Node;
  node->next = free_;
  free_ = node;
}

PooledArena ArenaPool::Take() {
  Reserve();
  PooledArena::Node* const node = std::exchange(free_, free_->next);
  node->was_used = true;
  node->arena.set_limit(limit_);
  ++references_;
  return PooledArena(this, node);
}

void ArenaPool::ReturnToPool(PooledArena::Node* node) {
  node->arena.Reset();
  node->next = free_;
  free_ = node;
  if (++given_back_ == kMessagesBetweenLooks) FreeUnused();
  Unref();
}

// Arenas are reused last in, first out, so superfluous ones stay unused.
void ArenaPool::FreeUnused() {
  given_back_ = 0;
  for (PooledArena::Node** link = &free_; *link != nullptr;) {
    PooledArena::Node* const node = *link;
    if (node->was_used) {
      node->was_used = false;
      link = &node->next;
    } else {
      *link = node->next;
      delete node;
    }
  }
}

void ArenaPool::Unref() {
  if (--references_ == 0) delete this;
}

}  // namespace ipmpsc::typed
