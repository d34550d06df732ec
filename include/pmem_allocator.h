/* SPDX-License-Identifier: BSD-2-Clause */
/* An allocator for C++ containers, C++11 and later, of a kind on a file. */
#ifndef PMEM_ALLOCATOR_H
#define PMEM_ALLOCATOR_H

#include <memkind_cpp.h>

namespace libmemkind
{

/* What becomes of freed memory: see memkind_mem_usage_policy. */
enum class allocation_policy {
	DEFAULT = MEMKIND_MEM_USAGE_POLICY_DEFAULT,
	CONSERVATIVE = MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE,
	MAX = MEMKIND_MEM_USAGE_POLICY_MAX_VALUE
};

namespace pmem
{
namespace internal
{

inline libmemkind::internal::shared_kind make(const char *dir, std::size_t max_size,
					      allocation_policy policy)
{
	memkind_t kind = nullptr;
	struct memkind_config *config = memkind_config_new();
	int err;

	if (config == nullptr)
		return libmemkind::internal::share(MEMKIND_ERROR_MALLOC, kind);
	memkind_config_set_path(config, dir);
	memkind_config_set_size(config, max_size);
	memkind_config_set_memory_usage_policy(config,
					       static_cast<memkind_mem_usage_policy>(policy));
	err = memkind_create_pmem_with_config(config, &kind);
	memkind_config_delete(config);
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
	 * Makes a kind as memkind_create_pmem_with_config() does; it is destroyed with the last
	 * copy of the allocator. std::invalid_argument: MEMKIND_ERROR_INVALID;
	 * std::runtime_error: another error; the text of both ends with the code.
	 */
	explicit allocator(const char *dir, std::size_t max_size,
			   allocation_policy policy = allocation_policy::DEFAULT)
	    : base(internal::make(dir, max_size, policy))
	{
	}

	explicit allocator(const std::string &dir, std::size_t max_size,
			   allocation_policy policy = allocation_policy::DEFAULT)
	    : allocator(dir.c_str(), max_size, policy)
	{
	}

	template <class U> allocator(const allocator<U> &other) noexcept : base(other)
	{
	}
};

} // namespace pmem
} // namespace libmemkind

#endif
