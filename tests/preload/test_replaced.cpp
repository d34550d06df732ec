/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program may replace some of C++'s operators, and the others have to call those, as the standard
 * says: blocks of this one have a head, which each delete must find.
 */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "../cpp/check.hpp"

namespace
{
struct alignas(16) Head {
	std::uint64_t mark;
};
constexpr std::uint64_t live = 0x11ce11ce;

volatile std::size_t too_much = SIZE_MAX / 2;
void *volatile sink;
int live_count;

struct Plain {
	char bytes[100];
	~Plain()
	{
	}
};

/* The block is of SPACE bytes more, and its head right in front of what the caller gets. */
void *take(std::size_t size, std::size_t space)
{
	void *start = std::aligned_alloc(space, space + size);

	if (start == nullptr)
		throw std::bad_alloc();
	void *block = static_cast<char *>(start) + space;

	(static_cast<Head *>(block) - 1)->mark = live;
	live_count++;
	return block;
}

void give(void *block, std::size_t space)
{
	Head *head = static_cast<Head *>(block) - 1;

	if (block == nullptr)
		return;
	CHECK(head->mark == live);
	head->mark = 0;
	live_count--;
	std::free(static_cast<char *>(block) - space);
}

/* A new and a delete that the compiler sees both of, it may leave out. */
template <class T> T *used(T *block)
{
	sink = block;
	return static_cast<T *>(sink);
}

std::size_t as_size(std::align_val_t alignment)
{
	return static_cast<std::size_t>(alignment);
}
} // namespace

void *operator new(std::size_t size)
{
	return take(size, sizeof(Head));
}

void operator delete(void *block) noexcept
{
	give(block, sizeof(Head));
}

void *operator new(std::size_t size, std::align_val_t alignment)
{
	return take(size, as_size(alignment));
}

void operator delete(void *block, std::align_val_t alignment) noexcept
{
	give(block, as_size(alignment));
}

namespace
{
void plain()
{
	int before = live_count;
	Plain *block = used(new Plain);
	Plain *array = used(new Plain[10]);
	Plain *nothrow = used(new (std::nothrow) Plain);
	Plain *nothrow_array = used(new (std::nothrow) Plain[10]);

	CHECK(live_count == before + 4);
	CHECK(::operator new(too_much, std::nothrow) == nullptr);
	CHECK(::operator new[](too_much, std::nothrow) == nullptr);
	::operator delete(block, sizeof(Plain));
	delete[] array;
	::operator delete(nothrow, std::nothrow);
	delete[] nothrow_array;
	::operator delete[](::operator new[](10), std::size_t(10));
	::operator delete[](::operator new[](10), std::nothrow);
	CHECK(live_count == before);
}

void aligned()
{
	const std::align_val_t alignment{256};
	int before = live_count;
	void *block = used(::operator new(100, alignment));
	void *array = used(::operator new[](100, alignment));
	void *nothrow = used(::operator new(100, alignment, std::nothrow));
	void *nothrow_array = used(::operator new[](100, alignment, std::nothrow));

	CHECK(live_count == before + 4);
	CHECK(::operator new(too_much, alignment, std::nothrow) == nullptr);
	::operator delete(block, 100, alignment);
	::operator delete[](array, 100, alignment);
	::operator delete(nothrow, alignment, std::nothrow);
	::operator delete[](nothrow_array, alignment, std::nothrow);
	::operator delete[](::operator new[](10, alignment), alignment);
	CHECK(live_count == before);
}
} // namespace

int main()
{
	plain();
	aligned();
	return 0;
}
