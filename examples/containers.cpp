// SPDX-License-Identifier: BSD-2-Clause
/*
 * Containers of the standard library on far memory, and in a file:
 *
 *	c++ containers.cpp $(pkg-config --cflags --libs memkind)
 */
#include <memkind_allocator.h>
#include <pmem_allocator.h>

#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <scoped_allocator>
#include <string>
#include <vector>

using libmemkind::static_kind::allocator;

// The strings in the map are of the map's memory, too.
using text = std::basic_string<char, std::char_traits<char>, allocator<char>>;
using entry = std::pair<const int, text>;
using dictionary =
	std::map<int, text, std::less<int>, std::scoped_allocator_adaptor<allocator<entry>>>;

int main(int argc, char **argv)
{
	const bool has_far = memkind_check_available(MEMKIND_DAX_KMEM) == 0;
	const allocator<entry> far(has_far ? libmemkind::kinds::DAX_KMEM
					   : libmemkind::kinds::REGULAR);
	dictionary words(far);
	long sum = 0;

	for (int i = 0; i < 1000; i++)
		words.emplace(i, "a text that is too long to be kept in the string itself");
	for (const auto &word : words)
		if (memkind_detect_kind(const_cast<char *>(word.second.data())) !=
		    (has_far ? MEMKIND_DAX_KMEM : MEMKIND_REGULAR))
			return 1;
	std::cout << words.size() << " texts in " << (has_far ? "far" : "ordinary") << " memory\n";

	// A vector in a file of up to 32 MiB, which is gone with the last copy of its allocator.
	const libmemkind::pmem::allocator<long> file(argc > 1 ? argv[1] : "/tmp", 32 << 20);
	std::vector<long, libmemkind::pmem::allocator<long>> numbers(100000, file);

	std::iota(numbers.begin(), numbers.end(), 0L);
	sum = std::accumulate(numbers.begin(), numbers.end(), 0L);
	return words.size() != 1000 || sum != 99999L * 100000 / 2;
}
