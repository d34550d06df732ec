/* SPDX-License-Identifier: BSD-2-Clause */
/* An allocator for C++ containers, C++11 and later, of memory of high bandwidth (hbwmalloc.h). */
#ifndef HBW_ALLOCATOR_H
#define HBW_ALLOCATOR_H

#include <hbwmalloc.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace hbw
{

/* All allocators are equal. Any thread may call any function at any time. */
template <class T> class allocator
{
public:
	using value_type = T;
	using pointer = T *;
	using const_pointer = const T *;
	using reference = T &;
	using const_reference = const T &;
	using size_type = std::size_t;
	using difference_type = std::ptrdiff_t;

	template <class U> struct rebind {
		using other = allocator<U>;
	};

	allocator() = default;

	template <class U> allocator(const allocator<U> &) noexcept
	{
	}

	pointer address(reference object) const noexcept
	{
		return std::addressof(object);
	}

	const_pointer address(const_reference object) const noexcept
	{
		return std::addressof(object);
	}

	size_type max_size() const noexcept
	{
		return SIZE_MAX / sizeof(T);
	}

	/*
	 * COUNT objects, aligned as T demands, not constructed. std::bad_alloc: COUNT is 0, or as
	 * hbw_malloc(); std::bad_array_new_length: COUNT is above max_size().
	 */
	pointer allocate(size_type count, const void * = nullptr) const
	{
		void *block = nullptr;

		if (count > max_size())
			throw std::bad_array_new_length();
		if (alignof(T) <= alignof(std::max_align_t))
			block = hbw_malloc(count * sizeof(T));
		else if (hbw_posix_memalign(&block, alignof(T), count * sizeof(T)) != 0)
			block = nullptr;
		if (block == nullptr)
			throw std::bad_alloc();
		return static_cast<pointer>(block);
	}

	void deallocate(pointer block, size_type) const noexcept
	{
		hbw_free(block);
	}

	template <class U, class... Args> void construct(U *place, Args &&...args) const
	{
		::new (static_cast<void *>(place)) U(std::forward<Args>(args)...);
	}

	template <class U> void destroy(U *object) const
	{
		object->~U();
	}
};

template <class A, class B> bool operator==(const allocator<A> &, const allocator<B> &) noexcept
{
	return true;
}

template <class A, class B> bool operator!=(const allocator<A> &, const allocator<B> &) noexcept
{
	return false;
}

} // namespace hbw

#endif
