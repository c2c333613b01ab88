#include "config/address.hpp"

#include "config/translated.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cardea::config {
namespace {

std::string ip_text(std::string_view text) {
    const auto ip = parse_ip(text);
    return ip ? to_string(*ip) : "refused";
}

std::string round(const Result<Address>& address) {
    return address ? to_string(*address) : "refused";
}

TEST(Address, reads_ip_addresses_and_writes_them_as_rfc_5952_says) {
    EXPECT_EQ(ip_text("10.0.0.5"), "10.0.0.5");
    EXPECT_EQ(ip_text("255.255.255.255"), "255.255.255.255");
    EXPECT_EQ(ip_text("::"), "::");
    EXPECT_EQ(ip_text("::1"), "::1");
    EXPECT_EQ(ip_text("1::"), "1::");
    EXPECT_EQ(ip_text("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1");
    EXPECT_EQ(ip_text("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1") << "one zero group is not shortened";
    EXPECT_EQ(ip_text("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1") << "the longest run";
    EXPECT_EQ(ip_text("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1") << "the first of equals";
    EXPECT_EQ(ip_text("0:0:0:1::"), "0:0:0:1::");
    EXPECT_EQ(ip_text("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
    EXPECT_EQ(ip_text("1:2:3:4:5:6:1.2.3.4"), "1:2:3:4:5:6:102:304");
    EXPECT_EQ(ip_text("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
    EXPECT_EQ(ip_text("a0:b00:c000::10"), "a0:b00:c000::10");
}

TEST(Address, an_ipv4_mapped_address_is_the_ipv4_address) {
    EXPECT_EQ(parse_ip("::ffff:10.0.0.5"), parse_ip("10.0.0.5"));
    EXPECT_EQ(parse_ip("::FFFF:a00:5"), parse_ip("10.0.0.5"));
    EXPECT_FALSE(parse_ip("::ffff:10.0.0.5")->v6);
    EXPECT_TRUE(parse_ip("::10.0.0.5")->v6) << "the deprecated compatible form is not mapped";
    EXPECT_NE(parse_ip("::"), parse_ip("0.0.0.0"));
}

TEST(Address, refuses_what_is_no_ip_address) {
    for (const std::string_view text : {"",
                                        " ",
                                        "10.0.0",
                                        "10.0.0.0.0",
                                        "10.0.0.256",
                                        "010.0.0.1",
                                        "10.0.0.01",
                                        "10.0.0.-1",
                                        "10..0.1",
                                        ".10.0.0.1",
                                        "10.0.0.1.",
                                        "0x0a.0.0.1",
                                        "167772165",
                                        " 10.0.0.1",
                                        "10.0.0.1 ",
                                        "1.2.3.0004",
                                        ":",
                                        ":::",
                                        "::1::",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1:2:3:4:5:6:7:8::",
                                        "::1:2:3:4:5:6:7:8",
                                        "12345::",
                                        "g::",
                                        "::1%eth0",
                                        "[::1]",
                                        "1:2:3:4:5:6:7:",
                                        ":1:2:3:4:5:6:7",
                                        "1.2.3.4::",
                                        "::1.2.3",
                                        "::1.2.3.4:5",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "not an ip !"}) {
        EXPECT_EQ(ip_text(text), "refused") << text;
    }
    EXPECT_FALSE(parse_ip(std::string_view("10.0.0.1\0", 9)));
}

TEST(Address, tells_special_addresses) {
    EXPECT_TRUE(parse_ip("0.0.0.0")->unspecified());
    EXPECT_TRUE(parse_ip("::")->unspecified());
    EXPECT_FALSE(parse_ip("0.0.0.1")->unspecified());
    EXPECT_TRUE(parse_ip("127.255.0.9")->loopback());
    EXPECT_TRUE(parse_ip("::1")->loopback());
    EXPECT_TRUE(parse_ip("::ffff:127.0.0.1")->loopback());
    EXPECT_FALSE(parse_ip("::2")->loopback());
    EXPECT_FALSE(parse_ip("128.0.0.1")->loopback());
    EXPECT_TRUE(parse_ip("169.254.169.254")->link_local());
    EXPECT_TRUE(parse_ip("fe80::1")->link_local());
    EXPECT_TRUE(parse_ip("febf::1")->link_local());
    EXPECT_FALSE(parse_ip("fec0::1")->link_local());
    EXPECT_TRUE(parse_ip("224.0.0.1")->multicast());
    EXPECT_TRUE(parse_ip("239.1.1.1")->multicast());
    EXPECT_FALSE(parse_ip("240.0.0.1")->multicast());
    EXPECT_TRUE(parse_ip("ff02::1")->multicast());
}

TEST(Address, reads_prefixes_and_asks_what_they_contain) {
    EXPECT_TRUE(parse_cidr("10.0.0.0/8")->contains(*parse_ip("10.255.1.2")));
    EXPECT_FALSE(parse_cidr("10.0.0.0/8")->contains(*parse_ip("11.0.0.0")));
    EXPECT_TRUE(parse_cidr("192.168.1.128/25")->contains(*parse_ip("192.168.1.129")));
    EXPECT_FALSE(parse_cidr("192.168.1.128/25")->contains(*parse_ip("192.168.1.127")));
    EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("8.8.8.8")));
    EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("::1"))) << "families do not mix";
    EXPECT_TRUE(parse_cidr("::/0")->contains(*parse_ip("2001:db8::1")));
    EXPECT_FALSE(parse_cidr("::/0")->contains(*parse_ip("10.0.0.1")));
    EXPECT_TRUE(parse_cidr("10.0.0.0/8")->contains(*parse_ip("::ffff:10.1.1.1")));
    EXPECT_TRUE(parse_cidr("2001:db8::/33")->contains(*parse_ip("2001:db8:7fff::")));
    EXPECT_FALSE(parse_cidr("2001:db8::/33")->contains(*parse_ip("2001:db8:8000::")));
    EXPECT_EQ(to_string(*parse_cidr("10.0.0.7")), "10.0.0.7/32");
    EXPECT_EQ(to_string(*parse_cidr("::1")), "::1/128");
    EXPECT_EQ(parse_cidr("::ffff:10.0.0.0/104"), parse_cidr("10.0.0.0/8"));
    EXPECT_TRUE(parse_cidr("::1")->contains(*parse_ip("::1")));
}

TEST(Address, refuses_bad_prefixes_and_bits_behind_them) {
    for (const std::string_view text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "::/129",
                                        "10.0.0.0/ 8", "10.0.0.0/0008", "::ffff:10.0.0.0/95", "localhost/8"}) {
        EXPECT_FALSE(parse_cidr(text)) << text;
    }
    const auto error = parse_cidr("10.0.0.5/8");
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().hint, "write 10.0.0.0/8 or 10.0.0.5");
}

TEST(Address, reads_every_kind_of_address) {
    EXPECT_EQ(round(parse_address("10.0.0.5:8080")), "10.0.0.5:8080");
    EXPECT_EQ(round(parse_address("[::1]:80")), "[::1]:80");
    EXPECT_EQ(round(parse_address("[::ffff:10.0.0.5]:80")), "10.0.0.5:80");
    EXPECT_EQ(round(parse_address("Web.Internal:80")), "web.internal:80");
    EXPECT_EQ(parse_address("web:80")->kind, Address::Kind::name);
    EXPECT_EQ(round(parse_address("unix:/run/app.sock")), "unix:/run/app.sock");
    EXPECT_EQ(parse_address("unix:/run/app.sock")->port, 0);
    EXPECT_EQ(round(parse_address("0.0.0.0:80")), "0.0.0.0:80") << "who dials decides what to do with it";
    EXPECT_EQ(parse_address("web:65535")->port, 65535);
}

TEST(Address, refuses_what_nobody_can_dial) {
    for (const std::string_view text : {"",
                                        ":80",
                                        "10.0.0.5",
                                        "10.0.0.5:",
                                        "10.0.0.5:0",
                                        "10.0.0.5:-5",
                                        "10.0.0.5:99999",
                                        "10.0.0.5:65536",
                                        "10.0.0.5:+80",
                                        "10.0.0.5: 80",
                                        "10.0.0.5:80 ",
                                        "10.0.0.5:http",
                                        "10.0.0.5:000080",
                                        "10.0.0.5:80:81",
                                        "::1:80",
                                        "::1",
                                        "[::1]",
                                        "[::1]80",
                                        "[10.0.0.5]:80",
                                        "[web]:80",
                                        "[]:80",
                                        "[::1%lo]:80",
                                        "not an ip !:80",
                                        "10.0.0.256:80",
                                        "1.2.3:80",
                                        "web.123:80",
                                        "-web:80",
                                        "web-:80",
                                        "we b:80",
                                        "a..b:80",
                                        ".web:80",
                                        "web!:80",
                                        "http://web:80",
                                        "web/x:80",
                                        "unix:",
                                        "unix:run/x",
                                        "unix:@abstract",
                                        "unix:/run/",
                                        "unix:/a\nb",
                                        "consul://x"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
    EXPECT_FALSE(parse_address(std::string_view("unix:/a\0b", 9)));
    EXPECT_TRUE(parse_address("unix:/" + std::string(106, 'a')));
    EXPECT_FALSE(parse_address("unix:/" + std::string(107, 'a')));
}

TEST(Address, host_names_are_bounded) {
    const std::string label(63, 'a');
    EXPECT_TRUE(make_address(label, 80));
    EXPECT_FALSE(make_address(label + "a", 80));
    const auto longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    EXPECT_TRUE(make_address(longest, 80));
    EXPECT_FALSE(make_address(longest + "b", 80));
    EXPECT_TRUE(make_address("3com.example", 80));
    EXPECT_TRUE(make_address("my_app_web_1", 80)) << "names of containers";
    EXPECT_TRUE(make_address("web.internal.", 80)) << "an absolute name";
    EXPECT_FALSE(make_address(".", 80));
    EXPECT_FALSE(
        make_address("b\xC3\xBC"
                     "cher.example",
                     80));
}

TEST(Address, takes_a_registrys_host_and_port_or_refuses_them) {
    EXPECT_EQ(round(make_address("::1", 80)), "[::1]:80") << "registries write IPv6 without brackets";
    EXPECT_EQ(round(make_address("10.0.0.5", 65535)), "10.0.0.5:65535");
    for (const std::uint64_t port : {std::uint64_t{0}, std::uint64_t{65536}, std::uint64_t{99999}, ~std::uint64_t{4}}) {
        EXPECT_FALSE(make_address("10.0.0.5", port)) << port;
    }
    for (const std::string_view host : {"", "not an ip !", "unix:///x.sock", "[::1]", "10.0.0.5:80", "10.0.0.5\r\nX: y", "*"}) {
        EXPECT_FALSE(make_address(host, 80)) << host;
    }
}

TEST(Address, a_listener_may_leave_the_host_or_the_port_open) {
    const auto both = parse_listen_address(":8000");
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->ip.v6 && both->ip.unspecified());
    EXPECT_EQ(both->port, 8000);
    EXPECT_EQ(both, parse_listen_address("[::]:8000"));
    EXPECT_EQ(round(parse_listen_address("0.0.0.0:8000")), "0.0.0.0:8000");
    EXPECT_EQ(round(parse_listen_address("127.0.0.1:0")), "127.0.0.1:0");
    EXPECT_EQ(round(parse_listen_address("unix:/run/cardea.sock")), "unix:/run/cardea.sock");
    for (const std::string_view text :
         {"", "8000", ":", ":99999", ":-5", "*:8000", "localhost:8000", "::8000", "[::]", "127.0.0.1", "0:8000"}) {
        EXPECT_FALSE(parse_listen_address(text)) << text;
    }
}

TEST(IpAddress, mapped_bytes_are_the_ipv4_address_however_they_came) {
    std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 169, 254, 169, 254};
    EXPECT_EQ(ip_of_v6(bytes), *parse_ip("169.254.169.254"));
    EXPECT_EQ(ip_of_v6(bytes), *parse_ip("::ffff:169.254.169.254"));
    bytes[10] = 0xFE;
    EXPECT_TRUE(ip_of_v6(bytes).v6);
}

TEST(IpAddress, knows_what_a_translator_makes_of_it) {
    const auto inner = [](const char* text) {
        const auto found = translated_ipv4(*parse_ip(text));
        return found ? to_string(*found) : "";
    };
    EXPECT_EQ(inner("64:ff9b::10.0.0.7"), "10.0.0.7");
    EXPECT_EQ(inner("2002:a00:7::1"), "10.0.0.7");
    EXPECT_EQ(inner("::10.0.0.7"), "10.0.0.7");
    for (const char* const plain : {"::", "::1", "10.0.0.7", "64:ff9b:1::10.0.0.7", "2001:db8::1", "fd00::1"}) {
        EXPECT_EQ(inner(plain), "") << plain;
    }
    EXPECT_TRUE(parse_ip("255.255.255.255")->broadcast());
    EXPECT_FALSE(parse_ip("10.0.0.255")->broadcast());
    EXPECT_FALSE(parse_ip("ffff:ffff::")->broadcast());
}

}  // namespace
}  // namespace cardea::config
