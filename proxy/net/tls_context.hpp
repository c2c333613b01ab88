#pragma once
// TLS towards others as a client: what is trusted, which certificate we show, whom we expect. OpenSSL is behind it.
// Made and used by the control thread; a context may be shared by any number of connections.

#include "config/config.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;  // OpenSSL's own name for SSL_CTX
struct ssl_st;      // and for SSL

namespace cardea::net {

class TlsClientContext {
public:
    /// Reads `settings`' PEM files; an empty `ca` means the system's store. TLS 1.2 at least. Errors name the file.
    static config::Result<TlsClientContext> make(const config::TlsClient& settings);

    /// Before the handshake: expects `host` (name or IP literal) in the certificate unless verification is off, and
    /// names it to the server (SNI, names only). `settings.server_name` wins over `host`.
    [[nodiscard]] config::Result<void> prepare(ssl_st* connection, const std::string& host) const;

    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

private:
    TlsClientContext(std::shared_ptr<ssl_ctx_st> context, const config::TlsClient& settings)
        : context_(std::move(context)), server_name_(settings.server_name), verify_(settings.verify) {}

    std::shared_ptr<ssl_ctx_st> context_;
    std::string server_name_;
    bool verify_;
};

/// The oldest entry of OpenSSL's error queue in words, which is then emptied; `fallback` when there is none.
std::string tls_error(const std::string& fallback);

}  // namespace cardea::net
