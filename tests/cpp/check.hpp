// SPDX-License-Identifier: BSD-2-Clause
// Checks of the C++ tests: a check that fails prints itself and ends the program.
#ifndef TESTS_CPP_CHECK_HPP
#define TESTS_CPP_CHECK_HPP

#include <cstdio>
#include <cstdlib>

inline void check_that(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	std::fprintf(stderr, "FAIL: %s:%d: %s\n", file, line, what);
	std::exit(1);
}

#define CHECK(...) check_that((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

// Does CALL throw an ERROR? Another exception ends the program.
template <class Error, class Call> bool throws(Call call)
{
	try {
		call();
	} catch (const Error &) {
		return true;
	}
	return false;
}

#endif
