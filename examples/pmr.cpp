// SPDX-License-Identifier: BSD-2-Clause
/*
 * std::pmr: the type of a container does not say where its memory is, so functions take any.
 *
 *	c++ -std=c++17 pmr.cpp $(pkg-config --cflags --libs memkind)
 */
#include <memkind_ng.hpp>

#include <iostream>
#include <unordered_map>
#include <vector>

using table = std::pmr::unordered_map<int, std::pmr::vector<double>>;

static double total(const table &rows)
{
	double sum = 0;

	for (const auto &row : rows)
		for (double value : row.second)
			sum += value;
	return sum;
}

static void fill(table &rows)
{
	for (int i = 0; i < 100; i++)
		rows.try_emplace(i, 100, 0.5);
}

int main()
{
	const bool has_far = memkind_check_available(MEMKIND_DAX_KMEM_ALL) == 0;
	memkind_ng::memory_resource near(MEMKIND_REGULAR);
	memkind_ng::memory_resource far(has_far ? MEMKIND_DAX_KMEM_ALL : MEMKIND_REGULAR);
	// Many small allocations without a free between them: blocks of the kind, cut up.
	std::pmr::monotonic_buffer_resource pieces(&far);
	table hot(&near), cold(&far), scratch(&pieces);

	for (table *rows : {&hot, &cold, &scratch})
		fill(*rows);
	// The vectors in the table are of the table's memory.
	if (memkind_detect_kind(cold.at(7).data()) != far.kind())
		return 1;
	std::cout << "the cold table is in " << (has_far ? "far" : "ordinary") << " memory\n";
	return total(hot) != 5000 || total(cold) != 5000 || total(scratch) != 5000;
}
