#pragma once
// One HTTP/1 answer out of bytes that arrive in pieces, for the control plane's own client. Sans-I/O; the grammar is
// proxy/http1's. Interim answers are skipped. One answer per reader.

#include "discovery/action.hpp"
#include "proxy/http/head.hpp"
#include "proxy/http1/parser.hpp"

#include <string>
#include <string_view>

namespace cardea::control {

/// What a reader knows of an answer once its head is complete.
struct AnswerHead {
    int status{0};
    discovery::HeaderList headers{};  ///< names in lower case
    bool keep_alive{false};           ///< the connection can carry another request afterwards
};

[[nodiscard]] http::Method method_of(std::string_view text);
/// The first field of that (lower case) name, or empty.
[[nodiscard]] std::string_view header_value(const discovery::HeaderList& headers, std::string_view name);

class ResponseReader {
public:
    explicit ResponseReader(http::Method method) : method_(method) {}

    enum class Step : std::uint8_t {
        more,    ///< the input is spent
        head,    ///< head() is complete; call again
        data,    ///< data() holds a piece of the body; valid until the next call; call again
        done,    ///< the answer is complete; input left over belongs to nobody
        failed,  ///< malformed; the connection must go
    };
    /// Takes what it can from the front of `input`.
    Step next(std::string_view& input);
    /// The peer closed: `done` when that ends the body, else `failed`.
    Step on_eof();

    [[nodiscard]] const AnswerHead& head() const { return head_; }
    [[nodiscard]] std::string_view data() const { return data_; }
    [[nodiscard]] bool has_head() const { return in_body_; }

private:
    Step read_head(std::string_view& input);
    Step read_body(std::string_view& input);

    http::Method method_;
    std::string head_bytes_{};
    std::size_t scanned_{0};
    int interim_{0};
    bool in_body_{false};
    AnswerHead head_{};
    http1::BodyReader body_{};
    std::string_view data_{};
};

}  // namespace cardea::control
