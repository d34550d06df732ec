/* SPDX-License-Identifier: BSD-2-Clause */
/* An allocator for C++ containers, C++11 and later, of the kinds that are always there. */
#ifndef MEMKIND_ALLOCATOR_H
#define MEMKIND_ALLOCATOR_H

#include <memkind_cpp.h>

namespace libmemkind
{

/* The handles of memkind.h. */
enum class kinds {
	DEFAULT = 0,
	INTERLEAVE = 2,
	REGULAR = 10,
	DAX_KMEM = 11,
	DAX_KMEM_ALL = 12,
	DAX_KMEM_PREFERRED = 13,
	DAX_KMEM_INTERLEAVE = 14
};

namespace static_kind
{
namespace internal
{

inline memkind_t handle_of(kinds kind)
{
	switch (kind) {
	case kinds::DEFAULT:
		return MEMKIND_DEFAULT;
	case kinds::INTERLEAVE:
		return MEMKIND_INTERLEAVE;
	case kinds::REGULAR:
		return MEMKIND_REGULAR;
	case kinds::DAX_KMEM:
		return MEMKIND_DAX_KMEM;
	case kinds::DAX_KMEM_ALL:
		return MEMKIND_DAX_KMEM_ALL;
	case kinds::DAX_KMEM_PREFERRED:
		return MEMKIND_DAX_KMEM_PREFERRED;
	case kinds::DAX_KMEM_INTERLEAVE:
		return MEMKIND_DAX_KMEM_INTERLEAVE;
	}
	throw std::runtime_error("Unknown libmemkind::kinds");
}

} // namespace internal

template <class T> class allocator : public libmemkind::internal::kind_allocator<T, memkind_t>
{
	using base = libmemkind::internal::kind_allocator<T, memkind_t>;

public:
	template <class U> struct rebind {
		using other = allocator<U>;
	};

	/* std::runtime_error: KIND is none of the above. */
	explicit allocator(kinds kind) : base(internal::handle_of(kind))
	{
	}

	template <class U> allocator(const allocator<U> &other) noexcept : base(other)
	{
	}
};

} // namespace static_kind
} // namespace libmemkind

#endif
