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
int live_count;

struct Plain {
	char bytes[100];
	~Plain()
	{
	}
};

void *take(std::size_t size)
{
	Head *head = static_cast<Head *>(std::malloc(sizeof(Head) + size));

	if (head == nullptr)
		throw std::bad_alloc();
	head->mark = live;
	live_count++;
	return head + 1;
}

void give(void *block)
{
	Head *head = static_cast<Head *>(block) - 1;

	if (block == nullptr)
		return;
	CHECK(head->mark == live);
	head->mark = 0;
	live_count--;
	std::free(head);
}
} // namespace

void *operator new(std::size_t size)
{
	return take(size);
}

void operator delete(void *block) noexcept
{
	give(block);
}

int main()
{
	int before = live_count;
	Plain *plain = new Plain;
	Plain *array = new Plain[10];
	Plain *nothrow = new (std::nothrow) Plain;
	Plain *nothrow_array = new (std::nothrow) Plain[10];

	CHECK(live_count == before + 4);
	CHECK(::operator new(too_much, std::nothrow) == nullptr);
	CHECK(::operator new[](too_much, std::nothrow) == nullptr);
	::operator delete(plain, sizeof(Plain));
	delete[] array;
	::operator delete(nothrow, std::nothrow);
	delete[] nothrow_array;
	::operator delete[](::operator new[](10), std::size_t(10));
	::operator delete[](::operator new[](10), std::nothrow);
	CHECK(live_count == before);
	return 0;
}
