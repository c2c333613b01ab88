#include "proxy/net/frame_pool.hpp"

#include <array>
#include <cstdint>
#include <new>

namespace cardea::net {
namespace {

constexpr std::size_t frame_step = 16;    // what malloc rounds up to,
constexpr std::size_t frame_header = 8;   // with what it keeps beside
constexpr std::size_t frame_sizes = 512;  // up to 8 KiB; larger frames go to the heap
constexpr std::uint32_t kept_per_size = 16384;

struct FreeFrame {
    FreeFrame* next;
};

struct FreeLists {
    struct Size {
        FreeFrame* first{nullptr};
        std::uint32_t count{0};
    };
    std::array<Size, frame_sizes> sizes{};
    FreeLists() = default;
    FreeLists(const FreeLists&) = delete;
    FreeLists& operator=(const FreeLists&) = delete;
    ~FreeLists() {
        for (Size& size : sizes) {
            while (FreeFrame* frame = size.first) {
                size.first = frame->next;
                ::operator delete(frame);
            }
        }
    }
};

thread_local FreeLists free_frames;

std::size_t size_index(std::size_t bytes) {
    return (bytes + frame_header + frame_step - 1) / frame_step;
}

}  // namespace

void* allocate_frame(std::size_t bytes) {
    const std::size_t index = size_index(bytes);
    if (!frames_are_pooled || index >= frame_sizes) {
        return ::operator new(bytes);
    }
    FreeLists::Size& size = free_frames.sizes[index];
    if (FreeFrame* frame = size.first) {
        size.first = frame->next;
        --size.count;
        return frame;
    }
    return ::operator new(index * frame_step - frame_header);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
    const std::size_t index = size_index(bytes);
    if (!frames_are_pooled || index >= frame_sizes || free_frames.sizes[index].count >= kept_per_size) {
        ::operator delete(frame);
        return;
    }
    FreeLists::Size& size = free_frames.sizes[index];
    size.first = ::new (frame) FreeFrame{size.first};
    ++size.count;
}

}  // namespace cardea::net
