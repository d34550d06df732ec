/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds for the containers of std::pmr, C++17 and later. Since 1.15.0. */
#ifndef MEMKIND_NG_HPP
#define MEMKIND_NG_HPP

#include <memkind_cpp.h>
#include <memkind_ng.h>

#include <memory_resource>

namespace memkind_ng
{

/*
 * Memory of a kind of any sort. The kind stays the program's, which destroys it, if ever, when the
 * resource and all blocks of it are no longer used. Resources of one kind are equal.
 * allocate(): std::bad_alloc as memkind_malloc(), but 0 bytes are a block, too.
 * Any thread may call any function at any time.
 */
class memory_resource final : public std::pmr::memory_resource
{
public:
	explicit memory_resource(memkind_t kind) noexcept : handle(kind)
	{
	}

	memkind_t kind() const noexcept
	{
		return handle;
	}

private:
	void *do_allocate(std::size_t size, std::size_t alignment) override
	{
		return libmemkind::internal::allocate(handle, size + (size == 0), alignment);
	}

	void do_deallocate(void *block, std::size_t, std::size_t) override
	{
		memkind_free(handle, block);
	}

	bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
	{
		const auto *same = dynamic_cast<const memory_resource *>(&other);

		return same != nullptr && same->handle == handle;
	}

	memkind_t handle;
};

} // namespace memkind_ng

#endif
