// ArenaPool: the arenas of a receiver's views, one for each lease that is held, used again when it
// is released.
#ifndef IPMPSC_MESSAGE_ARENA_POOL_H_
#define IPMPSC_MESSAGE_ARENA_POOL_H_

#include <utility>

#include "ipmpsc/view/arena.h"

namespace ipmpsc::message {

class ArenaPool;

// An arena on loan from a pool. Move-only.
class PooledArena {
 public:
  PooledArena(PooledArena&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), node_(other.node_) {}
  PooledArena& operator=(PooledArena&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(node_, other.node_);
    return *this;
  }
  ~PooledArena();

  view::Arena* get() const;

 private:
  friend class ArenaPool;
  struct Node;
  PooledArena(ArenaPool* pool, Node* node) : pool_(pool), node_(node) {}

  ArenaPool* pool_;  // null when moved from
  Node* node_;
};

// Thread-compatible, together with the arenas taken from it.
class ArenaPool {
 public:
  // The pool goes with the last of this owner and the arenas taken.
  class Owner {
   public:
    Owner() : pool_(new ArenaPool) {}
    Owner(Owner&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Owner& operator=(Owner&& other) noexcept {
      std::swap(pool_, other.pool_);
      return *this;
    }
    ~Owner() {
      if (pool_ != nullptr) pool_->Unref();
    }
    ArenaPool* operator->() const { return pool_; }

   private:
    ArenaPool* pool_;
  };

  // An empty arena. Allocates only if more are taken than ever before.
  PooledArena Take();

 private:
  friend class PooledArena;

  ArenaPool() = default;
  ~ArenaPool();
  void GiveBack(PooledArena::Node* node);
  void Unref();

  int references_ = 1;
  PooledArena::Node* free_ = nullptr;
};

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_ARENA_POOL_H_
