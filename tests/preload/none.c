/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that allocates nothing. */
#include <unistd.h>

int main(void)
{
	return write(STDOUT_FILENO, "main\n", 5) == 5 ? 0 : 1;
}
