// SPDX-License-Identifier: BSD-2-Clause
// The allocators, in every standard from C++11 on. Argument: the filesystem (disk.h).
#include <fixed_allocator.h>
#include <hbw_allocator.h>
#include <memkind_allocator.h>
#include <pmem_allocator.h>

#include "../api/disk.h"
#include "cases.hpp"

namespace
{

template <class T> using static_allocator = libmemkind::static_kind::allocator<T>;
template <class T> using pmem_allocator = libmemkind::pmem::allocator<T>;
template <class T> using fixed_allocator = libmemkind::fixed::allocator<T>;

// The sizes are those of the old library.
static_assert(sizeof(static_allocator<int>) == sizeof(memkind_t), "");
static_assert(sizeof(pmem_allocator<int>) == sizeof(std::shared_ptr<int>), "");
static_assert(sizeof(fixed_allocator<int>) == sizeof(std::shared_ptr<int>), "");
static_assert(!std::is_default_constructible<static_allocator<int>>::value, "");
static_assert(!std::is_convertible<libmemkind::kinds, static_allocator<int>>::value, "");

void static_kinds()
{
	using libmemkind::kinds;
	const struct {
		kinds name;
		int number;
		memkind_t handle;
	} rows[] = {
		{kinds::DEFAULT, 0, MEMKIND_DEFAULT},
		{kinds::HUGETLB, 1, MEMKIND_HUGETLB},
		{kinds::INTERLEAVE, 2, MEMKIND_INTERLEAVE},
		{kinds::HBW, 3, MEMKIND_HBW},
		{kinds::HBW_ALL, 4, MEMKIND_HBW_ALL},
		{kinds::HBW_HUGETLB, 5, MEMKIND_HBW_HUGETLB},
		{kinds::HBW_ALL_HUGETLB, 6, MEMKIND_HBW_ALL_HUGETLB},
		{kinds::HBW_PREFERRED, 7, MEMKIND_HBW_PREFERRED},
		{kinds::HBW_PREFERRED_HUGETLB, 8, MEMKIND_HBW_PREFERRED_HUGETLB},
		{kinds::HBW_INTERLEAVE, 9, MEMKIND_HBW_INTERLEAVE},
		{kinds::REGULAR, 10, MEMKIND_REGULAR},
		{kinds::DAX_KMEM, 11, MEMKIND_DAX_KMEM},
		{kinds::DAX_KMEM_ALL, 12, MEMKIND_DAX_KMEM_ALL},
		{kinds::DAX_KMEM_PREFERRED, 13, MEMKIND_DAX_KMEM_PREFERRED},
		{kinds::DAX_KMEM_INTERLEAVE, 14, MEMKIND_DAX_KMEM_INTERLEAVE},
		{kinds::HIGHEST_CAPACITY, 15, MEMKIND_HIGHEST_CAPACITY},
		{kinds::HIGHEST_CAPACITY_PREFERRED, 16, MEMKIND_HIGHEST_CAPACITY_PREFERRED},
		{kinds::HIGHEST_CAPACITY_LOCAL, 17, MEMKIND_HIGHEST_CAPACITY_LOCAL},
		{kinds::HIGHEST_CAPACITY_LOCAL_PREFERRED, 18,
		 MEMKIND_HIGHEST_CAPACITY_LOCAL_PREFERRED},
		{kinds::LOWEST_LATENCY_LOCAL, 19, MEMKIND_LOWEST_LATENCY_LOCAL},
		{kinds::LOWEST_LATENCY_LOCAL_PREFERRED, 20, MEMKIND_LOWEST_LATENCY_LOCAL_PREFERRED},
		{kinds::HIGHEST_BANDWIDTH_LOCAL, 21, MEMKIND_HIGHEST_BANDWIDTH_LOCAL},
		{kinds::HIGHEST_BANDWIDTH_LOCAL_PREFERRED, 22,
		 MEMKIND_HIGHEST_BANDWIDTH_LOCAL_PREFERRED},
	};

	for (const auto &row : rows) {
		const static_allocator<int> allocator(row.name);

		CHECK(static_cast<int>(row.name) == row.number);
		for (const auto &other : rows)
			CHECK((allocator == static_allocator<char>(other.name)) ==
			      (row.name == other.name));
		if (memkind_check_available(row.handle) != 0) {
			CHECK(throws<std::bad_alloc>([&] { (void)allocator.allocate(1); }));
			continue;
		}
		const cases<static_allocator> tried(allocator);

		CHECK(tried.kind == row.handle);
		tried.run();
	}
	for (int none : {-1, 23})
		CHECK(throws<std::runtime_error>(
			[none] { static_allocator<int> unknown(static_cast<kinds>(none)); }));
}

static_assert(std::is_empty<hbw::allocator<int>>::value, "");
static_assert(std::is_convertible<hbw::allocator<char>, hbw::allocator<int>>::value, "");

// The kind is that of the policy, which is settled by the first allocation.
void high_bandwidth()
{
	const hbw::allocator<int> allocator;
	const cases<hbw::allocator> tried(allocator);
	int number = 7;

	CHECK(tried.kind == (hbw_check_available() == 0 ? MEMKIND_HBW_PREFERRED : MEMKIND_DEFAULT));
	tried.run();
	CHECK(allocator == hbw::allocator<double>() && !(allocator != hbw::allocator<int>()));
	CHECK(allocator.max_size() == SIZE_MAX / sizeof(int));
	CHECK(allocator.address(number) == &number);
	CHECK(allocator.address(static_cast<const int &>(number)) == &number);
	// What C++98 hands to allocate() and construct(), and containers made without an argument.
	int *block = allocator.allocate(1, &number);

	allocator.construct(block, number);
	CHECK(*block == 7);
	allocator.destroy(block);
	allocator.deallocate(block, 1);
	CHECK(std::vector<int, hbw::allocator<int>>(1000, 7)[999] == 7);
}

void kinds_on_areas()
{
	const std::size_t size = std::size_t(32) << 20;
	const std::unique_ptr<char[]> area(new char[size]);
	const auto make = [&] { return fixed_allocator<int>(area.get(), size); };

	{
		const fixed_allocator<int> allocator = make();
		const cases<fixed_allocator> tried(allocator);

		tried.run();
		CHECK(throws<std::invalid_argument>(make));
	}
	// The last copy gave the area back; this one, for another type, keeps it.
	const fixed_allocator<char> last(make());
	char *block = last.allocate(size / 2);

	CHECK(block >= area.get() && block < area.get() + size);
	CHECK(throws<std::bad_alloc>([&] { (void)last.allocate(size); }));
	CHECK(throws<std::invalid_argument>(make));
	CHECK(throws<std::invalid_argument>([] { fixed_allocator<int> none(nullptr, 4096); }));
}

void conservative_kinds_give_space_back_at_once()
{
	const pmem_allocator<char> allocator(disk.path, 0,
					     libmemkind::allocation_policy::CONSERVATIVE);
	const std::size_t size = std::size_t(12) << 20;
	char *block = allocator.allocate(size);
	const auto before = free_on_disk();

	allocator.deallocate(block, size);
	CHECK(!disk.is_small || free_on_disk() > before);
}

void kinds_on_files()
{
	using libmemkind::allocation_policy;
	const std::string path(disk.path);
	const std::size_t limit = std::size_t(32) << 20;

	for (allocation_policy policy :
	     {allocation_policy::DEFAULT, allocation_policy::CONSERVATIVE}) {
		const pmem_allocator<int> allocator(path, limit, policy), other(disk.path, limit);

		CHECK(allocator != other && allocator == pmem_allocator<char>(allocator));
		CHECK(throws<std::bad_alloc>([&] { (void)allocator.allocate(limit); }));
		cases<pmem_allocator>(allocator).run();
	}
	CHECK(for_each_descriptor(nullptr) == 0);
}

// The kind lives as long as a copy or a container of it, of whatever type; then its space is free.
void the_last_copy_destroys_the_kind()
{
	const auto free_before = free_on_disk();
	const std::size_t size = std::size_t(20) << 20;

	{
		std::vector<char, pmem_allocator<char>> bytes(pmem_allocator<int>(disk.path, 0));

		bytes.assign(size, 'x');
		CHECK(for_each_descriptor(nullptr) == 1 && kind_at(bytes.data()) != nullptr);
		CHECK(!disk.is_small || free_on_disk() <= free_before - static_cast<long>(size));
		std::thread([&] {
			const std::list<int, pmem_allocator<int>> copy(3, 7, bytes.get_allocator());

			CHECK(bytes.get_allocator() == copy.get_allocator());
		}).join();
		CHECK(for_each_descriptor(nullptr) == 1 && bytes[size - 1] == 'x');
	}
	CHECK(for_each_descriptor(nullptr) == 0);
	CHECK(!disk.is_small || free_on_disk() >= free_before - (1 << 20));
}

// The text ends with the code.
template <class Error> bool refuses(const char *dir, std::size_t size, int policy, const char *code)
{
	try {
		const pmem_allocator<int> none(dir, size,
					       static_cast<libmemkind::allocation_policy>(policy));
	} catch (const Error &error) {
		const std::string text(error.what());

		return text.size() > 3 && text.substr(text.size() - 3) == code;
	}
	return false;
}

void bad_arguments_throw()
{
	CHECK(refuses<std::invalid_argument>("/no/such/folder", 0, 0, "-13"));
	CHECK(refuses<std::invalid_argument>(nullptr, 0, 0, "-13"));
	CHECK(refuses<std::invalid_argument>(disk.path, 1, 0, "-13"));
	CHECK(refuses<std::invalid_argument>(disk.path, 0, MEMKIND_MEM_USAGE_POLICY_MAX_VALUE,
					     "-13"));
}

// As many kinds as there can be: another error than a bad argument.
void too_many_kinds_throw()
{
	std::vector<pmem_allocator<int>> all;

	while (!refuses<std::runtime_error>(disk.path, 0, 0, "-15"))
		all.emplace_back(disk.path, std::size_t(0));
	CHECK(all.size() > 400 && all.size() <= MEMKIND_MAX_KIND);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	start_disk(argv[1]);
	static_kinds();
	high_bandwidth();
	kinds_on_areas();
	kinds_on_files();
	conservative_kinds_give_space_back_at_once();
	the_last_copy_destroys_the_kind();
	bad_arguments_throw();
	too_many_kinds_throw();
	return 0;
}
