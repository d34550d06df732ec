// SPDX-License-Identifier: BSD-2-Clause
// Kinds under the containers of std::pmr, in every standard from C++17 on.
#include <memkind_ng.hpp>

#include "check.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

using memkind_ng::memory_resource;

memkind_t kind_at(const void *place)
{
	return memkind_detect_kind(const_cast<void *>(place));
}

void blocks_are_aligned(memory_resource &resource)
{
	for (std::size_t alignment = 1; alignment <= 4 << 20; alignment *= 2)
		for (std::size_t size : {std::size_t(1), std::size_t(100), std::size_t(70000)}) {
			void *block = resource.allocate(size, alignment);

			CHECK(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
			CHECK(memkind_malloc_usable_size(nullptr, block) >= size);
			CHECK(kind_at(block) == resource.kind());
			resource.deallocate(block, size, alignment);
		}
}

void sizes_are_checked(memory_resource &resource)
{
	void *one = resource.allocate(0), *other = resource.allocate(0, 64);

	CHECK(one != nullptr && other != nullptr && one != other);
	resource.deallocate(one, 0);
	resource.deallocate(other, 0, 64);
	for (std::size_t size : {SIZE_MAX, SIZE_MAX / 2})
		for (std::size_t alignment : {8u, 4096u})
			CHECK(throws<std::bad_alloc>(
				[&] { (void)resource.allocate(size, alignment); }));
	CHECK(throws<std::bad_alloc>([&] { std::pmr::vector<char>(PTRDIFF_MAX, 'x', &resource); }));
}

// More in turn than some of the kinds hold at once.
void blocks_are_freed(memory_resource &resource)
{
	const std::size_t size = std::size_t(4) << 20;

	for (int i = 0; i < 30; i++)
		resource.deallocate(resource.allocate(size), size);
}

void resources_of_one_kind_are_equal(memory_resource &resource)
{
	const memory_resource same(resource.kind()), other(nullptr);

	CHECK(resource == same && resource.is_equal(same) && resource != other);
	CHECK(resource != *std::pmr::new_delete_resource());
	CHECK(*std::pmr::new_delete_resource() != resource);
}

void containers_use_the_kind(memory_resource &resource)
{
	std::pmr::vector<std::pmr::string> texts(&resource);
	std::pmr::map<int, std::pmr::vector<int>> sorted(&resource);
	std::pmr::unordered_map<int, int> hashed(&resource);
	std::pmr::unsynchronized_pool_resource pool(&resource);
	std::pmr::vector<int> pooled(1000, 7, &pool);

	for (int i = 0; i < 1000; i++) {
		texts.emplace_back("longer than what a string holds in itself");
		sorted[i].assign(10, hashed[i] = i);
	}
	CHECK(texts[999].size() == 41 && sorted[500][9] == 500 && hashed[999] == 999);
	CHECK(kind_at(texts.data()) == resource.kind());
	CHECK(kind_at(texts[999].data()) == resource.kind());
	CHECK(kind_at(sorted[999].data()) == resource.kind());
	CHECK(kind_at(&hashed[999]) == resource.kind());
	CHECK(kind_at(pooled.data()) == resource.kind());
}

void check(memkind_t kind)
{
	memory_resource resource(kind);

	CHECK(resource.kind() == kind);
	blocks_are_aligned(resource);
	blocks_are_freed(resource);
	sizes_are_checked(resource);
	resources_of_one_kind_are_equal(resource);
	containers_use_the_kind(resource);
}

void kinds_of_the_program()
{
	const std::size_t size = std::size_t(32) << 20;
	const std::unique_ptr<char[]> area(new char[size]);
	memkind_t on_file, on_area;

	CHECK(memkind_create_pmem(".", size, &on_file) == 0);
	CHECK(memkind_create_fixed(area.get(), size, &on_area) == 0);
	CHECK(memory_resource(on_file) != memory_resource(on_area));
	check(on_file);
	check(on_area);
	CHECK(memkind_destroy_kind(on_file) == 0 && memkind_destroy_kind(on_area) == 0);
}

} // namespace

int main()
{
	for (memkind_t kind :
	     {MEMKIND_DEFAULT, MEMKIND_REGULAR, MEMKIND_INTERLEAVE, MEMKIND_DAX_KMEM,
	      MEMKIND_DAX_KMEM_ALL, MEMKIND_DAX_KMEM_PREFERRED, MEMKIND_DAX_KMEM_INTERLEAVE})
		check(kind);
	kinds_of_the_program();
	// Without a kind, or memory of it, nothing is handed out.
	CHECK(throws<std::bad_alloc>([] { (void)memory_resource(nullptr).allocate(1); }));
	return 0;
}
