// The chunked decoder: the same bytes whole, one by one and in two cuts chosen by the input give the same data, the same
// trailers and the same verdict; nothing behind the end is touched.
#include "proxy/http1/body_reader.hpp"
#include "tests/fuzz/reference_reader.hpp"

#include <algorithm>

namespace {

using cardea::fuzz::require;
using cardea::http1::BodyReader;

struct Body {
    std::string data{}, trailers{};
    BodyReader::State state{BodyReader::State::more};
    std::size_t consumed{0};
    friend bool operator==(const Body&, const Body&) = default;
};

Body read(std::string_view bytes, std::size_t first, std::size_t then) {
    BodyReader reader{{cardea::http::Framing::Kind::chunked, 0}};
    Body out;
    std::size_t window = first;
    while (!bytes.empty() && out.state == BodyReader::State::more) {
        // A copy of its own, so that the sanitizer sees a look beyond the piece.
        const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(window, bytes.size())));
        std::string_view rest{piece.data(), piece.size()};
        while (!rest.empty() && out.state == BodyReader::State::more) {
            const auto step = reader.read(rest);
            require(step.consumed > 0 || step.state != BodyReader::State::more, "a read makes progress");
            require(step.consumed <= rest.size() && step.data.size() <= step.consumed, "no more is spent than there is");
            out.data += step.data;
            out.state = step.state;
            out.consumed += step.consumed;
            rest.remove_prefix(step.consumed);
        }
        bytes.remove_prefix(piece.size());
        window = then;
    }
    out.trailers = reader.trailers();
    require(reader.done() == (out.state == BodyReader::State::done), "done is done");
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view input{reinterpret_cast<const char*>(bytes) + 2, size - 2};
    const auto whole = read(input, input.size() + 1, 1);
    require(read(input, 1, 1) == whole, "byte by byte the same");
    require(read(input, 1U + bytes[0], 1U + bytes[1]) == whole, "cut anywhere the same");
    require(whole.data.size() <= input.size() && whole.trailers.size() <= 8192, "bounded");
    if (whole.state == BodyReader::State::done) {
        require(read(input.substr(0, whole.consumed), whole.consumed, 1) == whole, "nothing behind the end counts");
        require(read(input.substr(0, whole.consumed - 1), whole.consumed, 1).state == BodyReader::State::more,
                "and nothing less is enough");
    }
    return 0;
}
