#include "proxy/net/parcel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>

namespace cardea::net {
namespace {

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Parcel, text_and_descriptors_arrive_together_and_in_order) {
    auto ends = parcel_pair().value();
    std::vector<Descriptor> files;
    std::vector<int> numbers;
    for (std::size_t i = 0; i < parcel_descriptors_max; ++i) {
        files.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        numbers.push_back(files.back().get());
    }
    EXPECT_FALSE(*receive_parcel(ends.second.get())) << "nothing is there yet";
    ASSERT_TRUE(send_parcel(ends.first.get(), "first", numbers));
    ASSERT_TRUE(send_parcel(ends.first.get(), "second"));
    auto first = receive_parcel(ends.second.get()).value();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text, "first");
    ASSERT_EQ(first->descriptors.size(), parcel_descriptors_max);
    EXPECT_EQ(::fcntl(first->descriptors.back().get(), F_GETFD), FD_CLOEXEC);
    const auto second = receive_parcel(ends.second.get()).value();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->text, "second");
    EXPECT_TRUE(second->descriptors.empty());
}

TEST(Parcel, the_end_of_the_other_side_is_an_empty_one) {
    auto ends = parcel_pair().value();
    ASSERT_TRUE(send_parcel(ends.first.get(), "last words"));
    ASSERT_TRUE(send_parcel(ends.second.get(), "never read"));
    ends.first.reset();
    EXPECT_EQ(receive_parcel(ends.second.get()).value()->text, "last words");
    EXPECT_EQ(receive_parcel(ends.second.get()).value()->text, "");
    EXPECT_FALSE(send_parcel(ends.second.get(), "to nobody"));
}

TEST(Parcel, too_much_is_not_sent) {
    auto ends = parcel_pair().value();
    EXPECT_FALSE(send_parcel(ends.first.get(), ""));
    EXPECT_FALSE(send_parcel(ends.first.get(), std::string(parcel_bytes_max + 1, 'x')));
    EXPECT_FALSE(send_parcel(ends.first.get(), "x", std::vector<int>(parcel_descriptors_max + 1, 0)));
    EXPECT_TRUE(send_parcel(ends.first.get(), std::string(parcel_bytes_max, 'x')));
    while (send_parcel(ends.first.get(), std::string(parcel_bytes_max, 'x'))) {
    }
    EXPECT_EQ(receive_parcel(ends.second.get()).value()->text.size(), parcel_bytes_max) << "and a full channel blocks nobody";
}

TEST(Parcel, what_comes_cut_off_is_refused_and_leaks_nothing) {
    auto ends = parcel_pair().value();
    const auto before = open_descriptors();
    const std::string large(parcel_bytes_max + 1000, 'x');
    ASSERT_GT(::send(ends.first.get(), large.data(), large.size(), 0), 0);
    EXPECT_FALSE(receive_parcel(ends.second.get()));
    // More descriptors than a parcel holds: some reach this process all the same.
    std::vector<int> numbers(parcel_descriptors_max + 20, 0);
    char octet = 'x';
    iovec piece{&octet, 1};
    std::vector<char> control(CMSG_SPACE(numbers.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part), numbers.data(), numbers.size() * sizeof(int));
    ASSERT_EQ(::sendmsg(ends.first.get(), &message, 0), 1);
    EXPECT_FALSE(receive_parcel(ends.second.get()));
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace cardea::net
