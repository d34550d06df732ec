/* SPDX-License-Identifier: BSD-2-Clause */
/* An allocator for C++ containers, C++11 and later, of a kind on memory of the program. */
#ifndef FIXED_ALLOCATOR_H
#define FIXED_ALLOCATOR_H

#include <memkind_cpp.h>

namespace libmemkind
{
namespace fixed
{
namespace internal
{

inline libmemkind::internal::shared_kind make(void *addr, std::size_t size)
{
	memkind_t kind = nullptr;
	const int err = memkind_create_fixed(addr, size, &kind);

	return libmemkind::internal::share(err, kind);
}

} // namespace internal

template <class T>
class allocator : public libmemkind::internal::kind_allocator<T, libmemkind::internal::shared_kind>
{
	using base = libmemkind::internal::kind_allocator<T, libmemkind::internal::shared_kind>;

public:
	template <class U> struct rebind {
		using other = allocator<U>;
	};

	/*
	 * Makes a kind as memkind_create_fixed() does; it is destroyed with the last copy of the
	 * allocator, and the memory is the program's again. std::invalid_argument:
	 * MEMKIND_ERROR_INVALID; std::runtime_error: another error; the text of both ends with the
	 * code.
	 */
	explicit allocator(void *addr, std::size_t size) : base(internal::make(addr, size))
	{
	}

	template <class U> allocator(const allocator<U> &other) noexcept : base(other)
	{
	}
};

} // namespace fixed
} // namespace libmemkind

#endif
