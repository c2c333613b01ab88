#pragma once
// One query's facts on their way: what the guard lets through, and what host names and the address policy make of it. Facts
// that stay the same stay the same objects. Control thread.

#include "discovery/address_policy.hpp"
#include "discovery/expand_names.hpp"
#include "discovery/service_index.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cardea::discovery {

class Answer {
public:
    struct World {
        const Resolutions& resolutions;
        const AddressPolicy& policy;
    };
    /// `facts` are sorted by key. O(n) comparisons; work is done for those that differ, and for all that `again` names.
    FactDelta take(const std::vector<Fact>& facts, const World& world, const std::function<bool(const Fact&)>& again = {});

    /// Host names that its facts need, each with the number of facts.
    [[nodiscard]] const std::map<std::string, std::size_t>& names() const { return names_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }  ///< in facts as their source said them
    void collect(std::vector<const Fact*>& out) const;
    /// `consul:dc1 node|web-1 of web: ...`, at most `most` in all.
    void refusals(std::vector<std::string>& out, std::size_t most) const;

private:
    struct Entry {
        FactPtr raw{};
        std::vector<FactPtr> usable{};
        std::vector<std::string> refusals{};
    };
    static Entry make(FactPtr raw, const World& world);
    void count_names(const Fact& fact, int sign);

    std::vector<Entry> entries_{};  ///< by key
    std::map<std::string, std::size_t> names_{};
};

}  // namespace cardea::discovery
