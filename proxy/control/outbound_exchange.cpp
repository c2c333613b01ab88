#include "proxy/control/gzip.hpp"
#include "proxy/control/outbound_pool.hpp"

#include <boost/asio/post.hpp>

namespace cardea::control {

namespace {

/// Line breaks in a token file or a label must not become header lines.
bool clean(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

config::Result<std::string> request_text(const OutboundRequest& request, const std::string& host) {
    std::string text = request.method + ' ' + request.target + " HTTP/1.1\r\n";
    bool good = clean(request.method) && clean(request.target);
    bool has_host = false;
    for (const auto& [name, value] : request.headers) {
        good = good && clean(name) && clean(value);
        has_host = has_host || name == "host" || name == "Host";
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!good) {
        return config::failure("the request to " + host + " would contain a line break");
    }
    if (!has_host) {
        text += "Host: " + host + "\r\n";
    }
    text += "User-Agent: cardea/" CARDEA_VERSION "\r\n";
    text += request.gzip ? "Accept-Encoding: gzip\r\n" : "";
    text += request.fresh ? "Connection: close\r\n" : "";
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return text + "\r\n" + request.body;
}

}  // namespace

void Outbound::Pool::Exchange::start(config::Duration timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && !self->over_) {
            self->fail({OutboundFailure::Kind::timed_out, "no answer from " + config::to_string(self->place_.address) + " in time"});
        }
    });
    const auto pool = pool_.lock();
    auto kept = request_.fresh || held ? nullptr : pool->take(place_.key());
    reused_ = kept != nullptr;
    if (kept) {
        use(std::move(kept));
    } else {
        dial();
    }
}

void Outbound::Pool::Exchange::dial() {
    const auto pool = pool_.lock();
    dial_ = std::make_shared<Dial>(pool->context, pool->resolve, pool->contexts, place_, [weak = weak_from_this()](auto result) {
        const auto self = weak.lock();
        if (!self || self->over_) {
            return;
        }
        self->dial_.reset();
        if (!result) {
            self->fail(std::move(result.error()));
            return;
        }
        self->use(std::move(*result));
    });
    dial_->start(request_.connect_timeout);
}

void Outbound::Pool::Exchange::use(std::shared_ptr<Channel> channel) {
    channel_ = std::move(channel);
    if (!held) {
        send();
        return;
    }
    timer_.expires_after(hold);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && !self->over_) {
            self->complete();
        }
    });
    channel_->watch([self = shared_from_this()] {
        // A peer that speaks first (a greeting) is alive; one that closes is not there.
        if (!self->over_) {
            self->receive();
        }
    });
}

void Outbound::Pool::Exchange::send() {
    auto text = request_text(request_, place_.host());
    if (!text) {  // later, as every other answer
        boost::asio::post(timer_.get_executor(), [self = shared_from_this(), why = text.error().what] {
            if (!self->over_) {
                self->fail({OutboundFailure::Kind::malformed, why});
            }
        });
        return;
    }
    channel_->write(std::move(*text), [self = shared_from_this()](const boost::system::error_code& error) {
        if (!self->over_ && error) {
            self->lost(error.message());
        }
    });
    receive();
}

void Outbound::Pool::Exchange::receive() {
    channel_->read([self = shared_from_this()](const boost::system::error_code& error, std::string_view bytes) {
        if (self->over_) {
            return;
        }
        if (!bytes.empty()) {
            self->heard_ = true;
            self->held ? self->complete() : self->consume(bytes);
        } else if (error == boost::asio::error::eof && !self->held && self->reader_.on_eof() == ResponseReader::Step::done) {
            self->on_end();
        } else {
            self->lost(error.message());
        }
    });
}

void Outbound::Pool::Exchange::consume(std::string_view bytes) {
    const auto self = shared_from_this();  // a callback may drop the last other reference
    while (!over_) {
        const auto step = reader_.next(bytes);
        const bool rest_matters = !reader_.has_head() || request_.body_matters || streaming();
        if (!rest_matters && (step == ResponseReader::Step::more || step == ResponseReader::Step::failed)) {
            request_.fresh = true;  // what is left of the answer would be in the way
            complete();
            return;
        }
        switch (step) {
            case ResponseReader::Step::more:
                receive();
                return;
            case ResponseReader::Step::head:
                on_head();
                break;
            case ResponseReader::Step::data:
                on_data(reader_.data());
                break;
            case ResponseReader::Step::done:
                if (!bytes.empty()) {
                    reused_ = false;
                    request_.fresh = true;  // bytes after an answer poison the connection
                }
                on_end();
                return;
            case ResponseReader::Step::failed:
                fail({OutboundFailure::Kind::malformed, config::to_string(place_.address) + " does not speak HTTP/1.1"});
                return;
        }
    }
}

void Outbound::Pool::Exchange::on_head() {
    if (streaming()) {
        timer_.cancel();
        stream.opened(reader_.head().status, reader_.head().headers);
    }
}

void Outbound::Pool::Exchange::on_data(std::string_view bytes) {
    if (streaming()) {
        stream.data(bytes);
        return;
    }
    if (!request_.body_matters) {
        return;
    }
    if (body_.size() + bytes.size() > request_.max_body_bytes) {
        fail({OutboundFailure::Kind::too_long, "the answer is longer than " + std::to_string(request_.max_body_bytes) + " bytes"});
        return;
    }
    body_.append(bytes);
}

void Outbound::Pool::Exchange::on_end() {
    if (header_value(reader_.head().headers, "content-encoding") == "gzip" && !body_.empty()) {
        auto plain = gunzip(body_, request_.max_body_bytes);
        if (!plain) {
            fail({OutboundFailure::Kind::malformed, plain.error().what});
            return;
        }
        body_ = std::move(*plain);
    }
    complete();
}

void Outbound::Pool::Exchange::complete() {
    const auto self = shared_from_this();
    const auto pool = pool_.lock();
    if (pool && channel_ && !held && !request_.fresh && reader_.has_head() && reader_.head().keep_alive) {
        pool->keep(place_.key(), std::move(channel_));
        channel_.reset();
    }
    release();
    if (streaming()) {
        stream.ended({});
    } else if (held) {
        held({});
    } else {
        done(Answer{reader_.head().status, reader_.head().headers, std::move(body_)});
    }
}

/// The connection went away under the request. One that had been kept alive may simply have been too old.
void Outbound::Pool::Exchange::lost(const std::string& why) {
    if (reused_ && !heard_) {
        reused_ = false;
        channel_->close();
        channel_.reset();
        reader_ = ResponseReader(method_of(request_.method));
        dial();
        return;
    }
    const bool cut = reader_.has_head();
    fail({OutboundFailure::Kind::closed,
          config::to_string(place_.address) + (cut ? " cut its answer short: " : " closed without an answer: ") + why});
}

void Outbound::Pool::Exchange::fail(OutboundFailure failure) {
    const auto self = shared_from_this();
    release();
    if (streaming()) {
        stream.ended(std::move(failure.reason));
    } else if (held) {
        held(tl::unexpected(std::move(failure)));
    } else {
        done(tl::unexpected(std::move(failure)));
    }
}

void Outbound::Pool::Exchange::drop() {
    const auto self = shared_from_this();
    release();
}

void Outbound::Pool::Exchange::release() {
    over_ = true;
    timer_.cancel();
    if (dial_) {
        dial_->cancel();
        dial_.reset();
    }
    if (channel_) {
        channel_->close();
        channel_.reset();
    }
    if (const auto pool = pool_.lock()) {
        pool->exchanges.erase(id_);
    }
}

}  // namespace cardea::control
