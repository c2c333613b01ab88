#include "proxy/net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace cardea::net {

std::string tls_error(const std::string& fallback) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return fallback;
    }
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

config::Result<TlsClientContext> TlsClientContext::make(const config::TlsClient& settings) {
    ERR_clear_error();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    if (!context) {
        return config::failure("TLS cannot be set up: " + tls_error("out of memory"));
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), settings.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    // The socket layer retries writes with whatever buffer it has by then.
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (settings.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context.get());
    } else if (SSL_CTX_load_verify_locations(context.get(), settings.ca.c_str(), nullptr) != 1) {
        return config::failure("the CA file " + settings.ca + " cannot be used: " + tls_error("unreadable"));
    }
    if (!settings.cert.empty() && SSL_CTX_use_certificate_chain_file(context.get(), settings.cert.c_str()) != 1) {
        return config::failure("the certificate file " + settings.cert + " cannot be used: " + tls_error("unreadable"));
    }
    const std::string& key = settings.key.empty() ? settings.cert : settings.key;  // one file may hold both
    if (!key.empty() && SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return config::failure("the key file " + key + " cannot be used: " + tls_error("unreadable"));
    }
    return TlsClientContext(std::move(context), settings);
}

config::Result<void> TlsClientContext::prepare(ssl_st* connection, const std::string& host) const {
    const std::string& expected = server_name_.empty() ? host : server_name_;
    const bool literal = config::parse_ip(expected).has_value();
    // SSL_set_tlsext_host_name without the old-style cast of its macro.
    const auto name_server = [&] {
        return SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(expected.c_str())) == 1;
    };
    if (!literal && !expected.empty() && !name_server()) {
        return config::failure("server name " + expected + ": " + tls_error("refused"));
    }
    if (!verify_) {
        return {};
    }
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(connection);
    const int set = literal ? X509_VERIFY_PARAM_set1_ip_asc(parameters, expected.c_str())
                            : X509_VERIFY_PARAM_set1_host(parameters, expected.c_str(), expected.size());
    if (set != 1) {
        return config::failure("server name " + expected + ": " + tls_error("cannot be verified"));
    }
    return {};
}

}  // namespace cardea::net
