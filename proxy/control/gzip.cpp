#include "proxy/control/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace cardea::control {

namespace {

class Inflater {
public:
    Inflater() : good_(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK) {}  // 16 + : gzip wrapping only
    ~Inflater() {
        if (good_) {
            inflateEnd(&stream_);
        }
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    [[nodiscard]] bool good() const { return good_; }
    z_stream& stream() { return stream_; }

private:
    z_stream stream_{};
    bool good_;
};

}  // namespace

config::Result<std::string> gunzip(std::string_view packed, std::uint64_t max_bytes) {
    Inflater inflater;
    if (!inflater.good() || packed.size() > std::numeric_limits<uInt>::max()) {
        return config::failure("gzip: cannot be unpacked");
    }
    z_stream& stream = inflater.stream();
    std::string input(packed);  // zlib's interface wants mutable bytes, which it leaves alone
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    std::string out;
    std::array<char, 64 * 1024> piece{};
    while (true) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        const int result = inflate(&stream, Z_NO_FLUSH);
        const std::size_t got = piece.size() - stream.avail_out;
        if (out.size() + got > max_bytes) {
            return config::failure("gzip: unpacks to more than " + std::to_string(max_bytes) + " bytes");
        }
        out.append(piece.data(), got);
        if (result == Z_STREAM_END && stream.avail_in == 0) {
            return out;
        }
        if (result == Z_STREAM_END) {
            inflateReset(&stream);  // another member follows
        } else if (result != Z_OK || (got == 0 && stream.avail_in == 0)) {
            return config::failure(result == Z_OK || result == Z_BUF_ERROR ? "gzip: cut short" : "gzip: damaged");
        }
    }
}

}  // namespace cardea::control
