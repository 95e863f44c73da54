#include "ipmpsc/message/arena_pool.h"

#include "ipmpsc/view/arena.h"

namespace ipmpsc::message {

struct PooledArena::Node {
  view::Arena arena;
  Node* next = nullptr;
};

PooledArena::~PooledArena() {
  if (pool_ != nullptr) pool_->GiveBack(node_);
}

view::Arena* PooledArena::get() const { return &node_->arena; }

ArenaPool::~ArenaPool() {
  while (free_ != nullptr) {
    PooledArena::Node* const next = free_->next;
    delete free_;
    free_ = next;
  }
}

PooledArena ArenaPool::Take() {
  PooledArena::Node* node = free_;
  if (node == nullptr) {
    node = new PooledArena::Node;
  } else {
    free_ = node->next;
  }
  ++references_;
  return PooledArena(this, node);
}

void ArenaPool::GiveBack(PooledArena::Node* node) {
  node->arena.Reset();
  node->next = free_;
  free_ = node;
  Unref();
}

void ArenaPool::Unref() {
  if (--references_ == 0) delete this;
}

}  // namespace ipmpsc::message
