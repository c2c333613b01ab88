#pragma once
// What a provider is told. Plain values.

#include "discovery/action.hpp"

#include <string>
#include <variant>
#include <vector>

namespace cardea::discovery {

struct Started {};  ///< first event of every provider
struct Wanted {     ///< the queries that somebody needs now; replaces the former list
    std::vector<std::string> queries{};
};
struct Woken {};   ///< the time asked for by WakeAt has come
struct Answered {  ///< a complete answer, whatever its status; the body is decoded (gzip)
    Ticket ticket{0};
    int status{0};
    HeaderList headers{};  ///< names in lower case
    std::string body{};
};
struct Failed {  ///< no complete answer: refused, reset, cut short, timed out, too long
    Ticket ticket{0};
    std::string reason{};
};
struct StreamOpened {
    Ticket ticket{0};
    int status{0};
    HeaderList headers{};
};
struct StreamData {
    Ticket ticket{0};
    std::string bytes{};  ///< chunked coding already removed; borders mean nothing
};
struct StreamEnded {
    Ticket ticket{0};
    std::string reason{};  ///< empty for an orderly end
};
struct FileChanged {  ///< content of a watched file, also at the start; nullopt-like: `missing`
    std::string path{};
    std::string content{};
    bool missing{false};
};

using Event = std::variant<Started, Wanted, Woken, Answered, Failed, StreamOpened, StreamData, StreamEnded, FileChanged>;

}  // namespace cardea::discovery
