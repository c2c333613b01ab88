// The memory of an earlier run, as a disk or somebody else may have left it: it is refused with a reason, or what it gives
// can be written and read again without a difference. The checksum is put right, else nothing behind it would be reached.
#include "discovery/last_good.hpp"
#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>

namespace {

using namespace cardea;
using fuzz::require;

const discovery::LastGoodOwner last_good_owner{"consul:fuzz", "10.0.0.1:8500", ""};
const config::WallTime last_good_now{std::chrono::milliseconds{1'795'377'184'000}};
constexpr config::Duration last_good_age{std::chrono::hours{24}};

void read(std::string_view file) {
    const auto queries = discovery::read_last_good(file, last_good_owner, last_good_now, last_good_age);
    if (!queries) {
        require(!queries.error().what.empty(), "a refusal has a reason");
        return;
    }
    std::map<std::string, discovery::Remembered> again;
    for (const auto& [query, recalled] : *queries) {
        require(std::ranges::is_sorted(recalled.facts, {}, &discovery::Fact::key), "facts are sorted");
        for (const auto& fact : recalled.facts) {
            require(fact.key.source == "consul:fuzz" && !fact.key.instance.empty() && !fact.addresses.empty(), "a fact can be used");
        }
        again[query] = {discovery::remember_query(query, recalled.facts), recalled.confirmed};
    }
    const auto same =
        discovery::read_last_good(discovery::write_last_good(last_good_owner, again), last_good_owner, last_good_now, last_good_age);
    require(same.has_value() && same->size() == queries->size(), "what was read can be written");
    for (const auto& [query, recalled] : *same) {
        require(recalled.facts == queries->at(query).facts, "nothing is lost on the way");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    read(text);
    const discovery::Remembered one{std::string{text.empty() ? "{" : text}, last_good_now};
    read(discovery::write_last_good(last_good_owner, {{"query", one}}));
    return 0;
}
