#include "proxy/admin/session.hpp"

#include "config/text.hpp"
#include "proxy/admin/views_json.hpp"
#include "proxy/http/date.hpp"
#include "proxy/http1/parser.hpp"
#include "proxy/http1/serializer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace cardea::admin {

namespace {

constexpr auto request_patience = std::chrono::seconds(10);
constexpr auto answer_patience = std::chrono::seconds(30);
constexpr std::size_t reply_head_max = 1024;

std::string_view field_value(const http::RequestHead& head, std::string_view lower_name) {
    for (const auto& field : head.fields.all()) {
        if (config::ascii_lower(field.name) == lower_name) {
            return field.value.data() == nullptr ? std::string_view("") : field.value;
        }
    }
    return {};
}

std::string reply_bytes(const Answer& answer, http::Version version, bool head_only, bool close) {
    http::DateText date;
    date.set(std::chrono::system_clock::now());
    std::string fields = "Content-Type: " + answer.type + "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    if (!answer.allow.empty()) {
        fields += "Allow: " + answer.allow + "\r\n";
    }
    http1::Reply reply;
    reply.status = answer.status;
    reply.body = answer.body;
    reply.extra_fields = fields;
    reply.close = close;
    reply.client_version = version;
    reply.head_only = head_only;
    reply.date = date.text();
    std::string bytes(answer.body.size() + reply_head_max, '\0');
    http1::Out out(bytes);
    http1::write_reply(reply, out);
    bytes.resize(out.text().size());
    return bytes;
}

}  // namespace

Session::Session(Socket socket, std::shared_ptr<const Pages> pages, std::shared_ptr<Followers> followers, bool over_unix_socket,
                 std::shared_ptr<Sessions> all)
    : socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      pages_(std::move(pages)),
      followers_(std::move(followers)),
      over_unix_socket_(over_unix_socket),
      all_(std::move(all)) {
    ++all_->alive;
}

Session::~Session() {
    --all_->alive;
}

void Session::give_up_after(std::chrono::seconds patience) {
    deadline_.expires_after(patience);
    deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        if (const auto self = error ? nullptr : weak.lock()) {
            boost::system::error_code ignored;
            self->socket_.close(ignored);
        }
    });
}

void Session::read() {
    give_up_after(request_patience);
    socket_.async_read_some(boost::asio::buffer(room_),
                            [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                                if (!error) {
                                    self->received(size);
                                }
                            });
}

void Session::received(std::size_t size) {
    input_.append(room_.data(), size);
    if (take_request()) {
        return;
    }
    if (input_.size() >= all_->longest_request) {
        refuse_long();
    } else {
        read();
    }
}

bool Session::take_request() {
    const std::size_t head_size = http1::find_head_end(input_, scanned_);
    if (head_size == 0) {
        return false;
    }
    http::RequestHead head;
    const auto reason = http1::parse_request(std::string_view(input_).substr(0, head_size), {}, head);
    if (reason != http::Reason::none) {
        refuse(http::status_of(reason));
        return true;
    }
    http1::BodyReader body(head.framing);
    std::size_t taken = head_size;
    while (!body.done()) {
        const auto step = body.read(std::string_view(input_).substr(taken));
        taken += step.consumed;
        if (step.state == http1::BodyReader::State::failed) {
            refuse(400);
            return true;
        }
        if (!body.done() && taken == input_.size()) {
            scanned_ = 0;
            return false;  // the whole of it is read again with what follows: bounded by longest_request
        }
    }
    if (taken > all_->longest_request) {
        refuse_long();
        return true;
    }
    Request request;
    request.method = head.method_text;
    request.path = head.path;
    request.query = head.query;
    request.accept = field_value(head, "accept");
    request.last_id = field_value(head, "last-event-id");
    request.authority = head.authority;
    request.host = head.host;
    request.origin = field_value(head, "origin");
    request.over_unix_socket = over_unix_socket_;
    auto reply = pages_->answer(request, std::chrono::system_clock::now());
    if (reply.follow && head.method == http::Method::get) {
        if (hand_over(reply.type, *reply.follow)) {
            return true;
        }
        reply = {};
        reply.status = 503;
        reply.body = error_json("too many follow the events already");
    }
    const bool close = !head.keep_alive;
    auto bytes = reply_bytes(reply, head.version, head.method == http::Method::head, close);
    input_.erase(0, taken);
    scanned_ = 0;
    write(std::move(bytes), close);
    return true;
}

bool Session::hand_over(const std::string& type, const Follow& follow) {
    if (!followers_->have_room()) {
        return false;
    }
    deadline_.cancel();
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: " + type +
                       "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
    followers_->add(std::move(socket_), std::move(head), follow);
    return true;
}

void Session::refuse(std::uint16_t status) {
    Answer answer;
    answer.status = status;
    answer.body = error_json("this is not a request that can be answered");
    write(reply_bytes(answer, http::Version::http11, false, true), true);
}

void Session::refuse_long() {
    ++all_->too_long;
    refuse(431);
}

void Session::write(std::string bytes, bool close) {
    output_ = std::move(bytes);
    give_up_after(answer_patience);
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self = shared_from_this(), close](const boost::system::error_code& error, std::size_t /*size*/) {
                                 if (error || close) {
                                     boost::system::error_code ignored;
                                     self->socket_.shutdown(Socket::shutdown_both, ignored);
                                     self->deadline_.cancel();
                                 } else if (!self->take_request()) {
                                     self->read();
                                 }
                             });
}

}  // namespace cardea::admin
