// SPDX-License-Identifier: BSD-2-Clause
// What holds for an allocator of any sort, with the containers of the standard library.
#ifndef TESTS_CPP_CASES_HPP
#define TESTS_CPP_CASES_HPP

#include <memkind_cpp.h>

#include "check.hpp"

#include <list>
#include <map>
#include <scoped_allocator>
#include <thread>
#include <unordered_map>
#include <vector>

// Far more than memkind_malloc() promises, and than large blocks have by themselves.
struct alignas(65536) wide {
	char bytes[65536];
};

inline memkind_t kind_at(const void *place)
{
	return memkind_detect_kind(const_cast<void *>(place));
}

template <template <class> class Allocator> struct cases {
	template <class T> using vector = std::vector<T, Allocator<T>>;
	using string = std::basic_string<char, std::char_traits<char>, Allocator<char>>;

	const Allocator<int> &allocator;
	const memkind_t kind;

	explicit cases(const Allocator<int> &tried) : allocator(tried), kind(kind_of(tried))
	{
	}

	static memkind_t kind_of(const Allocator<int> &tried)
	{
		int *block = tried.allocate(1);
		const memkind_t kind = kind_at(block);

		tried.deallocate(block, 1);
		return kind;
	}

	void blocks_are_of_the_kind() const
	{
		const Allocator<wide> wide_allocator(allocator);
		int *ints = allocator.allocate(1000);
		wide *wides[10];

		CHECK(kind != nullptr && kind_at(ints) == kind);
		CHECK(memkind_malloc_usable_size(nullptr, ints) >= 1000 * sizeof(int));
		for (wide *&block : wides) {
			block = wide_allocator.allocate(3);
			CHECK(kind_at(block) == kind);
			CHECK(reinterpret_cast<std::uintptr_t>(block) % alignof(wide) == 0);
		}
		for (wide *block : wides)
			wide_allocator.deallocate(block, 3);
		allocator.deallocate(ints, 1000);
	}

	// More in turn than some of the kinds hold at once.
	void blocks_are_freed() const
	{
		const std::size_t count = std::size_t(1) << 20;

		for (int i = 0; i < 30; i++)
			allocator.deallocate(allocator.allocate(count), count);
	}

	void sizes_are_checked() const
	{
		// The product of one more would be 4.
		const std::size_t limit = SIZE_MAX / sizeof(int);
		const Allocator<wide> wide_allocator(allocator);

		CHECK(throws<std::bad_alloc>([&] { (void)allocator.allocate(0); }));
		CHECK(throws<std::bad_alloc>([&] { (void)wide_allocator.allocate(0); }));
		CHECK(throws<std::bad_alloc>([&] { (void)allocator.allocate(limit); }));
		CHECK(throws<std::bad_alloc>(
			[&] { (void)wide_allocator.allocate(SIZE_MAX / sizeof(wide)); }));
		for (std::size_t count : {limit + 1, limit + 2, SIZE_MAX})
			CHECK(throws<std::bad_array_new_length>(
				[&] { (void)allocator.allocate(count); }));
	}

	void copies_are_equal_and_of_the_kind() const
	{
		using traits = std::allocator_traits<Allocator<int>>;
		using other = typename Allocator<int>::template rebind<double>::other;
		Allocator<int> copy(allocator);
		Allocator<int> moved(std::move(copy));
		Allocator<double> converted = moved;
		double *block = converted.allocate(1);

		static_assert(std::is_same<other, Allocator<double>>::value, "");
		static_assert(std::is_same<typename traits::template rebind_alloc<double>,
					   Allocator<double>>::value,
			      "");
		// What was moved from can be used as before: containers rely on it.
		CHECK(copy == allocator && moved == allocator && converted == copy);
		CHECK(!(copy != allocator) && !(moved != converted));
		copy = std::move(moved);
		converted = moved;
		CHECK(converted == copy && moved == allocator && kind_at(block) == kind);
		converted.construct(block, 2.5);
		CHECK(*block == 2.5);
		converted.destroy(block);
		converted.deallocate(block, 1);
	}

	void containers_use_the_kind() const
	{
		vector<int> numbers(allocator);
		std::list<int, Allocator<int>> list(allocator);
		string text("longer than what a string holds in itself", allocator);

		for (int i = 0; i < 10000; i++)
			numbers.push_back(i);
		list.assign(numbers.begin(), numbers.end());
		for (int i = 0; i < 100; i++)
			text.append(text, 0, 41);
		vector<int> moved(std::move(numbers));
		numbers.assign(3, 7);
		numbers.swap(moved);
		CHECK(numbers[9999] == 9999 && moved[2] == 7 && list.back() == 9999);
		CHECK(text.size() == 4141 && text.compare(4100, 41, text, 0, 41) == 0);
		CHECK(kind_at(numbers.data()) == kind && kind_at(moved.data()) == kind);
		CHECK(kind_at(&list.front()) == kind && kind_at(text.data()) == kind);
	}

	void maps_use_the_kind() const
	{
		using item = std::pair<const int, int>;
		std::map<int, int, std::less<int>, Allocator<item>> sorted(std::less<int>(),
									   allocator);
		std::unordered_map<int, int, std::hash<int>, std::equal_to<int>, Allocator<item>>
			hashed(16, std::hash<int>(), std::equal_to<int>(), allocator);

		for (int i = 0; i < 1000; i++)
			sorted[i] = hashed[i] = 2 * i;
		for (int i = 0; i < 1000; i += 2)
			CHECK(sorted.erase(i) == 1 && hashed.erase(i) == 1);
		CHECK(sorted.size() == 500 && sorted[501] == 1002 && hashed.at(999) == 1998);
		CHECK(kind_at(&sorted[501]) == kind && kind_at(&hashed.at(999)) == kind);
	}

	void scopes_hand_the_allocator_on() const
	{
		using outer = std::scoped_allocator_adaptor<Allocator<string>>;
		std::vector<string, outer> texts{outer(Allocator<string>(allocator))};

		for (int i = 0; i < 100; i++)
			texts.emplace_back("longer than what a string holds in itself");
		CHECK(texts.back().size() == 41 && texts[99].get_allocator() == allocator);
		CHECK(kind_at(&texts[0]) == kind && kind_at(texts[50].data()) == kind);
	}

	void threads_share_the_kind() const
	{
		std::vector<std::thread> threads;
		std::vector<vector<int>> results(8, vector<int>(allocator));

		for (vector<int> &result : results)
			threads.emplace_back([this, &result] {
				for (int i = 0; i < 2000; i++) {
					const Allocator<char> copy(allocator);
					string text(100, 'x', copy);

					result.push_back(text[99] == 'x' ? i : -1);
				}
			});
		for (std::thread &thread : threads)
			thread.join();
		for (const vector<int> &result : results)
			for (int i = 0; i < 2000; i++)
				CHECK(result[static_cast<std::size_t>(i)] == i);
	}

	void run() const
	{
		blocks_are_of_the_kind();
		blocks_are_freed();
		sizes_are_checked();
		copies_are_equal_and_of_the_kind();
		containers_use_the_kind();
		maps_use_the_kind();
		scopes_hand_the_allocator_on();
		threads_share_the_kind();
	}
};

#endif
