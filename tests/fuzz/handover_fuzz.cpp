// What another process says at a hand-over of the doors: never half understood, and what is understood can be said again.
#include "proxy/accept/handover.hpp"
#include "tests/fuzz/reference_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace cardea;
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    constexpr std::size_t comfortable = std::size_t{8} * 1024;  // written again it grows by its escapes, and 64 KiB is the limit
    if (const auto message = accept::parse_handover(text); message && size <= comfortable) {
        const auto again = accept::parse_handover(accept::to_text(*message));
        fuzz::require(again && *again == *message, "what was understood is understood again");
    }
    return 0;
}
