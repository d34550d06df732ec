/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operator new and delete of every form, under each of the libraries that are loaded before a
 * program; and allocations of static initialisers and of destructors of static and thread objects.
 */
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <memkind.h>

#include "../cpp/check.hpp"

namespace
{
/* The compiler is not to know what is too much, nor that a block is not used. */
volatile std::size_t too_much = SIZE_MAX / 2;
void *volatile sink;

struct Plain {
	char bytes[100];
};

struct alignas(256) Aligned {
	char bytes[300];
};

void *check(void *block, std::size_t alignment = alignof(std::max_align_t))
{
	CHECK(block != nullptr);
	CHECK(memkind_detect_kind(block) != nullptr);
	CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
	sink = block;
	return block;
}

template <class T> T *check(T *block)
{
	check(static_cast<void *>(block), alignof(T));
	return block;
}

void every_form()
{
	const std::align_val_t alignment{1024};

	delete check(new Plain);
	delete[] check(new Plain[10]);
	delete check(new (std::nothrow) Plain);
	delete[] check(new (std::nothrow) Plain[10]);
	delete check(new Aligned);
	delete[] check(new Aligned[10]);
	delete check(new (std::nothrow) Aligned);
	delete[] check(new (std::nothrow) Aligned[10]);

	::operator delete(check(::operator new(0), 1));
	::operator delete(check(::operator new(100)), std::size_t(100));
	::operator delete(check(::operator new(100)), std::nothrow);
	::operator delete[](check(::operator new[](100)), std::size_t(100));
	::operator delete[](check(::operator new[](100)), std::nothrow);
	::operator delete(check(::operator new(100, alignment), 1024), alignment);
	::operator delete(check(::operator new(100, alignment), 1024), 100, alignment);
	::operator delete(check(::operator new(100, alignment), 1024), alignment, std::nothrow);
	::operator delete[](check(::operator new[](100, alignment), 1024), alignment);
	::operator delete[](check(::operator new[](100, alignment), 1024), 100, alignment);
	::operator delete[](check(::operator new[](100, alignment), 1024), alignment, std::nothrow);
	::operator delete(nullptr);
}

template <class Function> bool throws_bad_alloc(Function function)
{
	try {
		sink = function();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

void without_memory()
{
	const std::align_val_t alignment{1024};

	CHECK(throws_bad_alloc([] { return ::operator new(too_much); }));
	CHECK(throws_bad_alloc([] { return ::operator new[](too_much); }));
	CHECK(throws_bad_alloc([=] { return ::operator new(too_much, alignment); }));
	CHECK(throws_bad_alloc([=] { return ::operator new[](too_much, alignment); }));
	CHECK(::operator new(too_much, std::nothrow) == nullptr);
	CHECK(::operator new[](too_much, std::nothrow) == nullptr);
	CHECK(::operator new(too_much, alignment, std::nothrow) == nullptr);
	CHECK(::operator new[](too_much, alignment, std::nothrow) == nullptr);
}

int handled_count;

void give_up_after_three()
{
	if (++handled_count == 3)
		std::set_new_handler(nullptr);
}

void throw_at_once()
{
	handled_count++;
	throw std::bad_alloc();
}

void new_handler_is_called()
{
	std::set_new_handler(give_up_after_three);
	CHECK(throws_bad_alloc([] { return ::operator new(too_much); }));
	CHECK(handled_count == 3);

	handled_count = 0;
	std::set_new_handler(give_up_after_three);
	CHECK(::operator new(too_much, std::nothrow) == nullptr);
	CHECK(handled_count == 3);

	handled_count = 0;
	std::set_new_handler(throw_at_once);
	CHECK(throws_bad_alloc([] { return ::operator new[](too_much); }));
	CHECK(::operator new[](too_much, std::align_val_t{64}, std::nothrow) == nullptr);
	CHECK(handled_count == 2);
	std::set_new_handler(nullptr);
}

using Words = std::map<std::string, std::vector<std::string>>;

struct Holder {
	Words words;

	Holder()
	{
		for (std::size_t i = 0; i < 100; i++)
			words[std::to_string(i)].assign(i, std::string(i, 'x'));
	}
	~Holder()
	{
		CHECK(words["99"].at(98) == std::string(99, 'x'));
		words["late"].assign(1000, "later than main");
		CHECK(memkind_detect_kind(words["late"].data()) != nullptr);
	}
};

Holder holder;
thread_local Holder thread_holder;

void threads_have_objects()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([] { thread_holder.words["here"].assign(10, "there"); });
	for (std::thread &thread : threads)
		thread.join();
}
} // namespace

int main()
{
	CHECK(memkind_detect_kind(holder.words["99"].data()) != nullptr);
	every_form();
	without_memory();
	new_handler_is_called();
	threads_have_objects();
	return 0;
}
