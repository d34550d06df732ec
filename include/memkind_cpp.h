/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the C++ headers have in common, C++11 and later. Include the one of the allocator that you
 * need: memkind_allocator.h, pmem_allocator.h or fixed_allocator.h. Since 1.15.0.
 */
#ifndef MEMKIND_CPP_H
#define MEMKIND_CPP_H

#include <memkind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace libmemkind
{
namespace internal
{

/* SIZE bytes at a multiple of ALIGNMENT, a power of two. std::bad_alloc: as memkind_malloc(). */
inline void *allocate(memkind_t kind, std::size_t size, std::size_t alignment)
{
	void *block = nullptr;

	if (alignment <= alignof(std::max_align_t))
		block = memkind_malloc(kind, size);
	else if (memkind_posix_memalign(kind, &block, alignment, size) != 0)
		block = nullptr;
	if (block == nullptr)
		throw std::bad_alloc();
	return block;
}

/* A kind that its allocators share: it is destroyed with the last of them. */
using shared_kind = std::shared_ptr<struct memkind>;

/* Of a kind that memkind_create_...() made with the result ERR. */
inline shared_kind share(int err, memkind_t kind)
{
	const std::string code = std::to_string(err);

	if (err == MEMKIND_ERROR_INVALID)
		throw std::invalid_argument("No kind was made, an argument is not allowed: " +
					    code);
	if (err != MEMKIND_SUCCESS)
		throw std::runtime_error("No kind was made: " + code);
	return shared_kind(kind, memkind_destroy_kind);
}

inline memkind_t kind_of(memkind_t kind) noexcept
{
	return kind;
}

inline memkind_t kind_of(const shared_kind &kind) noexcept
{
	return kind.get();
}

/*
 * An allocator of the kind that HANDLE holds, a memkind_t or a shared_kind. Copies, those for other
 * types too, are of the same kind; such allocators are equal. Moving is copying: both can be used.
 * Any thread may call any function at any time.
 */
template <class T, class Handle> class kind_allocator
{
public:
	using value_type = T;
	using pointer = T *;
	using const_pointer = const T *;
	using reference = T &;
	using const_reference = const T &;
	using size_type = std::size_t;
	using difference_type = std::ptrdiff_t;

	kind_allocator(const kind_allocator &) = default;
	kind_allocator &operator=(const kind_allocator &) = default;
	~kind_allocator() = default;

	/*
	 * COUNT objects, aligned as T demands, not constructed. std::bad_alloc: COUNT is 0, or as
	 * memkind_malloc(); std::bad_array_new_length: no size_t can hold their bytes.
	 */
	T *allocate(std::size_t count) const
	{
		if (count > SIZE_MAX / sizeof(T))
			throw std::bad_array_new_length();
		return static_cast<T *>(internal::allocate(internal::kind_of(handle),
							   count * sizeof(T), alignof(T)));
	}

	void deallocate(T *block, std::size_t) const noexcept
	{
		memkind_free(internal::kind_of(handle), block);
	}

	template <class U, class... Args> void construct(U *place, Args &&...args) const
	{
		::new (static_cast<void *>(place)) U(std::forward<Args>(args)...);
	}

	template <class U> void destroy(U *object) const
	{
		object->~U();
	}

protected:
	explicit kind_allocator(const Handle &kind) : handle(kind)
	{
	}

	template <class U>
	kind_allocator(const kind_allocator<U, Handle> &other) noexcept : handle(other.handle)
	{
	}

private:
	template <class, class> friend class kind_allocator;
	template <class A, class B, class H>
	friend bool operator==(const kind_allocator<A, H> &, const kind_allocator<B, H> &) noexcept;

	Handle handle;
};

template <class A, class B, class Handle>
bool operator==(const kind_allocator<A, Handle> &one,
		const kind_allocator<B, Handle> &other) noexcept
{
	return one.handle == other.handle;
}

template <class A, class B, class Handle>
bool operator!=(const kind_allocator<A, Handle> &one,
		const kind_allocator<B, Handle> &other) noexcept
{
	return !(one == other);
}

} // namespace internal
} // namespace libmemkind

#endif
