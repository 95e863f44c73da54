// ArenaPool: the arenas of a receiver's views, one for each lease that is held, used again when it
// is released.
#ifndef IPMPSC_TYPED_ARENA_POOL_H_
#define IPMPSC_TYPED_ARENA_POOL_H_

#include <cstdint>
#include <utility>

#include "ipmpsc/view/arena.h"

namespace ipmpsc::typed {

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

// Thread-compatible, together with the arenas that were taken from it.
class ArenaPool {
 public:
  // Owns the pool together with the handles and the arenas that were taken: the last of them
  // destroys it.
  class Owner {
   public:
    // Handles return `receiver`. It may be moved: see `set_receiver`.
    explicit Owner(void* receiver) : pool_(new ArenaPool) { pool_->receiver_ = receiver; }
    Owner(Owner&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Owner& operator=(Owner&& other) noexcept {
      std::swap(pool_, other.pool_);
      return *this;
    }
    ~Owner() {
      if (pool_ == nullptr) return;
      pool_->receiver_ = nullptr;
      pool_->Unref();
    }
    ArenaPool* operator->() const { return pool_; }
    ArenaPool* get() const { return pool_; }

    // The receiver was moved to `receiver`, or is gone if that is null.
    void set_receiver(void* receiver) {
      if (pool_ != nullptr) pool_->receiver_ = receiver;
    }

   private:
    ArenaPool* pool_;
  };

  // Finds the receiver, even after it was moved, for as long as it lives.
  class Handle {
   public:
    explicit Handle(const Owner& owner) : pool_(owner.get()) { ++pool_->references_; }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { pool_->Unref(); }

    // Null if the receiver is gone.
    void* receiver() const { return pool_->receiver_; }

   private:
    ArenaPool* const pool_;
  };

  // Makes sure that the next `Take` does not allocate. Throws std::bad_alloc if there is no memory.
  void Reserve() {
    if (free_ == nullptr) AddNode();
  }
  // Returns an empty arena. Allocates only if more are in use than in the last few hundred calls.
  PooledArena Take();

  // The memory limit of messages that are parsed from now on.
  const view::MemoryLimit& limit() const { return limit_; }
  void set_limit(const view::MemoryLimit& limit) { limit_ = limit; }

 private:
  friend class PooledArena;

  ArenaPool() = default;
  ~ArenaPool();
  void AddNode();
  void ReturnToPool(PooledArena::Node* node);
  void FreeUnused();
  void Unref();

  int references_ = 1;
  void* receiver_ = nullptr;
  PooledArena::Node* free_ = nullptr;
  view::MemoryLimit limit_;
  uint32_t given_back_ = 0;  // since the last search for unused arenas
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_ARENA_POOL_H_
