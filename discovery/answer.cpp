#include "discovery/answer.hpp"

#include <algorithm>
#include <utility>

namespace cardea::discovery {

namespace {

bool same_facts(const std::vector<FactPtr>& a, const std::vector<FactPtr>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const FactPtr& x, const FactPtr& y) { return *x == *y; });
}

void append_all(std::vector<FactPtr>& to, const std::vector<FactPtr>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Answer::Entry Answer::make(FactPtr raw, const World& world) {
    Entry entry{.raw = std::move(raw)};
    for (Fact& fact : expand_names({*entry.raw}, world.resolutions)) {
        const std::string place = fact.key.source + " " + fact.key.instance + " of " + fact.service + ": ";
        if (const auto why = world.policy.judge(fact)) {
            entry.refusals.push_back(place + *why);
        } else if (fact == *entry.raw) {
            entry.usable.push_back(entry.raw);
        } else {
            entry.usable.push_back(std::make_shared<const Fact>(std::move(fact)));
        }
    }
    return entry;
}

void Answer::count_names(const Fact& fact, int sign) {
    for (const config::Address& address : fact.addresses) {
        if (address.kind != config::Address::Kind::name) {
            continue;
        }
        if (sign > 0) {
            ++names_[address.name];
        } else if (const auto known = names_.find(address.name); known != names_.end() && --known->second == 0) {
            names_.erase(known);
        }
    }
}

FactDelta Answer::take(const std::vector<Fact>& facts, const World& world, const std::function<bool(const Fact&)>& again) {
    FactDelta delta;
    std::vector<Entry> next;
    next.reserve(facts.size());
    auto old = entries_.begin();
    const auto drop = [&](Entry& entry) {
        count_names(*entry.raw, -1);
        append_all(delta.removed, entry.usable);
    };
    for (const Fact& fact : facts) {
        while (old != entries_.end() && old->raw->key < fact.key) {
            drop(*old++);
        }
        const bool known = old != entries_.end() && old->raw->key == fact.key;
        const bool same = known && *old->raw == fact;
        if (same && !(again && again(fact))) {
            next.push_back(std::move(*old++));
            continue;
        }
        Entry fresh = make(same ? old->raw : std::make_shared<const Fact>(fact), world);
        if (known && same_facts(old->usable, fresh.usable)) {
            fresh.usable = std::move(old->usable);
            count_names(*old->raw, -1);
        } else {
            if (known) {
                drop(*old);
            }
            append_all(delta.added, fresh.usable);
        }
        count_names(fact, 1);
        old += known ? 1 : 0;
        next.push_back(std::move(fresh));
    }
    for (; old != entries_.end(); ++old) {
        drop(*old);
    }
    entries_ = std::move(next);
    return delta;
}

void Answer::collect(std::vector<const Fact*>& out) const {
    for (const Entry& entry : entries_) {
        for (const FactPtr& fact : entry.usable) {
            out.push_back(fact.get());
        }
    }
}

void Answer::refusals(std::vector<std::string>& out, std::size_t most) const {
    for (const Entry& entry : entries_) {
        for (const std::string& refusal : entry.refusals) {
            if (out.size() < most) {
                out.push_back(refusal);
            }
        }
    }
}

}  // namespace cardea::discovery
