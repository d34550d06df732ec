/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that allocates for others with C++'s operators, and brings the C++ library along. */
#include <cstddef>
#include <new>

namespace
{
constexpr std::align_val_t alignment{64};

template <class Function> void *result_of(Function function)
{
	try {
		void *block = function();

		/* So that it does not end in a jump, which would hide this library. */
		__asm__ volatile("" : : : "memory");
		return block;
	} catch (const std::bad_alloc &) {
		return nullptr;
	}
}
} // namespace

extern "C" {
void *plugin_new(std::size_t size)
{
	return result_of([=] { return ::operator new(size); });
}

void *plugin_new_array(std::size_t size)
{
	return result_of([=] { return ::operator new[](size); });
}

void *plugin_new_nothrow(std::size_t size)
{
	return result_of([=] { return ::operator new(size, std::nothrow); });
}

void *plugin_new_array_nothrow(std::size_t size)
{
	return result_of([=] { return ::operator new[](size, std::nothrow); });
}

void *plugin_new_aligned(std::size_t size)
{
	return result_of([=] { return ::operator new(size, alignment); });
}

void *plugin_new_array_aligned(std::size_t size)
{
	return result_of([=] { return ::operator new[](size, alignment); });
}

void *plugin_new_aligned_nothrow(std::size_t size)
{
	return result_of([=] { return ::operator new(size, alignment, std::nothrow); });
}

void *plugin_new_array_aligned_nothrow(std::size_t size)
{
	return result_of([=] { return ::operator new[](size, alignment, std::nothrow); });
}
}
