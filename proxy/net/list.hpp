#pragma once
// An intrusive doubly linked ring: linking and unlinking cost two stores each and never allocate. A Link unlinks itself
// when it dies, so no list ever holds a dangling member. One worker.

namespace cardea::net {

class Link {
public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { unlink(); }
    [[nodiscard]] bool linked() const { return next_ != this; }
    void unlink() {
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = this;
    }

private:
    template <typename T>
    friend class List;
    void insert_before(Link& where) {
        unlink();
        previous_ = where.previous_;
        next_ = &where;
        previous_->next_ = this;
        where.previous_ = this;
    }
    Link* next_{this};
    Link* previous_{this};
};

/// T derives from Link. Owns nothing.
template <typename T>
class List {
public:
    [[nodiscard]] bool empty() const { return !head_.linked(); }
    void push_back(T& item) { static_cast<Link&>(item).insert_before(head_); }
    void push_front(T& item) { static_cast<Link&>(item).insert_before(*head_.next_); }
    /// Behind every item that is not after it; looks from the back, so that is quick for one of the last.
    template <typename Before>
    void insert_ordered(T& item, Before before) {
        Link* at = head_.previous_;
        while (at != &head_ && before(item, *static_cast<T*>(at))) {
            at = at->previous_;
        }
        static_cast<Link&>(item).insert_before(*at->next_);
    }
    // The analyser does not see that whatever is deleted has been unlinked before. NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
    [[nodiscard]] T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
    [[nodiscard]] T* back() { return empty() ? nullptr : static_cast<T*>(head_.previous_); }
    [[nodiscard]] T* pop_front() {
        T* item = front();
        if (item != nullptr) {
            static_cast<Link*>(item)->unlink();
        }
        return item;
    }
    /// Moves all of `other` to the end of this list.
    void take(List& other) {
        while (T* item = other.pop_front()) {
            push_back(*item);
        }
    }
    /// `visit` may unlink the item it is given, nothing else.
    template <typename Visit>
    void for_each(Visit visit) {
        for (Link* at = head_.next_; at != &head_;) {
            Link* next = at->next_;
            visit(*static_cast<T*>(at));
            at = next;
        }
    }
    /// The same, until `visit` answers false.
    template <typename Visit>
    void for_each_while(Visit visit) {
        for (Link* at = head_.next_; at != &head_;) {
            Link* next = at->next_;
            if (!visit(*static_cast<T*>(at))) {
                return;
            }
            at = next;
        }
    }

private:
    Link head_;
};

}  // namespace cardea::net
